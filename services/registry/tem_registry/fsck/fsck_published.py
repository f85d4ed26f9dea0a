"""What must hold of the published tables: they say what is on record, and nothing else."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, or_, select

from tem import manifest, trust
from tem.databases import published
from tem_registry import tables
from tem_registry.catalogue import cards
from tem_registry.fsck import fsck_pages
from tem_registry.lots import lot_cards
from tem_registry.publication import card
from tem_registry.stamps import stamps


def batches(connection: Connection, trusted: trust.Trust) -> Iterator[str]:
    """Batches and ranges are published as they are on record, and no others."""
    for page in fsck_pages.batches(connection):
        yield from _ranges(connection, page)
        kept = _manifests(connection, tables.stamp_batch, page)
        shown = _manifests(connection, published.batch, page)
        for batch in page:
            yield from _batch(
                connection, trusted, batch, kept[batch.number], shown.get(batch.number)
            )
    p, i, b = published.batch.c, published.interval.c, tables.stamp_batch.c
    for number in (p.number, i.batch):
        unknown = select(number).distinct().where(number.not_in(select(b.number)))
        for row in connection.execute(unknown):
            yield f"batch {row[0]} is published, but not on record"


def _ranges(connection: Connection, page: fsck_pages.Page) -> Iterator[str]:
    """What is published is what is on record."""
    i = published.interval.c
    columns = (i.batch, i.first, i.last, i.state, i.lot_id, i.revoked_on)
    query = select(*columns).order_by(i.batch, i.first)
    shown = fsck_pages.of_batches(
        connection, query, published.interval, page, lambda row: tuple(row)[1:]
    )
    recorded = fsck_pages.intervals(connection, page)
    for batch in page:
        kept = [
            (o.first, o.last, str(o.state), o.lot_id, o.revoked_on and o.revoked_on.isoformat())
            for o in recorded.get(batch.number, [])
        ]
        if shown.get(batch.number, []) != kept:
            yield f"the published ranges of batch {batch.number} are not those on record"


def _manifests(connection: Connection, table: Table, page: fsck_pages.Page) -> dict[int, Row[Any]]:
    """What a table of batches says of a page: manifest, signature, product and producer."""
    c = table.c
    columns: tuple[Any, ...] = (c.manifest, c.signature, c.product_id, c.producer_id)
    query = select(c.number, *columns)
    within = c.number.between(page[0].number, page[-1].number)
    return {row.number: row for row in connection.execute(query.where(within))}


def _batch(
    connection: Connection,
    trusted: trust.Trust,
    batch: stamps.Batch,
    kept: Row[Any],
    shown: Row[Any] | None,
) -> Iterator[str]:
    """The office vouched for the batch on record, as published and with these fingerprints."""
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


def cards_of_record(connection: Connection, now: datetime) -> Iterator[str]:
    """Published cards say what a fresh look at the record would say, and none is missing."""
    yield from _cards(connection, "producer", tables.producer, cards.producer)
    yield from _cards(connection, "product", tables.product, cards.product)
    yield from _cards(connection, "pos", tables.point_of_sale, cards.point_of_sale)
    yield from _cards_of_lots(connection, now)


def _cards(
    connection: Connection, kind: str, table: Table, make: Callable[[Connection, str], cards.Card]
) -> Iterator[str]:
    known = set(connection.execute(select(table.c.id)).scalars())
    shown = _shown(connection, kind)
    for id in sorted(known - shown):
        yield f"the published card of {kind} {id} is missing"
    for id in sorted(shown - known):
        yield f"the published card of {kind} {id} is of nothing on record"
    for id in sorted(shown & known):
        if card(connection, kind, id) != make(connection, id):
            yield f"the published card of {kind} {id} is out of date"


def _cards_of_lots(connection: Connection, now: datetime) -> Iterator[str]:
    """Each lot that a stamp or a recall leads to has its card: the right one at this instant, or
    the full one of a lot that is still to be forgotten. A lot nothing leads to may keep its."""
    lot, tied = tables.lot.c.id, select(tables.stamp_interval.c.lot_id)
    needed = or_(lot.in_(tied), lot.in_(select(tables.recall.c.lot_id)))
    shown = _shown(connection, "lot")
    for id in sorted(set(connection.execute(select(lot).where(needed)).scalars()) - shown):
        yield f"the published card of lot {id} is missing"
    for id in sorted(shown - set(connection.execute(select(lot)).scalars())):
        yield f"the published card of lot {id} is of nothing on record"
    for page in fsck_pages.lots(connection):
        facts, bodies = lot_cards.facts(connection, page), _bodies(connection, "lot", page)
        for id, body in bodies.items():
            right = (lot_cards.right(facts[id], now), lot_cards.full(facts[id]))
            if json.loads(body) not in right:
                yield f"the published card of lot {id} is out of date"


def _bodies(connection: Connection, kind: str, ids: Sequence[str]) -> dict[str, str]:
    c = published.card.c
    query = select(c.id, c.body).where(c.kind == kind, c.id.in_(ids)).order_by(c.id)
    return {row.id: row.body for row in connection.execute(query)}


def _shown(connection: Connection, kind: str) -> set[str]:
    c = published.card.c
    return set(connection.execute(select(c.id).where(c.kind == kind)).scalars())


def changes(connection: Connection) -> Iterator[str]:
    """No row was published under a change number that is still to come."""
    position = published.position(connection)
    latest = position[1] if position else 0
    for table in (published.batch, published.interval, published.card, published.event):
        newest = connection.execute(select(func.max(table.c.change))).scalar()
        if newest is not None and newest > latest:
            yield f"{table.name} holds change {newest}, but the last one is {latest}"


def events(connection: Connection) -> Iterator[str]:
    """The log that tills follow is numbered from 1 without gaps."""
    c = published.event.c
    count, last = connection.execute(select(func.count(), func.max(c.seq))).one()
    if count != (last or 0):
        yield f"published_event has {count} entries, but the last one is {last}"
