"""What must hold of the registry's stored state; each fault is one sentence."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection, func, or_, select

from tem import audit, manifest, published, trust
from tem.database import is_missing, reading
from tem.dates import info_expires_on
from tem.installation import Installation
from tem.vocabulary import StampState
from tem_registry import cards, settings, stamps, tables
from tem_registry.app import open_store
from tem_registry.intervals import Interval, cover_faults
from tem_registry.publication import card

Tied = tuple[int, int, str]


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
    yield from _orders(connection)
    yield from _batches(connection, trusted)
    yield from _lots(connection)
    yield from _cards(connection)
    yield from _changes(connection)


def _orders(connection: Connection) -> Iterator[str]:
    """Somebody approved what was issued; an order that was issued has its batch, and only one."""
    o, b = tables.stamp_order.c, tables.stamp_batch.c
    approved = set(connection.execute(select(tables.approval.c.order_id)).scalars())
    ledger = tables.import_ledger.c
    taken_over = select(ledger.id).where(ledger.kind == "stamp_batch")
    approved |= set(connection.execute(taken_over).scalars())
    issued = {
        row.order_id: (row.number, row.product_id, row.producer_id, row.quantity)
        for row in connection.execute(
            select(b.order_id, b.number, b.product_id, b.producer_id, b.quantity)
        )
    }
    rows = select(o.id, o.state, o.batch, o.product_id, o.producer_id, o.quantity)
    for row in connection.execute(rows):
        ordered = (row.batch, row.product_id, row.producer_id, row.quantity)
        if row.state not in ("requested", "failed") and row.id not in approved:
            yield f"order {row.id} is {row.state}, but nobody has approved it"
        if row.state in ("issued", "delivered"):
            if issued.get(row.id) != ordered:
                yield f"order {row.id} is {row.state}, but no batch on record is what it ordered"
        elif row.id in issued:
            yield f"order {row.id} is {row.state}, but its batch is on record"


def _batches(connection: Connection, trusted: trust.Trust) -> Iterator[str]:
    after = 0
    while page := stamps.page(connection, after, 200):
        for batch in page:
            found = stamps.intervals(connection, batch.number)
            for fault in cover_faults(found, batch.quantity):
                yield f"the ranges of batch {batch.number}: {fault}"
            yield from _bindings(connection, batch, found)
            yield from _activations(connection, batch, found)
            yield from _published_ranges(connection, batch, found)
            yield from _published_batch(connection, trusted, batch)
        after = page[-1].number
    p, i, b = published.batch.c, published.interval.c, tables.stamp_batch.c
    for number in (p.number, i.batch):
        unknown = select(number).distinct().where(number.not_in(select(b.number)))
        for row in connection.execute(unknown):
            yield f"batch {row[0]} is published, but not on record"


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
        if waiting and (one.state is StampState.DELIVERED) is not (batch.delivered_on is not None):
            yield f"{where} are {one.state}, but the batch was delivered on {batch.delivered_on}"
        if (one.state is StampState.REVOKED) is not (one.revoked_on is not None):
            yield f"{where} are {one.state}, but were revoked on {one.revoked_on}"
        if one.lot_id is not None:
            product = connection.execute(select(c.product_id).where(c.id == one.lot_id)).scalar()
            if product != batch.product_id:
                yield f"{where} are tied to a lot of another product"


def _activations(
    connection: Connection, batch: stamps.Batch, found: list[Interval]
) -> Iterator[str]:
    """What is tied to a lot was activated once, for that lot, and stays tied to it."""
    c = tables.activation.c
    done = connection.execute(
        select(c.first, c.last, c.lot_id).where(c.batch == batch.number).order_by(c.first)
    )
    tied = ((one.first, one.last, one.lot_id) for one in found if one.lot_id is not None)
    if _merged(done) != _merged(tied):
        yield f"the lots of batch {batch.number} are not those its activations gave"


def _merged(ranges: Iterable[Tied]) -> list[Tied]:
    """Neighbours of one lot as one; an overlap stays to be seen."""
    out: list[Tied] = []
    for first, last, lot in ranges:
        if out and out[-1][1] + 1 == first and out[-1][2] == lot:
            out[-1] = (out[-1][0], last, lot)
        else:
            out.append((first, last, lot))
    return out


def _published_ranges(
    connection: Connection, batch: stamps.Batch, found: list[Interval]
) -> Iterator[str]:
    """What is published is what is on record."""
    i = published.interval.c
    rows = connection.execute(
        select(i.first, i.last, i.state, i.lot_id, i.revoked_on)
        .where(i.batch == batch.number)
        .order_by(i.first)
    ).all()
    recorded = [
        (o.first, o.last, str(o.state), o.lot_id, o.revoked_on and o.revoked_on.isoformat())
        for o in found
    ]
    if [tuple(row) for row in rows] != recorded:
        yield f"the published ranges of batch {batch.number} are not those on record"


def _published_batch(
    connection: Connection, trusted: trust.Trust, batch: stamps.Batch
) -> Iterator[str]:
    """The office vouched for the batch on record, as published and with these fingerprints."""
    c, p = tables.stamp_batch.c, published.batch.c
    kept = connection.execute(
        select(c.manifest, c.signature, c.product_id, c.producer_id).where(c.number == batch.number)
    ).one()
    shown = connection.execute(
        select(p.manifest, p.signature, p.product_id, p.producer_id).where(p.number == batch.number)
    ).first()
    if shown is None:
        yield f"batch {batch.number} is not published"
    elif tuple(shown) != tuple(kept):
        yield f"batch {batch.number} is published otherwise than it is on record"
    try:
        made = trusted.accept(kept.manifest, kept.signature)
    except manifest.ManifestRefused as error:
        yield f"the manifest of batch {batch.number} is refused: {error.detail}"
        return
    described = (made.batch, made.product, made.producer, made.quantity)
    if described != (batch.number, batch.product_id, batch.producer_id, batch.quantity):
        yield f"the manifest of batch {batch.number} describes another one"
    f, digest = published.fingerprints.c, hashlib.sha256()
    pieces = select(f.content).where(f.batch == batch.number).order_by(f.piece)
    for piece in connection.execute(pieces).scalars():
        digest.update(piece)
    if digest.hexdigest() != made.fingerprints_sha256:
        yield f"the published fingerprints of batch {batch.number} are not those of its manifest"


def _lots(connection: Connection) -> Iterator[str]:
    """A lot has no more stamps than units, one open recall at most, and dates by the rule."""
    c, i, r = tables.lot.c, tables.stamp_interval.c, tables.recall.c
    tied = select(i.lot_id, func.sum(i.last - i.first + 1)).where(i.lot_id.is_not(None))
    sums = {row[0]: row[1] for row in connection.execute(tied.group_by(i.lot_id))}
    opened = select(r.lot_id, func.count()).where(r.lifted_at.is_(None)).group_by(r.lot_id)
    recalls = {row[0]: row[1] for row in connection.execute(opened)}
    columns = (c.id, c.quantity, c.best_before, c.info_expires_on, c.window_ends_on)
    for row in connection.execute(select(*columns)):
        if sums.get(row.id, 0) > row.quantity:
            yield f"lot {row.id} has {sums[row.id]} stamps for {row.quantity} units"
        if recalls.get(row.id, 0) > 1:
            yield f"lot {row.id} has {recalls[row.id]} open recalls"
        until = info_expires_on(row.best_before) if row.best_before else None
        if row.info_expires_on != until or row.window_ends_on != (until or row.window_ends_on):
            yield f"the information of lot {row.id} does not end a month after {row.best_before}"


def _cards(connection: Connection) -> Iterator[str]:
    """Published cards say what a fresh look at the record would say, and none is missing."""
    makers: dict[str, Callable[[Connection, str], cards.Card]] = {
        "producer": cards.producer,
        "product": cards.product,
        "pos": cards.point_of_sale,
        "lot": cards.lot,
    }
    lot, tied = tables.lot.c.id, select(tables.stamp_interval.c.lot_id)
    recalled = select(tables.recall.c.lot_id)
    on_record = {
        "producer": select(tables.producer.c.id),
        "product": select(tables.product.c.id),
        "pos": select(tables.point_of_sale.c.id),
        "lot": select(lot).where(or_(lot.in_(tied), lot.in_(recalled))),
    }
    c = published.card.c
    for kind, make in makers.items():
        shown = set(connection.execute(select(c.id).where(c.kind == kind)).scalars())
        known = set(connection.execute(on_record[kind]).scalars())
        for id in sorted(shown ^ known):
            fault = "is of nothing on record" if id in shown else "is missing"
            yield f"the published card of {kind} {id} {fault}"
        for id in sorted(shown & known):
            if card(connection, kind, id) != make(connection, id):
                yield f"the published card of {kind} {id} is out of date"


def _changes(connection: Connection) -> Iterator[str]:
    """No row was published under a change number that is still to come."""
    position = published.position(connection)
    latest = position[1] if position else 0
    for table in (published.batch, published.interval, published.card):
        newest = connection.execute(select(func.max(table.c.change))).scalar()
        if newest is not None and newest > latest:
            yield f"{table.name} holds change {newest}, but the last one is {latest}"
