"""Locks on PostgreSQL that acts must not take: two acts would wait for each other for ever."""

from contextlib import closing

import pytest
from sqlalchemy import text, update
from tests.registry.records import Register

from tem_registry import tables

ON_POSTGRESQL = pytest.mark.parametrize("bare", ["postgresql"], indirect=True)


@ON_POSTGRESQL
def test_a_purge_does_not_keep_others_from_naming_the_lot(register: Register) -> None:
    """While a purge has taken a lot's code away, ranges tied to it can be written elsewhere: a
    withdrawal that holds the publication the purge waits for need not wait for the purge."""
    register.batch(1, 10)
    register.lot("L1")
    register.activate("L1", 1, 1, 5)
    with register.write() as purging:
        purging.execute(update(tables.lot).where(tables.lot.c.id == "L1").values(lot_code=None))
        with closing(register.engine.connect()) as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            other.execute(update(tables.stamp_interval).values(reason="x", lot_id="L1"))
            other.execute(
                tables.activation.insert().values(
                    lot_id="L1",
                    batch=1,
                    first=6,
                    last=6,
                    activated_at=register.clock(),
                    actor="x",
                )
            )
            other.rollback()
