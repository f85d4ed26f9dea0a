"""What must hold of the registry's stored state; each fault is one sentence."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from tem import trust
from tem.clock import system_clock
from tem.databases.database import is_missing, reading
from tem.databases.migrations import metadata_of
from tem.installation import Installation
from tem.trail import audit, kept_checkpoints
from tem.upkeep.state_digest import ServiceState
from tem_registry import settings, tables
from tem_registry.fsck import (
    fsck_catalogue,
    fsck_certificates,
    fsck_images,
    fsck_lots,
    fsck_owners,
    fsck_pages,
    fsck_published,
    fsck_requests,
    fsck_stamps,
)
from tem_registry.history import HISTORIES
from tem_registry.packs import kept_packs
from tem_registry.store import open_store


def check(installation: Installation) -> Iterator[str]:
    """Every fault found: ranges, lots, orders, what is published, audit chain."""
    config = settings.read(os.environ, installation)
    if is_missing(config.database_url):
        yield "its database is missing: restore it from a backup"
        return
    engine = open_store(config)
    try:
        with reading(engine) as connection:
            yield from kept_checkpoints.kept_faults(
                connection, config.audit_key_file, config.checkpoints, "registry"
            )
            yield from faults(connection, trust.load(config.trust_file), system_clock())
    finally:
        engine.dispose()


def state(env: Mapping[str, str], installation: Installation) -> ServiceState:
    """Where these settings say the registry's state is, and in which tables."""
    config = settings.read(env, installation)
    metadata = metadata_of(HISTORIES)
    return ServiceState("registry", config.database_url, metadata, partial(open_store, config))


def manifests(installation: Installation) -> dict[int, str] | None:
    """SHA-256 of the manifest of each batch on record; None where the database is elsewhere."""
    config = settings.read(os.environ, installation)
    if is_missing(config.database_url):
        return None
    engine = open_store(config)
    c = tables.stamp_batch.c
    query = select(c.number, c.manifest).execution_options(yield_per=fsck_pages.AT_ONCE)
    with reading(engine) as connection:
        found = {
            row.number: hashlib.sha256(row.manifest.encode()).hexdigest()
            for row in connection.execute(query)
        }
    engine.dispose()
    return found


def faults(connection: Connection, trusted: trust.Trust, now: datetime) -> Iterator[str]:
    """Every fault of a registry's database at an instant."""
    yield from audit.faults(connection)
    yield from fsck_owners.owners(connection)
    yield from fsck_owners.approvals(connection)
    yield from fsck_catalogue.records(connection)
    yield from fsck_stamps.orders(connection)
    yield from fsck_stamps.orders_as_asked(connection)
    yield from fsck_stamps.batches(connection)
    yield from fsck_certificates.withdrawn(connection)
    yield from fsck_stamps.lots(connection, now)
    yield from fsck_stamps.void_reports(connection)
    yield from fsck_requests.correction_requests(connection)
    yield from fsck_lots.records(connection)
    yield from fsck_published.batches(connection, trusted)
    yield from fsck_published.cards_of_record(connection, now)
    yield from fsck_published.changes(connection)
    yield from fsck_published.events(connection)
    yield from kept_packs.faults(connection, trusted)
    yield from fsck_images.files(connection)
    yield from fsck_images.images(connection)
