"""What a sandbox holds: one producer, two products, and test stamps in every state.

Pure: a day in, the rows of a folder that ``tem registry import`` takes; dates are worked out from
the day, so that a sandbox says the same in any year. All of it is fictional.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tem.dates import add_months, end_of_day, info_expires_on, start_of_day

PRODUCER, PRESERVE, FRESH = "SB-P1", "SB-SP1", "SB-SP2"
GTIN = "09521234999003"  # under 952, which GS1 keeps for examples
MIXED, SHORT_LIVED, WITHDRAWN = "SB-T1", "SB-T2", "SB-T3"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Stamps of one batch that all answer the same; ``lot`` if they are tied to one.

    ``until`` is the last day of the answer, None if it stays for good.
    """

    batch: str
    first: int
    last: int
    verdict: str
    advice: str
    lot: str = ""
    until: date | None = None


def stretches(today: date) -> list[Stretch]:
    """Every stamp of the sandbox, in the order of batches and indices."""
    best_before, use_by = _shown_until(today, 300), _shown_until(today, 6)
    return [
        Stretch(MIXED, 1, 60, "OK", "allow", "SB-L-OK", best_before),
        Stretch(MIXED, 61, 70, "PAST_DATE", "ask", "SB-L-PAST", _gone(today)),
        Stretch(MIXED, 71, 80, "INFO_EXPIRED", "stop", "SB-L-OLD"),
        Stretch(MIXED, 81, 90, "RECALLED", "stop", "SB-L-RECALLED"),
        Stretch(MIXED, 91, 95, "VOID", "stop"),
        Stretch(MIXED, 96, 100, "NOT_ACTIVATED", "ask"),
        Stretch(SHORT_LIVED, 1, 10, "OK", "allow", "SB-L-FRESH", use_by),
        Stretch(SHORT_LIVED, 11, 20, "PAST_DATE", "stop", "SB-L-SPOILT", _gone(today)),
        Stretch(WITHDRAWN, 1, 10, "STAMP_REVOKED", "stop"),
    ]


def _shown_until(today: date, days: int) -> date:
    return today + timedelta(days=days)


def _gone(today: date) -> date:
    """The last day on which what was to be used by yesterday says so."""
    return info_expires_on(today - timedelta(days=1))


def folder(today: date) -> dict[str, list[Row]]:
    """The files of the folder by their names, each a list of rows."""
    began = add_months(today, -18)
    return {
        "producers": [_producer(began)],
        "products": [
            _product(PRESERVE, "Nước mắm thử nghiệm (mẫu)", "best_before", (12, "month"), GTIN),
            _product(FRESH, "Giò lụa thử nghiệm (mẫu)", "use_by", (7, "day"), None),
        ],
        "certificates": [_certificate(product, began) for product in (PRESERVE, FRESH)],
        "points_of_sale": [],
        "pos_contracts": [],
        "stamp_batches": [
            _batch(MIXED, PRESERVE, 100, began, void_ranges=[{"from": 91, "to": 95}]),
            _batch(SHORT_LIVED, FRESH, 20, began),
            _batch(WITHDRAWN, PRESERVE, 10, began, status="revoked", revoked_on=today.isoformat()),
        ],
        "lots": list(_lots(today)),
    }


def _producer(began: date) -> Row:
    return {
        "producer_id": PRODUCER,
        "name": "Hợp tác xã Thử nghiệm (mẫu)",
        "producer_type": "cooperative",
        "phone": "0239 0000 000",
        "address": {
            "commune_code": "18073",
            "commune": "Phường Thành Sen",
            "province": "Tỉnh Hà Tĩnh",
            "full": "Phường Thành Sen, Tỉnh Hà Tĩnh",
        },
        "status": "active",
        "status_since": began.isoformat(),
        "sample": True,
    }


def _product(id: str, name: str, date_kind: str, life: tuple[int, str], gtin: str | None) -> Row:
    value, unit = life
    return {
        "product_id": id,
        "producer_id": PRODUCER,
        "name": name,
        "category_code": "I.4.a" if date_kind == "best_before" else "I.3.d",
        "stars": 3,
        "gtin": gtin,
        "packaging": "Gói thử nghiệm",
        "unit": "gói",
        "shelf_life": {"value": value, "unit": unit},
        "date_kind": date_kind,
        "gs1_date_ai": "15" if date_kind == "best_before" else "17",
        "production_date_kind": "production_date",
        "stampable": True,
        "sample": True,
    }


def _certificate(product: str, began: date) -> Row:
    return {
        "certificate_id": f"SB-CN-{product}",
        "product_id": product,
        "stars": 3,
        "decision_no": f"{product}/QĐ-SB (mẫu)",
        "decision_date": began.isoformat(),
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "legal_basis": "QĐ 1489/QĐ-TTg",
        "valid_from": began.isoformat(),
        "valid_until": add_months(began, 36).isoformat(),
        "sample": True,
    }


def _batch(id: str, product: str, quantity: int, began: date, **more: Any) -> Row:
    return {
        "batch_id": id,
        "product_id": product,
        "producer_id": PRODUCER,
        "ordered_on": began.isoformat(),
        "issued_on": began.isoformat(),
        "delivered_on": began.isoformat(),
        "quantity": quantity,
        "status": "delivered",
        **more,
    }


def _lots(today: date) -> Iterator[Row]:
    """The lots, each with the stamps that :func:`stretches` ties to it."""
    ends = {
        "SB-L-OK": (60, _shown_until(today, 300)),
        "SB-L-PAST": (360, today - timedelta(days=1)),
        "SB-L-OLD": (420, today - timedelta(days=70)),
        "SB-L-RECALLED": (60, _shown_until(today, 300)),
        "SB-L-FRESH": (1, _shown_until(today, 6)),
        "SB-L-SPOILT": (8, today - timedelta(days=1)),
    }
    for stretch in stretches(today):
        if stretch.lot:
            made, ends_on = ends[stretch.lot]
            yield _lot(stretch, today - timedelta(days=made), ends_on, today)


def _lot(stretch: Stretch, made: date, best_before: date, today: date) -> Row:
    recall = {
        "kind": "voluntary",
        "ordered_on": (today - timedelta(days=2)).isoformat(),
        "ordered_by": "Hợp tác xã Thử nghiệm (mẫu)",
        "reason_public": "Thử nghiệm thông báo thu hồi lô (mẫu)",
    }
    fresh = stretch.batch == SHORT_LIVED
    return {
        "lot_id": stretch.lot,
        "product_id": FRESH if fresh else PRESERVE,
        "producer_id": PRODUCER,
        "lot_code": stretch.lot,
        "production_date": made.isoformat(),
        "production_date_kind": "production_date",
        "best_before": best_before.isoformat(),
        "quantity": stretch.last - stretch.first + 1,
        "unit": "gói",
        "activated_at": min(end_of_day(made), start_of_day(today)).isoformat(),
        "recall": recall if stretch.verdict == "RECALLED" else None,
        "stamp_ranges": [{"batch_id": stretch.batch, "from": stretch.first, "to": stretch.last}],
    }
