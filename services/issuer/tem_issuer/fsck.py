"""What must hold of the issuer's stored state; each fault is one sentence."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from tem import manifest, trust
from tem.databases.database import is_missing, reading
from tem.databases.migrations import metadata_of
from tem.errors import Unavailable
from tem.installation import Installation
from tem.trail import audit, kept_checkpoints
from tem.upkeep.state_digest import ServiceState
from tem_issuer import batch_files, high_water, office_keys, restoring, settings, storage
from tem_issuer.domain import Batch, BatchState
from tem_issuer.high_water_rules import Mark, first_after
from tem_issuer.history import HISTORIES
from tem_issuer.settings import Settings
from tem_issuer.store import open_store, opened_store


def check(installation: Installation) -> Iterator[str]:
    """Every fault found: numbers, manifests, files on disk, audit chain."""
    config = settings.read(os.environ, installation)
    if is_missing(config.database_url):
        yield "its database is missing: restore it from a backup"
        return
    try:
        trusted = trust.load(installation.trust_file)
    except (OSError, ValueError, KeyError) as error:
        yield f"the list of trusted keys cannot be read: {error}"
        return
    mark = _mark(config)  # before the database: what the mark knows must be there
    with opened_store(config) as engine, reading(engine) as connection:
        yield from audit.faults(connection)
        yield from kept_checkpoints.own_faults(connection, installation, "issuer")
        yield from _high_water(connection, config, mark)
        for stranger in office_keys.strangers(config, trusted):
            yield f"{stranger.name} is the private part of no key that trust.json names"
        yield from _numbers(connection, config)
        after = 0
        while page := storage.list_batches(connection, after, 200):
            for batch in page:
                yield from _batch(connection, config, trusted, batch)
            after = page[-1].number


def state(env: Mapping[str, str], installation: Installation) -> ServiceState:
    """Where these settings say the issuer's state is, and in which tables."""
    config = settings.read(env, installation)
    metadata = metadata_of(HISTORIES)
    return ServiceState("issuer", config.database_url, metadata, partial(open_store, config))


def manifests(installation: Installation) -> dict[int, str] | None:
    """SHA-256 of each released batch's manifest; None where the database is elsewhere.

    Empty for a batch that a restore the office accepted has made us forget.
    """
    config = settings.read(os.environ, installation)
    if is_missing(config.database_url):
        return None
    with opened_store(config) as engine, reading(engine) as connection:
        found = storage.manifest_texts(connection)
        forgotten = list(restoring.forgotten(connection))
    known = {number: hashlib.sha256(text.encode()).hexdigest() for number, text in found}
    return dict.fromkeys(forgotten, "") | known


def _mark(config: Settings) -> Mark | Unavailable | None:
    """The high-water mark, or why it cannot be read, or None if there is none."""
    try:
        return high_water.find(config.high_water)
    except Unavailable as refused:
        return refused


def _high_water(
    connection: Connection, config: Settings, mark: Mark | Unavailable | None
) -> Iterator[str]:
    """The database knows every number that the mark kept apart from it knows."""
    try:
        if isinstance(mark, Unavailable):
            raise mark
        if mark is not None:
            restoring.compare(connection, config, mark)
        elif storage.has_high_water(connection):
            high_water.required(config.high_water)
    except Unavailable as refused:
        yield refused.detail


def _numbers(connection: Connection, config: Settings) -> Iterator[str]:
    """Numbers are taken in a row but for those the trail explains; the counter stands behind."""
    explained = restoring.passed_over(connection)
    expected, after = config.first_number, 0
    while page := storage.list_batches(connection, after, 500):
        for batch in page:
            if any(first <= batch.number <= last for first, last in explained):
                yield f"batch {batch.number} is here, but its number was passed over"
            expected = first_after(expected, explained)
            if batch.number != expected:
                yield f"batch {expected} is missing: the next one is {batch.number}"
            expected = batch.number + 1
        after = page[-1].number
    expected = first_after(expected, explained)
    counter = storage.counter(connection)
    if counter is not None and counter != expected:
        yield f"the counter says {counter}, but the next number should be {expected}"


def _batch(
    connection: Connection, config: Settings, trusted: trust.Trust, batch: Batch
) -> Iterator[str]:
    name = f"batch {batch.number}"
    acts = {e.action for e in audit.entries(connection, object=f"batch:{batch.number}")}
    if "batch.reserved" not in acts:
        yield f"{name} has no audit entry of its reservation"
    if batch.state != BatchState.RELEASED:
        if batch.manifest or batch.signature:
            yield f"{name} is {batch.state} but has a manifest"
        return
    if not {"batch.signing", "batch.released"} <= acts:
        yield f"{name} is released without audit entries of signing and release"
    yield from _released(config, trusted, batch)


def _released(config: Settings, trusted: trust.Trust, batch: Batch) -> Iterator[str]:
    """The manifest is vouched for, and the files on disk are those it describes."""
    name = f"batch {batch.number}"
    try:
        made = trusted.accept(batch.manifest or "", batch.signature or b"")
    except manifest.ManifestRefused as error:
        yield f"the manifest of {name} is refused: {error.detail}"
        return
    if (made.batch, made.quantity, made.last_index) != (
        batch.number,
        batch.quantity,
        batch.last_index,
    ):
        yield f"the manifest of {name} describes another batch"
    codes, wrapped, hashes = batch_files.paths(config, batch.number, batch.attempt)
    kept = [path.exists() for path in (codes, wrapped)]
    if batch.printed_at is not None and any(kept):
        yield f"{name} was printed, but its codes are not destroyed"
    if batch.printed_at is None and any(kept) and not all(kept):
        yield f"{name} has only one of its codes and the key to them"
    expected = [(hashes, made.hashes_sha256)]
    if batch.printed_at is None and all(kept):
        expected.append((codes, made.code_file_sha256))
    for path, digest in expected:
        if not path.exists():
            yield f"{path.name} of {name} is missing"
        elif _sha256(path) != digest:
            yield f"{path.name} of {name} is not the file its manifest describes"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for block in batch_files.blocks(path):
        digest.update(block)
    return digest.hexdigest()
