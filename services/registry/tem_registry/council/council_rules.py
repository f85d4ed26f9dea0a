"""What a council's results must agree with before they are taken over. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tem_registry.certificates.certificate_rules import MIN_CERTIFIED_STARS, star_band

MIN_MEMBERS = 3  # fewer cannot disagree and still decide
_CENT = Decimal("0.01")
_HALF_CENT = Decimal("0.005")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is refused: where it stands (JSON Pointer), a stable code, what to do."""

    pointer: str
    code: str
    detail: str


def exact_mean(scores: list[float]) -> Decimal:
    """The mean of the scores as they are written in decimals, not as binary fractions."""
    return sum((Decimal(str(score)) for score in scores), Decimal()) / len(scores)


def score_of(scores: list[float]) -> Decimal:
    """The mean to two decimals, half up: the score that decides about stars."""
    return exact_mean(scores).quantize(_CENT, ROUND_HALF_UP)


def council_faults(council: Row, today: date) -> Iterator[Fault]:
    """What is wrong with the council's own part; dates are ISO 8601 texts."""
    if council["decision_date"] > today.isoformat():
        yield Fault("/council/decision_date", "decision_in_future", "The decision is not made yet.")
    if council["session_date"] > council["decision_date"]:
        yield Fault(
            "/council/session_date",
            "session_after_decision",
            f"It scored after its decision of {council['decision_date']}.",
        )


def result_faults(place: int, result: Row) -> Iterator[Fault]:
    """What is wrong with one row by itself; ``place`` counts from 0."""
    at, scores = f"/results/{place}", result["scores"]
    if result["members"] != len(scores):
        yield Fault(
            f"{at}/members",
            "members_not_of_scores",
            f"{result['members']} members, {len(scores)} scores: one for each.",
        )
    elif len(scores) < MIN_MEMBERS:
        yield Fault(f"{at}/members", "too_few_members", f"At least {MIN_MEMBERS} members score.")
    score = score_of(scores)
    if abs(Decimal(str(result["mean"])) - exact_mean(scores)) > _HALF_CENT:
        yield Fault(f"{at}/mean", "mean_not_of_scores", f"The mean of these scores is {score}.")
    stars = star_band(score)
    if result["stars"] != stars:
        yield Fault(f"{at}/stars", "stars_not_of_mean", f"A mean of {score} is {stars} stars.")
    if stars < MIN_CERTIFIED_STARS and "certificate_id" in result:
        yield Fault(
            f"{at}/certificate_id", "too_few_stars", "Below three stars there is no certificate."
        )


def lab_faults(place: int, council: Row, result: Row, today: date) -> Iterator[Fault]:
    """A council scores what was tested before: not on a day to come, not after its session."""
    tested = (result.get("lab_report") or {}).get("tested_on")
    at = f"/results/{place}/lab_report/tested_on"
    if tested is None:
        return
    if tested > today.isoformat():
        yield Fault(at, "tested_in_future", f"{tested} has not come.")
    elif tested > council["session_date"]:
        yield Fault(at, "tested_after_session", f"It scored on {council['session_date']}.")


def twice(results: list[Row], field: str) -> Iterator[Fault]:
    """Rows that name what a row before them names."""
    seen: set[str] = set()
    for place, result in enumerate(results):
        named = result.get(field)
        if named in seen:
            yield Fault(f"/results/{place}/{field}", "stands_twice", f"{named} stands twice.")
        if named is not None:
            seen.add(named)
