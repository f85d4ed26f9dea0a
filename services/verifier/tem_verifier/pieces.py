"""Text made once and completed for each stamp: pieces of bytes with holes between them.

Templates carry marks where something is to be put in. What is made of a template is cut at its
marks before any text of others comes near it, so no value can bring a mark of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

from markupsafe import Markup, escape

# Noncharacters of Unicode: no text of others that we show has them (see ``filters.clean``).
_MARK = re.compile("\ufdd0(\\w+)\ufdd1")


class Hole(IntEnum):
    """What differs from stamp to stamp and from one reading of the record to the next."""

    AS_OF = 0  # RFC 3339 in UTC, as JSON and page tell it
    MOMENT = 1  # the same as dd/mm/yyyy HH:MM in Vietnam
    STAMP = 2  # the JSON object {"batch":1,"index":2}
    SERIAL = 3  # batch-index-check, as printed beside the symbol
    CODE = 4  # the 174 digits


Piece = bytes | Hole
Pieces = tuple[Piece, ...]
Shape = tuple[bytes | Hole | str, ...]  # a str names the value that belongs there


class Mark(Markup):
    """A place in a template where something is put in later; made here alone."""


def mark(name: str) -> Mark:
    """The mark of a hole, by its name, or of a value."""
    return Mark(f"\ufdd0{name}\ufdd1")


def cut(html: str) -> Shape:
    """A text cut at its marks."""
    parts = _MARK.split(html)
    texts = [text.encode() for text in parts[::2]]
    names = [Hole.__members__.get(name, name) for name in parts[1::2]]
    woven = [part for pair in zip(texts, names, strict=False) for part in pair]
    return tuple(part for part in (*woven, texts[-1]) if part != b"")


def put(shape: Shape, values: Mapping[str, str]) -> Iterator[Piece]:
    """The pieces of a shape: each value that it names, escaped. Holes stay open."""
    for part in shape:
        yield str(escape(values[part])).encode() if isinstance(part, str) else part


def fill(pieces: Sequence[Piece], holes: Sequence[bytes]) -> bytes:
    """The whole text; ``holes`` holds what goes into each :class:`Hole`, in its order."""
    return b"".join([p if isinstance(p, bytes) else holes[p] for p in pieces])
