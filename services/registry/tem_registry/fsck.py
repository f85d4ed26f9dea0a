"""What must hold of the registry's stored state; each fault is one sentence."""

import os
from collections.abc import Iterator

from sqlalchemy import Connection

from tem import audit, trust
from tem.database import is_missing, reading
from tem.installation import Installation
from tem_registry import fsck_published, fsck_stamps, settings
from tem_registry.app import open_store


def check(installation: Installation) -> Iterator[str]:
    """Every fault found: ranges, lots, orders, what is published, audit chain."""
    config = settings.read(os.environ, installation)
    if is_missing(config.database_url):
        yield "its database is missing: restore it from a backup"
        return
    engine = open_store(config)
    try:
        with reading(engine) as connection:
            yield from faults(connection, trust.load(config.trust_file))
    finally:
        engine.dispose()


def faults(connection: Connection, trusted: trust.Trust) -> Iterator[str]:
    """Every fault of a registry's database."""
    yield from audit.faults(connection)
    yield from fsck_stamps.orders(connection)
    yield from fsck_stamps.batches(connection)
    yield from fsck_stamps.lots(connection)
    yield from fsck_published.batches(connection, trusted)
    yield from fsck_published.cards_of_record(connection)
    yield from fsck_published.changes(connection)
