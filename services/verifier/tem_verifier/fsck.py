"""What must hold of the verifier's own memory; each fault is one sentence."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import partial

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from tem.databases import published
from tem.databases.database import open_published, reading
from tem.databases.migrations import metadata_of
from tem.installation import Installation
from tem.trail import audit, kept_checkpoints
from tem.upkeep.state_digest import ServiceState
from tem_verifier import settings, storage
from tem_verifier.history import HISTORIES
from tem_verifier.retail import faults as sale_faults
from tem_verifier.store import open_store


def check(installation: Installation) -> Iterator[str]:
    """Every fault found: position, final manifests, audit chain, sales."""
    config = settings.read(os.environ, installation)
    store = open_store(config)
    source = open_published(config.published_url, published.TABLE_NAMES)
    try:
        with reading(store) as own:
            yield from audit.faults(own)
            yield from kept_checkpoints.own_faults(own, installation, "verifier")
            yield from sale_faults.faults(own)
            with reading(source) as registry:
                yield from _position(own, registry)
                yield from _manifests(own, registry)
    except SQLAlchemyError as error:
        yield f"the published tables cannot be read: {type(error).__name__}"
    finally:
        store.dispose()
        source.dispose()


def state(env: Mapping[str, str], installation: Installation) -> ServiceState:
    """Where these settings say the verifier's state is, and in which tables."""
    config = settings.read(env, installation)
    metadata = metadata_of(HISTORIES)
    return ServiceState("verifier", config.database_url, metadata, partial(open_store, config))


def _position(own: Connection, registry: Connection) -> Iterator[str]:
    known, found = storage.position(own), published.position(registry)
    if found is None:
        yield "the published tables have no position"
    elif known.epoch is not None and (found[0] != known.epoch or found[1] < known.change):
        yield f"the registry stands at {found[1]}, but {known.change} was read before"
    elif known.went_back:
        yield "the registry went back, and nobody has decided about it yet"


def _manifests(own: Connection, registry: Connection) -> Iterator[str]:
    m, b = storage.manifest_table.c, published.batch.c
    final = {row.batch: row.digest for row in own.execute(select(m.batch, m.digest))}
    for row in registry.execute(select(b.number, b.manifest)):
        found = hashlib.sha256(row.manifest.encode()).hexdigest()
        if final.get(row.number, found) != found:
            yield f"batch {row.number} is published with another manifest than was accepted"
