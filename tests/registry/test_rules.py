"""The registry's rules, case by case: orders, dates of lots, activation, moves of ranges."""

from dataclasses import replace
from datetime import date

import pytest

from tem.errors import Invalid
from tem.verdict import CertificateFacts
from tem.vocabulary import DateKind, ProducerStatus, StampState
from tem_registry import rules
from tem_registry.activation import activation_rules
from tem_registry.activation.activation_rules import LotForActivation
from tem_registry.intervals import Interval
from tem_registry.lots import lot_rules
from tem_registry.lots.lot_rules import LotDates
from tem_registry.orders import order_rules
from tem_registry.rules import Product
from tem_registry.stamps import moves
from tem_registry.stamps.moves import RangeRefusal

TODAY = date(2026, 11, 20)
PRODUCT = Product("SP1", "P1", True, DateKind.BEST_BEFORE, (12, "month"), "I.4.a")
TERM = CertificateFacts(date(2024, 1, 1), date(2026, 12, 31))
ACTIVE, SUSPENDED, CEASED = ProducerStatus


def codes(found: list[rules.Refusal]) -> list[str]:
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("product", "certificates", "statuses", "wanted"),
    [
        (PRODUCT, [TERM], (), []),
        (PRODUCT, [TERM], ((ACTIVE, date(2020, 1, 1)),), []),
        (replace(PRODUCT, stampable=False), [TERM], (), ["product_not_stampable"]),
        (PRODUCT, [], (), ["certificate_not_in_force"]),
        (PRODUCT, [replace(TERM, valid_until=TODAY)], (), []),
        (
            PRODUCT,
            [replace(TERM, valid_until=date(2026, 11, 19))],
            (),
            ["certificate_not_in_force"],
        ),
        (PRODUCT, [replace(TERM, valid_from=TODAY)], (), []),
        (PRODUCT, [replace(TERM, valid_from=date(2026, 11, 21))], (), ["certificate_not_in_force"]),
        (PRODUCT, [replace(TERM, revoked_on=TODAY)], (), ["certificate_not_in_force"]),
        (PRODUCT, [replace(TERM, revoked_on=date(2026, 11, 21))], (), []),
        (PRODUCT, [replace(TERM, revoked_on=TODAY), TERM], (), []),
        (PRODUCT, [TERM], ((SUSPENDED, TODAY),), ["producer_not_active"]),
        (PRODUCT, [TERM], ((CEASED, TODAY),), ["producer_not_active"]),
        (PRODUCT, [TERM], ((SUSPENDED, date(2026, 11, 21)),), []),
        (PRODUCT, [TERM], ((SUSPENDED, date(2026, 1, 1)), (ACTIVE, TODAY)), []),
        (
            replace(PRODUCT, stampable=False),
            [],
            ((CEASED, TODAY),),
            ["product_not_stampable", "certificate_not_in_force", "producer_not_active"],
        ),
    ],
)
def test_who_may_order(
    product: Product,
    certificates: list[CertificateFacts],
    statuses: rules.Statuses,
    wanted: list[str],
) -> None:
    """An order names every reason against it: product, certificate, producer of that day."""
    assert codes(order_rules.order_refusals(product, certificates, statuses, TODAY)) == wanted


@pytest.mark.parametrize(
    ("declared", "ordered", "quantity", "refused"),
    [
        (None, 10**9, 10**6, False),
        (1000, 0, 1000, False),
        (1000, 0, 1001, True),
        (1000, 999, 1, False),
        (1000, 1000, 1, True),
        (1000, 5000, 1, True),
        (1, 0, 1, False),
    ],
)
def test_how_many_may_be_ordered(
    declared: int | None, ordered: int, quantity: int, refused: bool
) -> None:
    """A year's stamps do not exceed a year's declared output; the refusal tells the numbers."""
    product = replace(PRODUCT, declared_output=declared)
    found = order_rules.output_refusals(product, ordered, quantity)
    assert codes(found) == ["beyond_declared_output"] * refused
    for one in found:
        assert all(str(number) in one.detail for number in (declared, ordered, quantity))


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 11, 20), date(2025, 11, 21)),
        (date(2026, 12, 31), date(2026, 1, 1)),
        (date(2026, 1, 1), date(2025, 1, 2)),
        (date(2028, 2, 29), date(2027, 3, 1)),
        (date(2029, 2, 28), date(2028, 2, 29)),
    ],
)
def test_the_twelve_months_of_an_output(day: date, first: date) -> None:
    """They end with today and are twelve calendar months long."""
    assert order_rules.output_counts_from(day) == first


