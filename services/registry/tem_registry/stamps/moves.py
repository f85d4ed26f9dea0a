"""Which stamps may move from one state to another, and the code that says why not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tem.vocabulary import StampState
from tem_registry.intervals import Interval

Codes = Mapping[StampState, str]
# What a stamp is while it may still be activated.
USABLE = (StampState.ISSUED, StampState.DELIVERED)

# What an act on a range may not touch, and the code that says why. (A hand-over takes whatever
# is issued.) To ``issued`` leads a return to the office.
MOVES: dict[StampState, Codes] = {
    StampState.ISSUED: {
        StampState.ISSUED: "not_delivered",
        StampState.ACTIVATED: "already_activated",
        StampState.VOID: "void",
        StampState.REVOKED: "revoked",
    },
    StampState.ACTIVATED: {
        StampState.ISSUED: "not_delivered",
        StampState.ACTIVATED: "already_activated",
        StampState.VOID: "void",
        StampState.REVOKED: "revoked",
    },
    StampState.VOID: {StampState.VOID: "already_void", StampState.REVOKED: "revoked"},
    StampState.REVOKED: {StampState.VOID: "void", StampState.REVOKED: "already_revoked"},
}
# What a producer cannot report as damaged, misprinted, lost or stolen.
NOT_REPORTABLE: Codes = {StampState.ISSUED: "not_delivered", **MOVES[StampState.VOID]}
# What a print run cannot name as spoiled: it has left the office, or has ended.
NOT_SPOILABLE: Codes = {
    StampState.DELIVERED: "already_delivered",
    StampState.ACTIVATED: "already_activated",
    **MOVES[StampState.VOID],
}
# What is tied to no lot, so that no activation of it can have been wrong.
NOT_CORRECTABLE: Codes = {
    StampState.ISSUED: "not_activated",
    StampState.DELIVERED: "not_activated",
    StampState.VOID: "void",
    StampState.REVOKED: "revoked",
}


@dataclass(frozen=True, slots=True)
class RangeRefusal:
    """A part of a range that an act may not touch, and the stable reason."""

    first: int
    last: int
    state: StampState
    code: str


def refusals(parts: Iterable[Interval], codes: Codes) -> list[RangeRefusal]:
    """The parts whose state has a code."""
    return [
        RangeRefusal(part.first, part.last, part.state, codes[part.state])
        for part in parts
        if part.state in codes
    ]


def range_refusals(parts: Iterable[Interval], to: StampState) -> list[RangeRefusal]:
    """The parts that may not move to a state (``docs/life-of-a-stamp.md``)."""
    return refusals(parts, MOVES[to])
