"""What the acts of the trade say, in the words of the registry's calls.

Nothing but the standard library: the journey through the containers runs without an installation.
"""

import secrets
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]


def day(offset: int) -> str:
    """A date so many days from today; three days are more than any difference of zones."""
    return (date.today() + timedelta(days=offset)).isoformat()


def producer(name: str) -> Json:
    """A producer of Hà Tĩnh."""
    return {
        "name": f"Hợp tác xã {name}",
        "producer_type": "cooperative",
        "address": {"full": f"Thôn {name}, Tỉnh Hà Tĩnh", "commune_code": "18073"},
    }


def product(producer_id: str, name: str) -> Json:
    """A product of it that keeps for a year."""
    return {
        "producer_id": producer_id,
        "name": name,
        "category_code": "I.4.a",
        "date_kind": "use_by",
        "shelf_life": {"value": 12, "unit": "month"},
    }


def certificate(product_id: str) -> Json:
    """A certificate in force."""
    return {
        "product_id": product_id,
        "stars": 4,
        "decision_no": f"{secrets.token_hex(3)}/QĐ-UBND (mẫu)",
        "decision_date": day(-100),
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": day(-100),
        "valid_until": day(900),
    }


def lot(product_id: str, quantity: int) -> Json:
    """A lot made some days ago."""
    return {
        "product_id": product_id,
        "lot_code": f"L{secrets.token_hex(4)}",
        "production_date": day(-10),
        "best_before": day(200),
        "quantity": quantity,
    }


def printed(codes: str) -> list[str]:
    """The addresses in the symbols of a batch, in roll order, out of its codes.csv."""
    return [line.split(",")[2] for line in codes.splitlines()[1:]]