@pytest.mark.parametrize(("quantity", "wanted"), [(1, 1), (1000, 1), (1001, 2), (10**6, 2)])
def test_how_many_people_approve(quantity: int, wanted: int) -> None:
    """Two above the threshold, one up to it."""
    assert order_rules.approvals_required(quantity, 1000) == wanted


@pytest.mark.parametrize(
    ("life", "production", "declared", "wanted"),
    [
        ((12, "month"), date(2026, 1, 31), None, (date(2027, 1, 31), "computed", False)),
        ((1, "month"), date(2026, 1, 31), None, (date(2026, 2, 28), "computed", False)),
        ((1, "month"), date(2028, 1, 31), None, (date(2028, 2, 29), "computed", False)),
        ((30, "month"), date(2026, 4, 2), None, (date(2028, 10, 2), "computed", False)),
        ((45, "day"), date(2026, 1, 31), None, (date(2026, 3, 17), "computed", False)),
        ((12, "month"), TODAY, date(2027, 11, 20), (date(2027, 11, 20), "computed", False)),
        ((12, "month"), TODAY, date(2027, 11, 19), (date(2027, 11, 19), "declared", False)),
        ((12, "month"), TODAY, date(2027, 11, 21), (date(2027, 11, 21), "declared", True)),
        ((12, "month"), TODAY, TODAY, (TODAY, "declared", False)),
        (None, TODAY, date(2099, 1, 1), (date(2099, 1, 1), "declared", False)),
    ],
)
def test_the_date_of_a_lot(
    life: tuple[int, str] | None,
    production: date,
    declared: date | None,
    wanted: tuple[date, str, bool],
) -> None:
    """A lot's date is declared, or worked out from the production date and the shelf life."""
    found = lot_rules.lot_dates(replace(PRODUCT, shelf_life=life), production, declared)
    basis = {"computed": "computed_from_shelf_life", "declared": "declared"}[wanted[1]]
    assert found == LotDates(wanted[0], basis, wanted[2])


@pytest.mark.parametrize(
    ("declared", "precision", "basis", "beyond"),
    [
        (date(2027, 11, 30), "month", "declared", False),
        (date(2027, 12, 31), "month", "declared", True),
        (date(2027, 11, 30), "day", "declared", True),
        (date(2027, 11, 20), "day", "computed_from_shelf_life", False),
    ],
)
def test_a_month_on_the_label_is_within_the_shelf_life(
    declared: date, precision: str, basis: str, beyond: bool
) -> None:
    """A label that names a month only may name the one in which the shelf life ends."""
    product = replace(PRODUCT, shelf_life=(12, "month"))
    found = lot_rules.lot_dates(product, TODAY, declared, precision)
    assert found == LotDates(declared, basis, beyond)


@pytest.mark.parametrize(
    ("kind", "life", "declared", "code"),
    [
        (DateKind.NONE, None, TODAY, "no_expiry_product"),
        (DateKind.USE_BY, None, None, "best_before_missing"),
        (DateKind.USE_BY, (12, "month"), date(2026, 11, 19), "best_before_too_early"),
    ],
)
def test_dates_that_contradict(
    kind: DateKind, life: tuple[int, str] | None, declared: date | None, code: str
) -> None:
    """A date where none is declared, none where one is needed, one before production."""
    with pytest.raises(Invalid) as refused:
        lot_rules.lot_dates(replace(PRODUCT, date_kind=kind, shelf_life=life), TODAY, declared)
    assert refused.value.code == code


def test_goods_without_a_date_have_none() -> None:
    """A product that declares no date gets none, whatever its shelf life."""
    undated = replace(PRODUCT, date_kind=DateKind.NONE)
    assert lot_rules.lot_dates(undated, TODAY, None) == LotDates(None, "no_expiry_declared")


@pytest.mark.parametrize(
    ("best_before", "production", "wanted"),
    [
        (date(2026, 1, 31), date(2025, 1, 31), date(2026, 2, 28)),
        (date(2028, 1, 30), date(2025, 1, 31), date(2028, 2, 29)),
        (None, date(2024, 2, 29), date(2026, 2, 28)),
    ],
)
def test_the_last_public_day(best_before: date | None, production: date, wanted: date) -> None:
    """One month after the date, clamped; months from production where there is no date."""
    assert lot_rules.window_ends_on(best_before, production, 24) == wanted


