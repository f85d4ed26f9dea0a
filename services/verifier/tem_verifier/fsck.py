"""What must hold of the verifier's own memory; each fault is one sentence."""

import os
from collections.abc import Iterator

from sqlalchemy import select

from tem import audit, published
from tem.database import open_published, reading
from tem.installation import Installation
from tem.manifest import digest
from tem_verifier import settings, storage
from tem_verifier.app import open_store


def check(installation: Installation) -> Iterator[str]:
    """Every fault found (threats: T6, invariants I7, I11)."""
    config = settings.read(os.environ, installation)
    store = open_store(config)
    source = open_published(config.published_url, published.TABLE_NAMES)
    with reading(store) as own, reading(source) as registry:
        yield from audit.faults(own)
        known, found = storage.position(own), published.position(registry)
        if known and (found is None or found[0] != known[0] or found[1] < known[1]):
            yield f"the registry stands at {found and found[:2]}, but {known} was read before"
        m, b = storage.manifest_table.c, published.batch.c
        final = {row.batch: row.digest for row in own.execute(select(m.batch, m.digest))}
        for row in registry.execute(select(b.number, b.manifest)):
            if final.get(row.number, digest(row.manifest)) != digest(row.manifest):
                yield f"batch {row.number} is published with another manifest than was accepted"
    store.dispose()
    source.dispose()
