"""The packs published: written whole, the newest kept; and what must hold of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from tem import ed25519
from tem.databases import published
from tem.databases.published import PIECE_BYTES
from tem.pack import frames, reader
from tem.pack.refusals import PackRefused, not_certified
from tem.trust import Trust
from tem_registry.packs.pack_trust import as_tills_have_it

FULLS_KEPT = 2  # the newest, and the one that is being fetched while it is replaced
DELTAS_KEPT = 2  # of the newest full one, for the same reason

p, piece = published.pack.c, published.pack_piece.c


@dataclass(frozen=True, slots=True)
class Made:
    """A frame as it is published; ``base`` is None for a full one."""

    sequence: int
    base: int | None
    change: int
    made_at: datetime
    content: bytes


def following(connection: Connection, now: datetime) -> int:
    """The next sequence: above all before, and above those that a restored copy forgot, because
    it counts seconds."""
    last = connection.execute(select(func.max(p.sequence))).scalar() or 0
    return max(last + 1, int(now.timestamp()))


def newest_full(connection: Connection) -> int | None:
    """The sequence of the full frame that deltas are made against."""
    return connection.execute(select(func.max(p.sequence)).where(p.base.is_(None))).scalar()


def keep(connection: Connection, made: Made) -> None:
    """Publish a frame and delete those that nobody needs any more."""
    connection.execute(
        published.pack.insert().values(
            sequence=made.sequence,
            base=made.base,
            change=made.change,
            made_at=made.made_at,
            size=len(made.content),
        )
    )
    starts = range(0, len(made.content), PIECE_BYTES)
    connection.execute(
        published.pack_piece.insert(),
        [
            {
                "sequence": made.sequence,
                "piece": number,
                "content": made.content[at : at + PIECE_BYTES],
            }
            for number, at in enumerate(starts)
        ],
    )
    kept = _newest(connection)
    connection.execute(delete(published.pack_piece).where(piece.sequence.not_in(kept)))
    connection.execute(delete(published.pack).where(p.sequence.not_in(kept)))


def _newest(connection: Connection) -> list[int]:
    full = select(p.sequence).where(p.base.is_(None)).order_by(p.sequence.desc())
    fulls = list(connection.execute(full.limit(FULLS_KEPT)).scalars())
    of_it = select(p.sequence).where(p.base == fulls[0]).order_by(p.sequence.desc())
    return [*fulls, *connection.execute(of_it.limit(DELTAS_KEPT)).scalars()]


def faults(connection: Connection, believed: Trust) -> Iterator[str]:
    """Packs that are not whole, do not belong together, or that tills with the present trust list
    refuse; each fault is one sentence."""
    rows = connection.execute(select(p.sequence, p.base, p.change, p.size)).all()
    fulls = {row.sequence for row in rows if row.base is None}
    known = {row.sequence for row in rows}
    for row in rows:
        if row.base is not None and (row.base not in fulls or row.base >= row.sequence):
            yield f"pack {row.sequence} is a delta of {row.base}, which is no earlier full pack"
        yield from _faults_of(connection, row.sequence, row.base, row.change, row.size)
    strays = select(piece.sequence).distinct().where(piece.sequence.not_in(known))
    for sequence in connection.execute(strays).scalars():
        yield f"pieces of pack {sequence} lie about without it"
    if rows:
        yield from _refusals_of_newest(connection, believed)


def _faults_of(
    connection: Connection, sequence: int, base: int | None, change: int, size: int
) -> Iterator[str]:
    numbers, content = _pieces(connection, sequence)
    if numbers != list(range(len(numbers))) or len(content) != size:
        yield f"pack {sequence} is not whole: it has {len(content)} of {size} bytes"
        return
    try:
        made = frames.read(content).header
    except PackRefused as refusal:
        yield f"pack {sequence} cannot be read: {refusal.detail}"
        return
    if (made.sequence, made.base, made.change) != (sequence, base, change):
        yield f"pack {sequence} says to be pack {made.sequence} of change {made.change}"


def _pieces(connection: Connection, sequence: int) -> tuple[list[int], bytes]:
    query = select(piece.piece, piece.content).where(piece.sequence == sequence)
    rows = connection.execute(query.order_by(piece.piece)).all()
    return [row.piece for row in rows], b"".join(row.content for row in rows)


def _refusals_of_newest(connection: Connection, believed: Trust) -> Iterator[str]:
    """What a till says to the file that it would get now.

    That its key is vouched for no more is no fault of what is kept: an office key was frozen, and
    the follower's alarm tells what to do (``pack_key_unfit``).
    """
    full = newest_full(connection)
    deltas = select(func.max(p.sequence)).where(p.base == full)
    newest = [one for one in (full, connection.execute(deltas).scalar()) if one is not None]
    file = b"".join(_pieces(connection, sequence)[1] for sequence in newest)
    try:
        reader.open_pack(file, as_tills_have_it(believed), verifies=ed25519.verifies)
    except PackRefused as refusal:
        if refusal.code == not_certified("").code:
            return
        yield f"tills refuse the newest pack ({newest[-1]}): {refusal.detail}"
