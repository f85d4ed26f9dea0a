"""The packs that the registry published: which is the newest, and the bytes of a frame."""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from tem.databases import published
from tem.databases.database import reading
from tem.errors import Unavailable
from tem_verifier.view import Position

p, piece = published.pack.c, published.pack_piece.c


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest full frame and the newest delta made against it, by their sequence."""

    full: int
    delta: int | None


class PublishedPacks:
    """Reads them; the frames that are handed out at present are kept in memory."""

    def __init__(self, source: Engine) -> None:
        self._source = source
        self._kept: dict[int, bytes] = {}  # replaced, never altered

    def newest(self, known: Position | None) -> Newest:
        """What to hand out. Raises Unavailable while there is none, or while the record is not
        the one that look-ups answer by: it would take tills back."""
        try:
            with reading(self._source) as connection:
                found = published.position(connection)
                full = select(p.sequence).where(p.base.is_(None)).order_by(p.sequence.desc())
                first = connection.execute(full.limit(1)).scalar()
                delta = select(p.sequence).where(p.base == first).order_by(p.sequence.desc())
                second = connection.execute(delta.limit(1)).scalar()
        except SQLAlchemyError as error:
            raise _unreadable() from error
        if known is None or found is None or found[0] != known.epoch or found[1] < known.change:
            raise Unavailable(
                "record_in_doubt",
                "The record was replaced and is being checked: keep the pack you have and ask "
                "again in a minute.",
            )
        if first is None:
            raise Unavailable(
                "no_pack_yet",
                "The registry has made no pack yet: ask again in a minute. If that does not help, "
                "its operator asks `tem issuer pack-key show`.",
            )
        return Newest(first, second)

    def frame(self, sequence: int) -> bytes | None:
        """A frame; None if it is not there (any more). Raises Unavailable."""
        if sequence in self._kept:
            return self._kept[sequence]
        query = select(piece.content).where(piece.sequence == sequence).order_by(piece.piece)
        try:
            with reading(self._source) as connection:
                size = connection.execute(select(p.size).where(p.sequence == sequence)).scalar()
                content = b"".join(bytes(one) for one in connection.execute(query).scalars())
        except SQLAlchemyError as error:
            raise _unreadable() from error
        # On a replica a pack's row may be there before its last piece.
        return content if size is not None and len(content) == size else None

    def frames(self, newest: Newest) -> list[bytes]:
        """The full frame and, if there is one, the delta. Raises Unavailable."""
        wanted = [one for one in (newest.full, newest.delta) if one is not None]
        found = {sequence: self.frame(sequence) for sequence in wanted}
        whole = {sequence: content for sequence, content in found.items() if content is not None}
        if len(whole) != len(wanted):
            raise _unreadable()
        self._kept = whole
        return list(whole.values())


def _unreadable() -> Unavailable:
    return Unavailable("pack_unavailable", "The pack cannot be read now: ask again in a moment.")
