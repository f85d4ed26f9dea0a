"""A batch as a bar: which parts are in which state; numbers in, places in percent out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LEAST = 0.2  # percent: a single void stamp of a hundred thousand is still to be seen
_STEP = 0.2  # percent: what begins at the same place and looks the same is drawn once


@dataclass(frozen=True, slots=True)
class Piece:
    """Stamps side by side in one state, from ``x`` percent, ``width`` percent wide."""

    state: str
    x: float
    width: float


def pieces(ranges: Sequence[dict[str, Any]], quantity: int) -> list[Piece]:
    """The bar of a batch of ``quantity`` stamps; its narrow parts come last, on top."""
    found: dict[tuple[int, str], Piece] = {}
    for first, last, state in _joined(ranges):
        share = (last - first + 1) * 100 / quantity
        width = max(share, _LEAST)
        x = min((first - 1) * 100 / quantity, 100 - width)
        place = (int(x / _STEP), state)
        if place not in found or found[place].width < width:
            found[place] = Piece(state, round(x, 3), round(width, 3))
    return sorted(found.values(), key=lambda piece: piece.width, reverse=True)


def _joined(ranges: Sequence[dict[str, Any]]) -> list[tuple[int, int, str]]:
    """Neighbours in the same state as one, whatever their lots."""
    out: list[tuple[int, int, str]] = []
    for one in ranges:
        if out and out[-1][2] == one["state"] and out[-1][1] + 1 == one["first"]:
            out[-1] = (out[-1][0], one["last"], one["state"])
        else:
            out.append((one["first"], one["last"], one["state"]))
    return out
