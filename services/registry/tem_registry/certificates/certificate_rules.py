"""What a recognition must agree with: stars, who recognises, under which decision, how long. Pure.

Sources: QĐ 1048/QĐ-TTg (21/8/2019), QĐ 148/QĐ-TTg (24/02/2023), QĐ 1489/QĐ-TTg (06/7/2025):
score bands, the level that recognises on the day of the decision, 36 months.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tem.dates import add_months
from tem_registry.rules import Refusal

TERM_MONTHS = 36
MIN_CERTIFIED_STARS = 3  # below, the council's result stands without a certificate
QD_1048, QD_148, QD_1489 = date(2019, 8, 21), date(2023, 2, 24), date(2025, 7, 6)
RESERVED_IDS = ("held", "lapsing")  # the names of lists beside /v1/certificates/{id}
_BANDS = ((90, 5), (70, 4), (50, 3), (30, 2), (0, 1))


class Level(StrEnum):
    """Who recognises a product."""

    DISTRICT = "district"  # abolished on 01/07/2025
    PROVINCE = "province"
    MINISTRY = "ministry"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a certificate says of itself, as far as the rules ask."""

    stars: int
    score: float | None
    decision_date: date
    valid_from: date
    valid_until: date


class Withdrawal(NamedTuple):
    """The day a recognition is withdrawn on, beside the day it was decided on."""

    decision_date: date
    revoked_on: date


def star_band(score: float | Decimal) -> int:
    """Stars of a council's mean: 1 below 30, 2 below 50, 3 below 70, 4 below 90, 5 up to 100.

    Half-open bands: the only reading that fits means with decimals. Raises ValueError outside
    0 to 100.
    """
    if not 0 <= score <= 100:
        raise ValueError("a score is 0 to 100")
    return next(stars for least, stars in _BANDS if score >= least)


def authority_level(stars: int, decision_date: date) -> Level:
    """Who recognised ``stars`` (3 to 5) by the rule in force on the day of the decision.

    Three stars were the district's from QĐ 148/2023 until QĐ 1489/2025 gave them back to the
    province; four are the province's, five the ministry's.
    """
    if stars >= 5:
        return Level.MINISTRY
    if stars == 3 and QD_148 <= decision_date < QD_1489:
        return Level.DISTRICT
    return Level.PROVINCE


def authority(stars: int, decision_date: date, district: str | None) -> str | None:
    """The authority as text; ``district`` is the producer's former one, "huyện Hương Sơn" say.

    None where the district recognised and the producer's is not on record.
    """
    level = authority_level(stars, decision_date)
    if level is Level.PROVINCE:
        return "UBND tỉnh Hà Tĩnh"
    if level is Level.DISTRICT:
        return f"UBND {district}" if district else None
    if decision_date < QD_1489:
        return "Bộ Nông nghiệp và Phát triển nông thôn"
    return "Bộ Nông nghiệp và Môi trường"


def authority_still_exists(stars: int, decision_date: date) -> bool:
    """Districts are gone since 01/07/2025, the former ministry has another name."""
    level = authority_level(stars, decision_date)
    if level is Level.MINISTRY:
        return decision_date >= QD_1489
    return level is Level.PROVINCE


def legal_basis(decision_date: date) -> str | None:
    """The decision with the criteria in force on a day; None before the first of them."""
    if decision_date >= QD_1489:
        return "QĐ 148/QĐ-TTg sửa đổi bởi QĐ 1489/QĐ-TTg"
    if decision_date >= QD_148:
        return "QĐ 148/QĐ-TTg"
    return "QĐ 1048/QĐ-TTg" if decision_date >= QD_1048 else None


def valid_until(valid_from: date) -> date:
    """The last day of a term of 36 months, clamped to the month's end and inclusive."""
    return add_months(valid_from, TERM_MONTHS)


def certificate_refusals(given: Recognition, today: date) -> list[Refusal]:
    """Why a certificate contradicts itself or the programme's rules."""
    found = []
    if given.score is not None and star_band(given.score) != given.stars:
        band = star_band(given.score)
        found.append(Refusal("stars_not_of_score", f"A score of {given.score:g} is {band} stars."))
    if given.decision_date > today:
        found.append(
            Refusal("decision_in_future", f"The decision is of {given.decision_date}: not yet.")
        )
    if given.valid_from < given.decision_date:
        found.append(
            Refusal(
                "valid_before_decision",
                f"It cannot be valid before its decision of {given.decision_date}.",
            )
        )
    if given.valid_until > valid_until(given.valid_from):
        found.append(
            Refusal(
                "term_too_long",
                f"A term is {TERM_MONTHS} months: until {valid_until(given.valid_from)} at most.",
            )
        )
    return found


def withdrawal_refusals(given: Withdrawal, today: date) -> list[Refusal]:
    """Why a recognition may not be withdrawn on a day."""
    if given.revoked_on > today:
        return [
            Refusal(
                "revocation_in_future",
                f"{given.revoked_on} has not come: send the withdrawal on its day.",
            )
        ]
    if given.revoked_on < given.decision_date:
        return [
            Refusal(
                "revoked_before_decision",
                f"The recognition is of {given.decision_date}: give the day of its withdrawal.",
            )
        ]
    return []


def is_lapsing(until: date, today: date, days: int) -> bool:
    """Whether a term in force today ends within ``days`` days from it."""
    return today <= until <= today + timedelta(days=days)