LOT = LotForActivation(
    product=PRODUCT,
    production_date=date(2026, 10, 1),
    best_before=date(2027, 10, 1),
    window_ends_on=date(2027, 11, 1),
    beyond_shelf_life_unapproved=False,
    quantity=100,
    stamps=40,
    recalled=False,
)
UNCERTIFIED, FUTURE = ["no_certificate_at_production"], ["production_date_in_future"]
BEYOND = ["best_before_beyond_shelf_life"]
LAPSED = CertificateFacts(date(2023, 10, 1), date(2026, 10, 1))


@pytest.mark.parametrize(
    ("lot", "certificates", "statuses", "stamps", "wanted"),
    [
        (LOT, [TERM], (), 60, []),
        (LOT, [TERM], (), 61, ["more_stamps_than_units"]),
        (replace(LOT, recalled=True), [TERM], (), 1, ["lot_recalled"]),
        (LOT, [TERM], ((SUSPENDED, TODAY),), 1, ["producer_not_active"]),
        (LOT, [TERM], ((CEASED, TODAY),), 1, ["producer_not_active"]),
        (LOT, [], (), 1, UNCERTIFIED),
        (LOT, [LAPSED], (), 1, []),
        (replace(LOT, production_date=date(2026, 10, 2)), [LAPSED], (), 1, UNCERTIFIED),
        (LOT, [replace(TERM, revoked_on=date(2026, 10, 1))], (), 1, UNCERTIFIED),
        (LOT, [replace(TERM, revoked_on=date(2026, 10, 2))], (), 1, []),
        (replace(LOT, production_date=TODAY), [TERM], (), 1, []),
        (replace(LOT, production_date=date(2026, 11, 21)), [TERM], (), 1, FUTURE),
        (replace(LOT, best_before=TODAY), [TERM], (), 1, []),
        (replace(LOT, best_before=date(2026, 11, 19)), [TERM], (), 1, ["lot_past_date"]),
        (replace(LOT, best_before=None), [TERM], (), 1, []),
        (replace(LOT, best_before=None, window_ends_on=TODAY), [TERM], (), 1, []),
        (
            replace(LOT, best_before=None, window_ends_on=date(2026, 11, 19)),
            [TERM],
            (),
            1,
            ["lot_window_closed"],
        ),
        (replace(LOT, beyond_shelf_life_unapproved=True), [TERM], (), 1, BEYOND),
        (
            replace(LOT, recalled=True, best_before=date(2026, 1, 1), stamps=100),
            [],
            ((CEASED, TODAY),),
            1,
            [
                "lot_recalled",
                "producer_not_active",
                "no_certificate_at_production",
                "lot_past_date",
                "more_stamps_than_units",
            ],
        ),
    ],
)  # fmt: skip
def test_what_may_be_activated(
    lot: LotForActivation,
    certificates: list[CertificateFacts],
    statuses: rules.Statuses,
    stamps: int,
    wanted: list[str],
) -> None:
    """Each precondition is checked at its very edge, and all that fail are named."""
    found = activation_rules.activation_refusals(lot, certificates, statuses, stamps, TODAY)
    assert codes(found) == wanted


ISSUED, DELIVERED, ACTIVATED, VOID, REVOKED = StampState
EDGES = {
    (ISSUED, ISSUED): "not_delivered",
    (DELIVERED, ISSUED): None,
    (ACTIVATED, ISSUED): "already_activated",
    (VOID, ISSUED): "void",
    (REVOKED, ISSUED): "revoked",
    (ISSUED, ACTIVATED): "not_delivered",
    (DELIVERED, ACTIVATED): None,
    (ACTIVATED, ACTIVATED): "already_activated",
    (VOID, ACTIVATED): "void",
    (REVOKED, ACTIVATED): "revoked",
    (ISSUED, VOID): None,
    (DELIVERED, VOID): None,
    (ACTIVATED, VOID): None,
    (VOID, VOID): "already_void",
    (REVOKED, VOID): "revoked",
    (ISSUED, REVOKED): None,
    (DELIVERED, REVOKED): None,
    (ACTIVATED, REVOKED): None,
    (VOID, REVOKED): "void",
    (REVOKED, REVOKED): "already_revoked",
}


@pytest.mark.parametrize(("edge", "code"), EDGES.items())
def test_which_moves_are_allowed(edge: tuple[StampState, StampState], code: str | None) -> None:
    """A range moves along the allowed edges only; any other has its reason."""
    refused = moves.range_refusals([Interval(3, 9, edge[0])], edge[1])
    assert refused == ([] if code is None else [RangeRefusal(3, 9, edge[0], code)])
