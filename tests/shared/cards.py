"""Cards as they are published, subjects made of them, and what an answer about each shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tem.answer import Card, Subject
from tem.vocabulary import StampState, Verdict

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
AS_OF = NOW - timedelta(seconds=3)


def certificate(**changes: Any) -> Card:
    usual = {
        "certificate_id": "HT-CN001-1",
        "stars": 4,
        "decision_no": "90011/QĐ-UBND (mẫu)",
        "decision_date": "2024-10-15",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-10-15",
        "valid_until": "2027-10-15",
        "revoked_on": None,
        "revocation_decision_no": None,
    }
    return usual | changes


def recall(**changes: Any) -> Card:
    usual = {
        "kind": "mandatory",
        "ordered_on": "2026-11-10",
        "ordered_by": "Sở Y tế (mẫu)",
        "decision_no": "12/QĐ (mẫu)",
        "reason_public": "Vượt mức histamin (mẫu)",
        "lifted_at": None,
    }
    return usual | changes


def contract(pos_id: str = "HT-DB01", **changes: Any) -> Card:
    return {"pos_id": pos_id, "signed_on": "2026-01-01", "valid_until": "2026-12-31"} | changes


def shop(pos_id: str = "HT-DB01", **changes: Any) -> Card:
    usual = {
        "pos_id": pos_id,
        "name": f"Cửa hàng {pos_id} (mẫu)",
        "address": "Phường Thành Sen, Tỉnh Hà Tĩnh",
        "certified_on": "2025-08-01",
        "status": "active",
    }
    return usual | changes


def product(**changes: Any) -> Card:
    usual = {
        "product_id": "HT-SP001",
        "producer_id": "HT-P001",
        "name": "Nước mắm (mẫu)",
        "date_kind": "best_before",
        "certificates": [certificate()],
        "points_of_sale": [contract()],
    }
    return usual | changes


def lot(**changes: Any) -> Card:
    usual = {
        "lot_id": "HT-L0001",
        "product_id": "HT-SP001",
        "code": "L260601-A1",
        "production_date": "2026-06-01",
        "production_date_kind": "production_date",
        "best_before": "2027-05-31",
        "info_expires_on": "2027-06-30",
        "window_ends_on": "2027-06-30",
        "recalls": [],
    }
    return usual | changes


PRODUCER: Card = {
    "producer_id": "HT-P001",
    "name": "Hợp tác xã Sóng Lam (mẫu)",
    "statuses": [{"status": "active", "since": "2020-01-01"}],
}
GOOD = Subject(7, 3, StampState.ACTIVATED, product(), PRODUCER, lot(), None, {"HT-DB01": shop()})
UNDATED = lot(best_before=None, info_expires_on=None, window_ends_on="2026-11-01")
SHOWN: list[tuple[Subject, Verdict, set[str]]] = [
    (GOOD, Verdict.OK, {"product", "producer", "lot", "certificate", "points_of_sale"}),
    (replace(GOOD, lot=lot(best_before="2026-11-19")), Verdict.PAST_DATE,
     {"product", "producer", "lot"}),
    (replace(GOOD, lot=lot(best_before="2026-10-01", window_ends_on="2026-11-01")),
     Verdict.INFO_EXPIRED, set()),
    (replace(GOOD, lot=UNDATED), Verdict.INFO_EXPIRED, {"info_expires_on"}),
    (replace(GOOD, lot=lot(recalls=[recall()])), Verdict.RECALLED,
     {"product", "producer", "lot", "recall"}),
    (replace(GOOD, state=StampState.VOID, lot=lot(recalls=[recall()])), Verdict.RECALLED,
     {"product", "producer", "lot", "recall"}),
    (replace(GOOD, state=StampState.VOID), Verdict.VOID, set()),
    (replace(GOOD, state=StampState.VOID, lot=None), Verdict.VOID, set()),
    (replace(GOOD, state=StampState.REVOKED, revoked_on="2026-11-01"), Verdict.STAMP_REVOKED,
     {"revoked_on"}),
    (replace(GOOD, state=StampState.REVOKED, lot=None), Verdict.STAMP_REVOKED, set()),
    (replace(GOOD, state=StampState.ISSUED, lot=None), Verdict.NOT_ACTIVATED, {"product"}),
    (replace(GOOD, state=StampState.DELIVERED, lot=None), Verdict.NOT_ACTIVATED, {"product"}),
]  # fmt: skip
