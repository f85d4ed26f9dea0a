"""Rows of the bench: a ratio with its target, from several rounds of ours and a peer in turn."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Ratio:
    """``value`` is the median of the rounds (or what the whole comes to), ``spread`` the lowest and
    the highest; ``bound`` says whether the target is the least or the most it may be; ``measured``
    is what it comes from."""

    name: str
    value: float
    target: float
    met: bool
    spread: tuple[float, float]
    bound: str = "at least"
    unit: str = ""
    measured: dict[str, Any] = field(default_factory=dict)


MISSED_BECAUSE = "missed because"  # in ``measured``


def at_least(name: str, target: float, rounds: Sequence[float], **more: Any) -> Ratio:
    """A row that should not be lower than its target.

    ``more``: fields of the row; ``whole``, a value in place of the median of the rounds;
    ``unless``, why the row is missed whatever its value ("" if it is not): what it claims was not
    tried.
    """
    return _row(name, target, rounds, "at least", more)


def at_most(name: str, target: float, rounds: Sequence[float], **more: Any) -> Ratio:
    """A row that should not be higher than its target; ``more`` as above."""
    return _row(name, target, rounds, "at most", more)


def _row(
    name: str, target: float, rounds: Sequence[float], bound: str, more: dict[str, Any]
) -> Ratio:
    value = short(more.pop("whole", statistics.median(rounds)))
    met = value >= target if bound == "at least" else value <= target
    if unless := more.pop("unless", ""):
        met, more["measured"] = False, {**more.get("measured", {}), MISSED_BECAUSE: unless}
    spread = (short(min(rounds)), short(max(rounds)))
    return Ratio(name, value, target, met, spread, bound, **more)


def in_turn(measures: dict[str, Callable[[], Found]], rounds: int) -> dict[str, list[Found]]:
    """Each measured once a round, so that what disturbs one disturbs all."""
    found: dict[str, list[Found]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def quotients(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def short(value: float) -> float:
    """Four digits are more than a machine can tell."""
    return float(f"{value:.4g}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
