"""Which stamps may move from one state to another, and the code that says why not. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from tem.vocabulary import StampState
from tem_registry.intervals import Interval

# What an act on a range may not touch, and the code that says why. (A batch is delivered whole.)
MOVES: dict[StampState, dict[StampState, str]] = {
    StampState.ACTIVATED: {
        StampState.ISSUED: "not_delivered",
        StampState.ACTIVATED: "already_activated",
        StampState.VOID: "void",
        StampState.REVOKED: "revoked",
    },
    StampState.VOID: {StampState.VOID: "already_void", StampState.REVOKED: "revoked"},
    StampState.REVOKED: {StampState.VOID: "void", StampState.REVOKED: "already_revoked"},
}


@dataclass(frozen=True, slots=True)
class RangeRefusal:
    """A part of a range that an act may not touch, and the stable reason."""

    first: int
    last: int
    state: StampState
    code: str


def range_refusals(parts: Iterable[Interval], to: StampState) -> list[RangeRefusal]:
    """The parts that may not move to a state (``docs/life-of-a-stamp.md``)."""
    refused = MOVES[to]
    return [
        RangeRefusal(part.first, part.last, part.state, refused[part.state])
        for part in parts
        if part.state in refused
    ]
