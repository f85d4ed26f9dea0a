"""What must hold of the registry's stored state; each fault is one sentence."""

import os
from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem import audit, manifest, published, trust
from tem.database import reading
from tem.installation import Installation
from tem.vocabulary import StampState
from tem_registry import cards, settings, stamps, tables
from tem_registry.app import open_store
from tem_registry.intervals import Interval, cover_faults
from tem_registry.publication import card


def check(installation: Installation) -> Iterator[str]:
    """Every fault found (threats: invariants I3, I4, I6, I7, I8)."""
    config = settings.read(os.environ, installation)
    engine = open_store(config)
    trusted = trust.load(installation.trust_file)
    with reading(engine) as connection:
        yield from audit.faults(connection)
        yield from _batches(connection, trusted)
        yield from _lots(connection)
        yield from _cards(connection)
    engine.dispose()


def _batches(connection: Connection, trusted: trust.Trust) -> Iterator[str]:
    after = 0
    while page := stamps.page(connection, after, 200):
        for batch in page:
            found = stamps.intervals(connection, batch.number)
            for fault in cover_faults(found, batch.quantity):
                yield f"the ranges of batch {batch.number}: {fault}"
            yield from _bindings(connection, batch, found)
            yield from _published(connection, trusted, batch.number, found)
        after = page[-1].number


def _bindings(connection: Connection, batch: stamps.Batch, found: list[Interval]) -> Iterator[str]:
    """Activated stamps have a lot of their own product; waiting ones have none."""
    c = tables.lot.c
    for one in found:
        where = f"stamps {one.first}..{one.last} of batch {batch.number}"
        waiting = one.state in (StampState.ISSUED, StampState.DELIVERED)
        if (one.state is StampState.ACTIVATED and one.lot_id is None) or (
            waiting and one.lot_id is not None
        ):
            yield f"{where} are {one.state}, but their lot is {one.lot_id}"
        if one.lot_id is not None:
            product = connection.execute(select(c.product_id).where(c.id == one.lot_id)).scalar()
            if product != batch.product_id:
                yield f"{where} are tied to a lot of another product"


def _published(
    connection: Connection, trusted: trust.Trust, number: int, found: list[Interval]
) -> Iterator[str]:
    """What is published is what is on record, and what the office vouched for."""
    i, b = published.interval.c, published.batch.c
    rows = connection.execute(
        select(i.first, i.last, i.state, i.lot_id).where(i.batch == number).order_by(i.first)
    ).all()
    if [tuple(row) for row in rows] != [(o.first, o.last, str(o.state), o.lot_id) for o in found]:
        yield f"the published ranges of batch {number} are not those on record"
    made = connection.execute(select(b.manifest, b.signature).where(b.number == number)).first()
    if made is None:
        yield f"batch {number} is not published"
        return
    try:
        if trusted.accept(made.manifest, made.signature).batch != number:
            yield f"the manifest of batch {number} is another batch's"
    except manifest.ManifestRefused as error:
        yield f"the manifest of batch {number} is refused: {error.detail}"


def _lots(connection: Connection) -> Iterator[str]:
    """No lot has more stamps than units."""
    c, i = tables.lot.c, tables.stamp_interval.c
    sums: dict[str, int] = {}
    for row in connection.execute(select(i.lot_id, i.first, i.last).where(i.lot_id.is_not(None))):
        sums[row.lot_id] = sums.get(row.lot_id, 0) + row.last - row.first + 1
    for id, units in connection.execute(select(c.id, c.quantity)).tuples():
        if sums.get(id, 0) > units:
            yield f"lot {id} has {sums[id]} stamps for {units} units"


def _cards(connection: Connection) -> Iterator[str]:
    """Published cards say what a fresh look at the record would say."""
    made = {"producer": cards.producer, "product": cards.product, "lot": cards.lot}
    c = published.card.c
    for row in connection.execute(select(c.kind, c.id).where(c.kind.in_(made))).all():
        if card(connection, row.kind, row.id) != made[row.kind](connection, row.id):
            yield f"the published card of {row.kind} {row.id} is out of date"
