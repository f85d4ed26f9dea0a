"""What each verdict shows, and what it keeps to itself."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.shared.cards import (
    AS_OF,
    GOOD,
    NOW,
    SHOWN,
    certificate,
    contract,
    lot,
    product,
    recall,
    shop,
)

from tem import verdict as rules
from tem.answer import Card, Subject, answer, plain
from tem.vocabulary import Verdict

ALWAYS = {"verdict", "notes", "reason", "reasons", "checked", "advice", "as_of"}


@pytest.mark.parametrize(
    ("subject", "wanted", "parts"), SHOWN, ids=[f"{i}-{row[1]}" for i, row in enumerate(SHOWN)]
)
def test_each_verdict_shows_its_parts_and_no_more(
    subject: Subject, wanted: Verdict, parts: set[str]
) -> None:
    """Beside verdict, notes, reason, time and stamp, exactly the parts of the verdict are there."""
    found = answer(subject, NOW, AS_OF)
    assert found["verdict"] == wanted.value
    assert set(found) == ALWAYS | {"stamp"} | parts
    assert found["stamp"] == {"batch": 7, "index": 3}
    assert found["as_of"] == "2026-11-20T01:59:57Z"
    assert json.loads(json.dumps(found)) == found


def test_every_verdict_about_a_stamp_is_in_the_table() -> None:
    """The table covers each verdict that a stamp on record can get."""
    about_none = {Verdict.MALFORMED, Verdict.UNKNOWN, Verdict.UNAVAILABLE}
    assert {row[1] for row in SHOWN} == set(Verdict) - about_none


@pytest.mark.parametrize("ruling", [rules.MALFORMED, rules.UNKNOWN, rules.UNAVAILABLE])
def test_plain_answers_show_nothing(ruling: rules.Ruling) -> None:
    """Malformed, unknown and unavailable tell nothing of any stamp."""
    found = plain(ruling, AS_OF)
    assert set(found) == ALWAYS
    assert (found["verdict"], found["notes"]) == (ruling.verdict.value, [])


def test_stored_plumbing_is_not_shown() -> None:
    """Statuses, certificates, contracts, lifts and internal ids stay behind."""
    found = answer(replace(GOOD, lot=lot(recalls=[recall()])), NOW, AS_OF)
    assert set(found["product"]) == {"product_id", "name", "date_kind"}
    assert set(found["producer"]) == {"producer_id", "name"}
    assert set(found["lot"]) == {
        "code",
        "production_date",
        "production_date_kind",
        "best_before",
        "info_expires_on",
        "precision",
    }
    assert "lifted_at" not in found["recall"]


def shown_certificate(*certificates: Card, made: str = "2026-06-01") -> Card | None:
    subject = replace(
        GOOD, product=product(certificates=list(certificates)), lot=lot(production_date=made)
    )
    found = answer(subject, NOW, AS_OF)
    assert found["verdict"] == "OK"
    card: Card | None = found.get("certificate")
    return card


LAPSED = certificate(valid_until="2026-11-19")
WITHDRAWN = certificate(revoked_on="2026-11-20", revocation_decision_no="7/QĐ (mẫu)")
RENEWED = certificate(certificate_id="HT-CN001-2", valid_from="2026-11-20", stars=5,
                      decision_no="90012/QĐ-UBND (mẫu)", valid_until="2029-11-20")  # fmt: skip


@pytest.mark.parametrize("withdrawn", ["2026-06-01", "2026-05-31", "2025-01-01"])
def test_a_certificate_withdrawn_by_the_production_day_is_shown_bare(withdrawn: str) -> None:
    """The goods carry its stars in print, so the page tells that it was withdrawn."""
    shown = shown_certificate(certificate(revoked_on=withdrawn))
    assert shown is not None
    assert (shown["revoked_on"], "stars" in shown) == (withdrawn, False)


def test_a_withdrawal_to_come_is_not_told() -> None:
    """Also beside a newer certificate nothing is said before its day."""
    shown = shown_certificate(certificate(revoked_on="2026-11-21"), RENEWED)
    assert shown is not None
    assert "revoked_on" not in shown
    assert shown["current"]["stars"] == 5


def test_a_month_on_the_label_is_told() -> None:
    """The lot says whether its label gives a day; a card from before that says a day."""
    month = answer(replace(GOOD, lot=lot(precision="month")), NOW, AS_OF)
    assert month["lot"]["precision"] == "month"
    assert answer(GOOD, NOW, AS_OF)["lot"]["precision"] == "day"


def test_stars_stand_beside_a_certificate_in_force() -> None:
    """A certificate in force is shown with its stars and without empty fields."""
    shown = shown_certificate(certificate())
    assert shown is not None
    assert shown["stars"] == 4
    assert shown["valid_until"] == "2027-10-15"
    assert "revoked_on" not in shown
    assert "current" not in shown
    assert shown_certificate(certificate(valid_until="2026-11-20")) is not None


@pytest.mark.parametrize("ended", [LAPSED, WITHDRAWN], ids=["lapsed", "revoked"])
def test_no_stars_beside_an_ended_certificate(ended: Card) -> None:
    """A lapsed or revoked certificate is shown without stars, and nothing else has them."""
    shown = shown_certificate(ended)
    assert shown is not None
    assert "stars" not in json.dumps(shown)
    assert shown["valid_until"] == ended["valid_until"]


@pytest.mark.parametrize("ended", [LAPSED, WITHDRAWN], ids=["lapsed", "revoked"])
def test_a_renewal_has_the_stars_and_the_ended_one_has_none(ended: Card) -> None:
    """After a re-evaluation both are shown: the old one bare, the current one with its stars."""
    for order in ((ended, RENEWED), (RENEWED, ended)):
        shown = shown_certificate(*order)
        assert shown is not None
        assert "stars" not in shown
        assert shown["current"]["stars"] == 5
        assert shown["current"]["decision_no"] == RENEWED["decision_no"]


def test_a_renewal_that_ended_too_shows_no_stars() -> None:
    """When the newer certificate is revoked as well, no stars are left."""
    shown = shown_certificate(LAPSED, RENEWED | {"revoked_on": "2026-11-20"})
    assert "stars" not in json.dumps(shown)


def test_certificates_with_equal_dates_are_two() -> None:
    """Two recognitions of one term stay apart: the one with the last id is shown, whole, in
    whatever order they come."""
    one = certificate(certificate_id="HT-CN001-1", stars=3, decision_no="1/QĐ (mẫu)")
    two = certificate(certificate_id="HT-CN001-2", stars=4, decision_no="2/QĐ (mẫu)")
    for order in ((one, two), (two, one)):
        shown = shown_certificate(*order)
        assert shown is not None
        assert (shown["stars"], shown["decision_no"]) == (4, "2/QĐ (mẫu)")
        assert "current" not in shown


def test_of_two_terms_that_begin_together_the_longer_counts() -> None:
    """Which one is shown does not depend on the order in which they are stored."""
    short = certificate(certificate_id="HT-CN001-9", valid_until="2026-12-31", stars=3)
    for order in ((short, certificate()), (certificate(), short)):
        shown = shown_certificate(*order)
        assert shown is not None
        assert (shown["stars"], shown["valid_until"]) == (4, "2027-10-15")


def test_goods_made_without_a_certificate_show_none() -> None:
    """Stars of a later recognition do not belong to goods made before it."""
    assert shown_certificate(RENEWED, made="2020-01-01") is None
    assert shown_certificate(LAPSED, made="2020-01-01") is None
    assert shown_certificate() is None


@pytest.mark.parametrize(
    ("contracts", "shops", "names"),
    [
        ([contract()], [shop()], ["HT-DB01"]),
        ([contract(signed_on="2026-11-20")], [shop()], ["HT-DB01"]),
        ([contract(valid_until="2026-11-20")], [shop()], ["HT-DB01"]),
        ([contract(signed_on="2026-11-21")], [shop()], []),
        ([contract(valid_until="2026-11-19")], [shop()], []),
        ([contract()], [shop(status="inactive")], []),
        ([contract()], [shop(certified_on="2026-11-20")], ["HT-DB01"]),
        ([contract()], [shop(certified_on="2026-11-21")], []),
        ([contract()], [shop(certified_on=None)], []),
        ([contract()], [shop(certified_until=None)], ["HT-DB01"]),
        ([contract()], [shop(certified_until="2026-11-20")], ["HT-DB01"]),
        ([contract()], [shop(certified_until="2026-11-19")], []),
        ([contract("HT-DB02"), contract(), contract()], [shop(), shop("HT-DB02")],
         ["HT-DB01", "HT-DB02"]),
        ([contract("HT-DB09")], [shop()], []),
        ([], [shop()], []),
    ],
)  # fmt: skip
def test_points_of_sale(contracts: list[Card], shops: list[Card], names: list[str]) -> None:
    """Shown are active, certified shops with a contract that runs today, each once."""
    subject = replace(
        GOOD,
        product=product(points_of_sale=contracts),
        points_of_sale={card["pos_id"]: card for card in shops},
    )
    shown = answer(subject, NOW, AS_OF).get("points_of_sale", [])
    assert [card["pos_id"] for card in shown] == names
    assert not {"status", "certified_on", "certified_until"} & {
        key for card in shown for key in card
    }


def test_the_newest_recall_in_force_is_shown() -> None:
    """Of several recalls the newest that holds is shown, not a lifted or a coming one."""
    recalls = [
        recall(ordered_on="2026-11-01", decision_no="old"),
        recall(ordered_on="2026-11-05", decision_no="newest"),
        recall(ordered_on="2026-11-08", decision_no="lifted", lifted_at="2026-11-19T00:00:00Z"),
        recall(ordered_on="2026-11-21", decision_no="coming"),
    ]
    found = answer(replace(GOOD, lot=lot(recalls=recalls)), NOW, AS_OF)
    assert found["recall"]["decision_no"] == "newest"


def test_nothing_is_changed_by_answering() -> None:
    """The cards an answer is made of stay as they were, so that they can be shared."""
    before = json.dumps([GOOD.product, GOOD.producer, GOOD.lot, GOOD.points_of_sale])
    answer(GOOD, NOW, AS_OF)
    answer(GOOD, NOW + timedelta(days=400), AS_OF)
    assert json.dumps([GOOD.product, GOOD.producer, GOOD.lot, GOOD.points_of_sale]) == before
