"""The published tables read for a pack: all of them, or what changed since a change number."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, func, select, union

from tem.databases import published
from tem.manifest import ManifestRefused, parse
from tem.pack.batch import written
from tem.trust import Trust
from tem_registry.packs.laying import Cards, Laid, Run
from tem_registry.packs.pack_cards import Card

ROWS_AT_ONCE = 5_000
ASKED_AT_ONCE = 500
KINDS = ("product", "producer", "lot")

b, i, c = published.batch.c, published.interval.c, published.card.c
_RUN: tuple[Any, ...] = (i.first, i.last, i.state, i.lot_id, i.revoked_on)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the publication has come: epoch, change number, last event (0: none)."""

    epoch: str
    change: int
    event: int


def position(connection: Connection) -> Position | None:
    """Where it stands; None before the first start of a registry."""
    found = published.position(connection)
    last = connection.execute(select(func.max(published.event.c.seq))).scalar()
    return None if found is None else Position(found[0], found[1], last or 0)


def refused(connection: Connection, believed: Trust, since: int = -1) -> set[int]:
    """Numbers of the batches written after ``since`` whose manifest is not believed at present,
    or was published as another batch."""
    rows = connection.execute(
        _batches().where(b.change > since).execution_options(yield_per=ROWS_AT_ONCE)
    )
    return {row.number for row in rows if not _is_believed(row, believed)}


def _is_believed(row: Any, believed: Trust) -> bool:
    try:
        made = believed.accept(row.manifest, row.signature)
    except ManifestRefused:
        return False
    published_as = (row.number, row.product_id, row.producer_id)
    return (made.batch, made.product, made.producer) == published_as


def all_batches(connection: Connection, but: Collection[int]) -> Iterator[Laid]:
    """Every batch with its runs, by number; ``but`` those whose manifest nobody vouches for, and
    which may therefore be anything."""
    rows = connection.execute(_batches())
    owners = {row.number: row for row in rows if row.number not in but}
    query = select(i.batch, *_RUN).order_by(i.batch, i.first)
    rows = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for number, runs in groupby(rows, key=lambda row: int(row.batch)):
        if number in owners:
            yield _laid(owners.pop(number), runs)
    yield from (_laid(row, ()) for row in owners.values())


def touched(connection: Connection, since: int, but: Collection[int]) -> list[Laid]:
    """The batches of which anything was written after a change; likewise."""
    numbers = union(
        select(b.number).where(b.change > since), select(i.batch).where(i.change > since)
    )
    wanted = sorted(set(connection.execute(numbers).scalars()).difference(but))
    found = []
    for at in range(0, len(wanted), ASKED_AT_ONCE):
        some = wanted[at : at + ASKED_AT_ONCE]
        owners = connection.execute(_batches().where(b.number.in_(some))).all()
        query = select(i.batch, *_RUN).where(i.batch.in_(some)).order_by(i.batch, i.first)
        grouped = groupby(connection.execute(query), key=lambda row: int(row.batch))
        runs: dict[int, list[Any]] = {number: list(rows) for number, rows in grouped}
        found += [_laid(row, runs.get(row.number, ())) for row in owners]
    return found


def _batches() -> Select[Any]:
    columns = (b.number, b.manifest, b.signature, b.product_id, b.producer_id)
    return select(*columns).order_by(b.number)


def _laid(row: Any, runs: Iterable[Any]) -> Laid:
    quantity = parse(row.manifest).quantity
    found = tuple(Run(*one[1:]) for one in runs)
    signed = row.manifest, written(row.signature)
    return Laid(row.number, *signed, quantity, row.product_id, row.producer_id, found)


def cards(connection: Connection, since: int = -1) -> dict[str, dict[str, Card]]:
    """Cards of products, producers and lots written after a change, by kind and id."""
    found: dict[str, dict[str, Card]] = {kind: {} for kind in KINDS}
    query = select(c.kind, c.id, c.body).where(c.kind.in_(KINDS), c.change > since)
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        found[row.kind][row.id] = json.loads(row.body)
    return found


def cards_named(connection: Connection, batches: Collection[Laid], known: Cards) -> Cards:
    """``known``, and the cards that some batches name besides."""
    found = {kind: dict(cards) for kind, cards in known.items()}
    wanted = {
        "product": {one.product_id for one in batches},
        "producer": {one.producer_id for one in batches},
        "lot": {run.lot_id for one in batches for run in one.runs if run.lot_id},
    }
    for kind, ids in wanted.items():
        missing = sorted(ids - found[kind].keys())
        for at in range(0, len(missing), ASKED_AT_ONCE):
            some = missing[at : at + ASKED_AT_ONCE]
            query = select(c.id, c.body).where(c.kind == kind, c.id.in_(some))
            found[kind] |= {row.id: json.loads(row.body) for row in connection.execute(query)}
    return found
