"""What the producer's pages work out themselves: ranges in addresses, terms of certificates."""

from datetime import date

import pytest

from tem_registry.portal.my import range_address
from tem_registry.portal.my.pages_products import days_left, newest


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"batch": "87", "first": "1", "last": "20"}, {"first": "87-1-03", "last": "87-20-43"}),
        ({"batch": "87", "first": "20", "last": "1"}, {}),
        ({"batch": "87", "first": "0", "last": "1"}, {}),
        ({"batch": "87"}, {}),
        ({"batch": "4294967296", "first": "1", "last": "1"}, {}),
        ({"batch": "1", "first": "1", "last": "16777216"}, {}),
        ({"batch": "-1", "first": "1", "last": "١"}, {}),
        ({"batch": "9" * 5000, "first": "1", "last": "1"}, {}),
    ],
)
def test_a_range_in_an_address(query: dict[str, str], told: dict[str, str]) -> None:
    """It fills both fields as printed; what names no stamps fills none."""
    assert range_address.proposed(query) == told


def test_the_certificate_that_counts() -> None:
    """Of a product's certificates the one that lasts longest; a revoked one for want of others."""

    def one(id: str, product: str, until: str, revoked: str | None = None) -> dict[str, str | None]:
        return {"id": id, "product_id": product, "valid_until": until, "revoked_on": revoked}

    found = newest(
        [
            one("a", "SP1", "2028-11-10"),
            one("b", "SP1", "2025-11-21"),
            one("c", "SP1", "2029-01-01", "2026-01-01"),
            one("d", "SP2", "2027-01-01", "2026-01-01"),
        ]
    )
    assert {product: which["id"] for product, which in found.items()} == {"SP1": "a", "SP2": "d"}


@pytest.mark.parametrize(
    ("until", "left"), [("2026-11-22", 0), ("2026-11-21", -1), ("2027-11-22", 365)]
)
def test_days_that_a_certificate_lasts(until: str, left: int) -> None:
    """None are left on its last day, on which it still stands."""
    assert days_left({"valid_until": until}, date(2026, 11, 22)) == left
