"""What a producer may ask the office to correct. Pure.

A wrong activation is corrected by the office alone (domain table of states). Its producer asks,
with the reason that the correction will be recorded under.
"""

from collections.abc import Iterable, Sequence

from tem.errors import Invalid
from tem_registry.activation.correction_rules import REASON_LENGTH
from tem_registry.intervals import Interval, clip
from tem_registry.stamps.moves import NOT_CORRECTABLE, RangeRefusal

OPEN, ACCEPTED, REFUSED, WITHDRAWN = "open", "accepted", "refused", "withdrawn"
STATES = [OPEN, ACCEPTED, REFUSED, WITHDRAWN]


def check_reason(reason: str) -> None:
    """Raises Invalid for a reason that would not do once the days of an easy correction are over.

    The office may decide on a later day than the producer asked.
    """
    if len(reason) < REASON_LENGTH:
        raise Invalid(
            "reason_too_short",
            f"Say in {REASON_LENGTH} characters at least what went wrong: it stays on record.",
        )


def already_requested(
    parts: Sequence[Interval], open_ranges: Iterable[tuple[int, int]]
) -> list[RangeRefusal]:
    """The parts of a range that an open request names already."""
    return [
        RangeRefusal(one.first, one.last, one.state, "already_requested")
        for first, last in open_ranges
        for one in clip(parts, first, last)
        if one.state not in NOT_CORRECTABLE
    ]
