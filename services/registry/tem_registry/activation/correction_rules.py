"""When the activation of stamps may be corrected. Pure.

Domain table of states: ``activated`` goes to another lot or back to ``delivered`` within N days,
later for a written reason. Public scans are not asked for: counts come from a lower trust zone and
decide nothing. So a reason is always asked for, and after N days it must say something.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tem_registry.intervals import Interval
from tem_registry.stamps.bindings import Binding
from tem_registry.stamps.moves import NOT_CORRECTABLE, RangeRefusal, refusals

REASON_LENGTH = 20  # characters that a late correction's reason has at least


@dataclass(frozen=True, slots=True)
class Part:
    """Stamps alike in a range to be corrected; ``bound_on`` is the day they were tied."""

    stamps: Interval
    bound_on: date | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a correction wants, and what stands against it."""

    lot_id: str | None
    reason: str
    day: date
    days: int
    recalled: Collection[str] = ()
    purged: Collection[str] = ()


def parts_of(stamps: Sequence[Interval], bound: Sequence[tuple[Binding, date]]) -> list[Part]:
    """A range cut wherever state, lot or day of the binding changes; both in order."""
    out = []
    days = [(one.first, one.last, day) for one, day in bound if one.lot_id is not None]
    at = 0
    for part in stamps:
        first = part.first
        while first <= part.last:
            while at < len(days) and days[at][1] < first:
                at += 1
            inside = at < len(days) and days[at][0] <= first
            end = days[at][1] if inside else days[at][0] - 1 if at < len(days) else part.last
            last = min(part.last, end)
            cut = Interval(first, last, part.state, part.lot_id)
            out.append(Part(cut, days[at][2] if inside else None))
            first = last + 1
    return out


def correction_refusals(parts: Sequence[Part], terms: Terms) -> list[RangeRefusal]:
    """The parts whose activation may not be corrected so, each with its code."""
    found = refusals([part.stamps for part in parts], NOT_CORRECTABLE)
    for part in parts:
        code = None if part.stamps.state in NOT_CORRECTABLE else _code(part, terms)
        if code is not None:
            one = part.stamps
            found.append(RangeRefusal(one.first, one.last, one.state, code))
    return sorted(found, key=lambda one: one.first)


def _code(part: Part, terms: Terms) -> str | None:
    """Why activated stamps stay where they are; a recall stands above all else."""
    if part.stamps.lot_id in terms.recalled:
        return "lot_recalled"
    if part.stamps.lot_id in terms.purged:
        return "lot_purged"
    if part.stamps.lot_id == terms.lot_id:
        return "same_lot"
    late = part.bound_on is None or terms.day > part.bound_on + timedelta(days=terms.days)
    return "reason_too_short" if late and len(terms.reason) < REASON_LENGTH else None
