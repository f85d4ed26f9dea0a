"""Making a snapshot: everything that is published, read once, judged, rendered and laid out."""

import hashlib
import secrets
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from tem.databases import published
from tem.manifest import FINGERPRINT_BYTES, Manifest, digest
from tem_verifier.alarms import raise_alarm
from tem_verifier.manifests import Acceptance, pieces
from tem_verifier.rendering import Renderer
from tem_verifier.snapshot.cards import Cards
from tem_verifier.snapshot.drawing import Drawing, Subjects
from tem_verifier.snapshot.fragments import Fragments
from tem_verifier.snapshot.layout import COLD, HOT, NONE, Writer

AT_ONCE = 1000  # batches whose manifests become final in one transaction


@dataclass(frozen=True, slots=True)
class Moment:
    """What the published tables stood at (``as_of``: up to when complete), and when it is now."""

    epoch: str
    change: int
    restores: int
    as_of: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """A batch as published and its manifest, None if we do not believe it."""

    product_id: str
    producer_id: str
    digest: str
    made: Manifest | None


def write(
    path: Path,
    connection: Connection,
    moment: Moment,
    acceptance: Acceptance,
    renderer: Renderer,
    table_bytes: int,
) -> None:
    """Write the file of what ``connection`` sees; ``table_bytes`` of fingerprints at most.

    Manifests become final by it. Raises OSError if there is no room, and removes what it wrote.
    """
    for left in path.parent.glob(f"{path.stem}.*.draft"):  # by one that was killed
        left.unlink(missing_ok=True)
    draft = path.with_suffix(f".{secrets.token_hex(4)}.draft")
    try:
        with closing(Writer(draft)) as to:
            _write(to, connection, moment, acceptance, renderer, table_bytes)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(
    to: Writer,
    connection: Connection,
    moment: Moment,
    acceptance: Acceptance,
    renderer: Renderer,
    table_bytes: int,
) -> None:
    cards, fragments, subjects = Cards(connection), Fragments(), Subjects()
    batches = dict(_batches(connection, acceptance))
    tables = _tables(to, connection, batches, table_bytes)
    bounds = _ranges(to, connection, batches, subjects)
    office_keys = sorted({one.made.office_key_id for one in batches.values() if one.made})
    to.section("numbers", [array("I", batches)])
    hot = (_hot(one, bounds.get(n), tables.get(n, NONE)) for n, one in batches.items())
    to.section("hot", hot)
    to.section("cold", (_cold(one, fragments, office_keys) for one in batches.values()))
    drawing = Drawing(renderer, cards, fragments, moment.now, moment.as_of)
    subjects.write(to, fragments, cards, drawing)
    cards.write(to, fragments)
    fragments.write(to)
    to.finish(
        {
            "epoch": moment.epoch,
            "change": moment.change,
            "restores": moment.restores,
            "made_at": moment.now.timestamp(),
            "rendered_by": renderer.fingerprint,
            "table_bytes": table_bytes,
            "office_keys": office_keys,
        }
    )


def _batches(connection: Connection, acceptance: Acceptance) -> Iterator[tuple[int, Published]]:
    """Every batch in the order of numbers."""
    b = published.batch.c
    columns = (b.number, b.product_id, b.producer_id, b.manifest, b.signature)
    for page in connection.execute(select(*columns).order_by(b.number)).partitions(AT_ONCE):
        judged = acceptance.judge(page)
        for row in page:
            made = judged[row.number]
            name = digest(row.manifest) if made else ""
            yield row.number, Published(row.product_id, row.producer_id, name, made)


def _tables(
    to: Writer, connection: Connection, batches: dict[int, Published], most: int
) -> dict[int, int]:
    """The tables of the youngest batches for which there is room: by batch the place of its first
    entry. A table that is not what its manifest describes is left out, with an alarm."""
    young = sorted(_young(batches, most))
    places: dict[int, int] = {}
    entries = 0

    def each() -> Iterator[bytes]:
        nonlocal entries
        for number in young:
            table = b"".join(pieces(connection, number))
            made = batches[number].made
            assert made is not None
            if hashlib.sha256(table).hexdigest() != made.fingerprints_sha256 or not table:
                raise_alarm("fingerprints_missing", batch=number)
                continue
            places[number] = entries
            entries += len(table) // FINGERPRINT_BYTES
            yield table

    to.section("tables", each())
    return places


def _young(batches: dict[int, Published], most: int) -> Iterator[int]:
    made = [one.made for one in batches.values() if one.made]
    made.sort(key=lambda one: (one.issued_at, one.batch), reverse=True)
    for one in made:
        most -= one.last_index * FINGERPRINT_BYTES
        if most < 0:
            return
        yield one.batch


def _ranges(
    to: Writer, connection: Connection, batches: dict[int, Published], subjects: Subjects
) -> dict[int, tuple[int, int]]:
    """Every batch's ranges, one behind the other: by batch, from where to where. A range is its
    last stamp and its subject; where stamps are missing stands a range without a subject."""
    lasts, of = array("I"), array("I")
    bounds: dict[int, tuple[int, int]] = {}
    for number, rows in groupby(_intervals(connection), key=itemgetter(0)):
        if number not in batches:
            raise_alarm("publication_incomplete", batch=number)
            continue
        owner, begin, covered = batches[number], len(lasts), 0
        for _, first, last, lot, state, revoked_on in rows:
            if first > covered + 1:
                lasts.append(first - 1)
                of.append(NONE)
            lasts.append(last)
            of.append(
                subjects.number((owner.product_id, owner.producer_id, lot, state, revoked_on))
            )
            covered = last
        bounds[number] = (begin, len(lasts))
    to.section("lasts", [lasts])
    to.section("subjects", [of])
    return bounds


def _intervals(connection: Connection) -> Iterator[Any]:
    i = published.interval.c
    columns = (i.batch, i.first, i.last, i.lot_id, i.state, i.revoked_on)
    in_order = select(*columns).order_by(i.batch, i.first)
    yield from connection.execution_options(yield_per=AT_ONCE).execute(in_order)


def _hot(one: Published, bounds: tuple[int, int] | None, table: int) -> bytes:
    begin, end = bounds or (0, 0)
    if one.made is None:
        return HOT.pack(begin, end, NONE, 0, 0, 0)
    return HOT.pack(begin, end, table, one.made.quantity, one.made.last_index, 1)


def _cold(one: Published, fragments: Fragments, office_keys: list[str]) -> bytes:
    owner = (fragments.text(one.product_id), fragments.text(one.producer_id))
    if one.made is None:
        return COLD.pack(*owner, NONE, bytes(32), bytes(32))
    office = office_keys.index(one.made.office_key_id)
    key, name = bytes.fromhex(one.made.public_key), bytes.fromhex(one.digest)
    return COLD.pack(*owner, office, key, name)
