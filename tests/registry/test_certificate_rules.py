"""The rules of recognition, case by case, and against every certificate of the sample."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.registry.installed import SAMPLE, Row, rows

from tem_registry.certificates import certificate_rules
from tem_registry.certificates.certificate_rules import Level, Recognition, Withdrawal

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("score", "stars"),
    [
        (0, 1),
        (29.99, 1),
        (30, 2),
        (49.99, 2),
        (Decimal("49.995"), 2),
        (50, 3),
        (69.999, 3),
        (70, 4),
        (89.99, 4),
        (90, 5),
        (100, 5),
    ],
)
def test_stars_are_the_band_of_the_score(score: float, stars: int) -> None:
    """Bands are half-open: the lower bound belongs to them, the upper one to the next."""
    assert certificate_rules.star_band(score) == stars


@pytest.mark.parametrize("score", [-0.01, 100.01, float("nan")])
def test_a_score_outside_the_scale_has_no_stars(score: float) -> None:
    """Scores are 0 to 100."""
    with pytest.raises(ValueError, match="0 to 100"):
        certificate_rules.star_band(score)


HUYEN = "huyện Hương Sơn"
TINH, UBND_HUYEN = "UBND tỉnh Hà Tĩnh", "UBND huyện Hương Sơn"
OLD_MINISTRY, MINISTRY = "Bộ Nông nghiệp và Phát triển nông thôn", "Bộ Nông nghiệp và Môi trường"
BASIS = ("QĐ 1048/QĐ-TTg", "QĐ 148/QĐ-TTg", "QĐ 148/QĐ-TTg sửa đổi bởi QĐ 1489/QĐ-TTg")


@pytest.mark.parametrize(
    ("stars", "decided", "level", "text", "exists", "basis"),
    [
        (3, "2019-08-20", Level.PROVINCE, TINH, True, None),
        (3, "2019-08-21", Level.PROVINCE, TINH, True, BASIS[0]),
        (3, "2023-02-23", Level.PROVINCE, TINH, True, BASIS[0]),
        (3, "2023-02-24", Level.DISTRICT, UBND_HUYEN, False, BASIS[1]),
        (3, "2025-07-05", Level.DISTRICT, UBND_HUYEN, False, BASIS[1]),
        (3, "2025-07-06", Level.PROVINCE, TINH, True, BASIS[2]),
        (4, "2023-02-23", Level.PROVINCE, TINH, True, BASIS[0]),
        (4, "2023-02-24", Level.PROVINCE, TINH, True, BASIS[1]),
        (4, "2025-07-05", Level.PROVINCE, TINH, True, BASIS[1]),
        (4, "2025-07-06", Level.PROVINCE, TINH, True, BASIS[2]),
        (5, "2023-02-23", Level.MINISTRY, OLD_MINISTRY, False, BASIS[0]),
        (5, "2025-07-05", Level.MINISTRY, OLD_MINISTRY, False, BASIS[1]),
        (5, "2025-07-06", Level.MINISTRY, MINISTRY, True, BASIS[2]),
    ],
)
def test_who_recognises_follows_the_decision_s_date(
    stars: int, decided: str, level: Level, text: str, exists: bool, basis: str | None
) -> None:
    """The rule in force on the day of the decision names level, authority and legal basis."""
    day = date.fromisoformat(decided)
    assert certificate_rules.authority_level(stars, day) is level
    assert certificate_rules.authority(stars, day, HUYEN) == text
    assert certificate_rules.authority_still_exists(stars, day) is exists
    assert certificate_rules.legal_basis(day) == basis


def test_an_unknown_district_is_not_guessed() -> None:
    """Without the producer's former district there is no text for what a district decided."""
    assert certificate_rules.authority(3, date(2024, 1, 1), None) is None
    assert certificate_rules.authority(4, date(2024, 1, 1), None) == TINH


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2024-10-15", "2027-10-15"),
        ("2024-02-29", "2027-02-28"),
        ("2025-02-28", "2028-02-28"),
        ("2021-02-28", "2024-02-28"),
        ("2026-08-31", "2029-08-31"),
    ],
)
def test_a_term_is_36_months(since: str, until: str) -> None:
    """The last day is the corresponding day 36 months later, or the month's last."""
    assert certificate_rules.valid_until(date.fromisoformat(since)).isoformat() == until


GIVEN = Recognition(4, 72.9, TODAY, TODAY, date(2029, 11, 20))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (GIVEN, []),
        (replace(GIVEN, score=None), []),
        (replace(GIVEN, score=70), []),
        (replace(GIVEN, score=69.99), ["stars_not_of_score"]),
        (replace(GIVEN, score=90), ["stars_not_of_score"]),
        (replace(GIVEN, valid_until=date(2029, 11, 21)), ["term_too_long"]),
        (replace(GIVEN, valid_until=TODAY), []),
        (replace(GIVEN, valid_from=date(2026, 12, 1), valid_until=date(2029, 12, 1)), []),
        (
            replace(GIVEN, valid_from=date(2026, 11, 19), valid_until=TODAY),
            ["valid_before_decision"],
        ),
        (
            replace(GIVEN, decision_date=date(2026, 11, 21), valid_from=date(2026, 11, 21)),
            ["decision_in_future"],
        ),
    ],
)
def test_what_a_certificate_may_not_say(given: Recognition, wanted: list[str]) -> None:
    """Stars of another band, terms too long or begun too early, decisions to come."""
    assert [one.code for one in certificate_rules.certificate_refusals(given, TODAY)] == wanted


@pytest.mark.parametrize(
    ("revoked", "wanted"),
    [
        (TODAY, []),
        (date(2026, 11, 21), ["revocation_in_future"]),
        (date(2024, 10, 15), []),
        (date(2024, 10, 14), ["revoked_before_decision"]),
    ],
)
def test_the_days_of_a_withdrawal(revoked: date, wanted: list[str]) -> None:
    """From the day of the recognition until today."""
    given = Withdrawal(date(2024, 10, 15), revoked)
    assert [one.code for one in certificate_rules.withdrawal_refusals(given, TODAY)] == wanted


def test_terms_that_end_soon() -> None:
    """The last day and the day ``days`` from now are counted, a lapsed term is not."""
    ends = {-1: False, 0: True, 60: True, 61: False}
    for days, wanted in ends.items():
        until = date.fromordinal(TODAY.toordinal() + days)
        assert certificate_rules.is_lapsing(until, TODAY, 60) is wanted


def districts() -> dict[str, str]:
    """The former district of each product's producer in the sample."""
    producers: dict[str, Row] = {row["producer_id"]: row for row in rows(SAMPLE, "producer")}
    return {
        row["product_id"]: producers[row["producer_id"]]["address_before_2025_07_01"]["district"]
        for row in rows(SAMPLE, "product")
    }


def test_every_certificate_of_the_sample_agrees() -> None:
    """Stars, authority, basis and term of all 62 are what the rules say."""
    found = rows(SAMPLE, "certificate")
    assert len(found) == 62
    named = districts()
    for row in found:
        decided = date.fromisoformat(row["decision_date"])
        since = date.fromisoformat(row["valid_from"])
        told = {
            "stars": certificate_rules.star_band(row["score"]),
            "issuing_authority": certificate_rules.authority(
                row["stars"], decided, named[row["product_id"]]
            ),
            "authority_still_exists": certificate_rules.authority_still_exists(
                row["stars"], decided
            ),
            "legal_basis": certificate_rules.legal_basis(decided),
            "valid_until": certificate_rules.valid_until(since).isoformat(),
        }
        assert told == {name: row[name] for name in told}, json.dumps(row, ensure_ascii=False)
