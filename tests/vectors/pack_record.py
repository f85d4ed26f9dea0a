"""What the frozen packs hold: cards, bindings and batches, and codes of their stamps."""

import base64
import hashlib
from typing import Any

from tests.vectors.make_stamps import (
    MANIFEST_CONTEXT,
    OFFICE,
    TEST_BATCH,
    Key,
    Record,
    body,
    canonical,
    text,
)

NUMBERS = (1, 2, *range(7, 15), *range(20, 40), 500, TEST_BATCH, TEST_BATCH + 1)
KEYS = {number: Key(f"pack batch {number}") for number in NUMBERS}


def recognised(id: str, **differing: Any) -> Record:
    usual = {
        "certificate_id": id,
        "stars": 4,
        "decision_no": f"{id}/QĐ-UBND",
        "decision_date": "2024-10-15",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-10-15",
        "valid_until": "2027-10-15",
        "revoked_on": None,
        "revocation_decision_no": None,
    }
    return usual | differing


FIRST, LAPSED = recognised("C1"), recognised("C2", valid_until="2026-10-31")
RENEWED = recognised("C3", stars=5, valid_from="2026-11-20", valid_until="2029-11-20")
# Two of one day: the longer is withdrawn, the shorter runs on, and is no renewal.
LONGER = recognised("C5", revoked_on="2026-11-20", revocation_decision_no="8/QĐ")
SHORTER = recognised("C6", stars=3, valid_until="2027-01-01")
# Of equal terms the one that is not to be withdrawn counts, and of those the last by its id.
ENDING = recognised("C9", stars=1, revoked_on="2026-12-01")
TWINS = [recognised("C7", stars=3), ENDING, recognised("C8", stars=5)]
# Of these the last is the one that UTF-16 puts first.
BEYOND = [recognised("C\U0001f600", stars=5), recognised("C\uffee", stars=3)]
WITHDRAWN = recognised("C4", revoked_on="2026-11-20", revocation_decision_no="7/QĐ")
PRODUCTS: list[Record] = [
    {"product_id": "SP1", "name": "Nước mắm", "date_kind": "best_before", "certificates": [FIRST]},
    {"product_id": "SP2", "name": "Chả ram", "date_kind": "use_by", "gtin": "08931234567894",
     "certificates": [LAPSED, RENEWED]},
    {"product_id": "SP3", "name": "Cam bù", "date_kind": "none", "certificates": [WITHDRAWN]},
    {"product_id": "SP4", "name": "Kẹo cu đơ", "certificates": [SHORTER, LONGER]},
    {"product_id": "SP5", "name": "Mật ong", "certificates": TWINS},
    {"product_id": "SP6", "name": "Chè xanh", "certificates": BEYOND},
]  # fmt: skip
PRODUCERS: list[Record] = [
    {"producer_id": "P1", "name": "Hợp tác xã Sóng Lam", "producer_type": "cooperative",
     "statuses": [{"status": "suspended", "since": "2026-01-01"},
                  {"status": "active", "since": "2026-02-01"}]},
    {"producer_id": "P2", "name": "Hộ Kỳ Anh", "producer_type": "household",
     "statuses": [{"status": "active", "since": "2020-01-01"},
                  {"status": "suspended", "since": "2026-11-20"},
                  {"status": "ceased", "since": "2026-11-21"}]},
]  # fmt: skip


def recall(ordered_on: str, lifted_at: str | None = None) -> Record:
    told = {"kind": "mandatory", "ordered_by": "Sở Y tế", "decision_no": "12/QĐ"}
    reason = {"reason_public": "Vượt mức histamin"}
    return {**told, **reason, "ordered_on": ordered_on, "lifted_at": lifted_at}


def lot(code: str, **differing: Any) -> Record:
    usual = {
        "code": code,
        "production_date": "2026-06-01",
        "production_date_kind": "production_date",
        "best_before": "2027-05-31",
        "precision": "day",
        "info_expires_on": "2027-06-30",
        "window_ends_on": "2027-06-30",
        "recalls": [],
    }
    return usual | differing


def dated(code: str, best_before: str, window: str) -> Record:
    return lot(code, best_before=best_before, info_expires_on=window, window_ends_on=window)


LOTS: list[Record] = [
    {name: value for name, value in lot("L0").items() if name != "precision"},  # of a day
    dated("L1", "2026-11-20", "2026-12-20"),
    dated("L2", "2026-11-19", "2026-12-19"),
    dated("L3", "2026-10-19", "2026-11-19"),
    lot(
        "L4",
        recalls=[
            recall("2026-01-05", "2026-02-01T00:00:00Z"),
            recall("2026-11-10"),
            recall("2026-11-10") | {"decision_no": "13/QĐ"},
        ],
    ),
    lot("L5", recalls=[recall("2026-11-21")]),
    lot("L6", recalls=[recall("2026-11-01", "2026-11-20T02:59:59Z")]),
    {"closed": True, "undated": False},
    {"closed": True, "undated": True, "window_ends_on": "2026-11-01"},
    lot("L9", best_before=None, info_expires_on=None, window_ends_on="2027-01-31"),
    lot("L10", best_before=None, info_expires_on=None, window_ends_on="2026-11-19"),
]
# Those of activated stamps first, each in the place of its lot.
BINDINGS: list[list[Any]] = [
    *(["activated", place, None] for place in range(len(LOTS))),
    ["issued", -1, None],
    ["delivered", -1, None],
    ["void", -1, None],
    ["void", 4, None],
    ["revoked", -1, "2026-11-02"],
    ["revoked", 0, None],
]
# Stamp i of batch 7 has binding i - 1; of one more stamp nothing is known.
STAMPS = len(BINDINGS)


def manifest_of(number: int, quantity: int, product: int, producer: int) -> Record:
    """The fields of a batch's manifest, as the office says them."""
    digests = {
        name: hashlib.sha256(f"pack batch {number}: {name}".encode()).hexdigest()
        for name in ("code_file_sha256", "fingerprints_sha256", "hashes_sha256")
    }
    return {
        **digests,
        "batch": number,
        "format": "tem-manifest-v1",
        "host": "tem.example.vn",
        "issued_at": "2026-11-19T02:00:00Z",
        "last_index": quantity + 2,
        "office_key_id": OFFICE.id,
        "producer": PRODUCERS[producer]["producer_id"],
        "product": PRODUCTS[product]["product_id"],
        "public_key": KEYS[number].public.hex(),
        "quantity": quantity,
    }


def batch(
    number: int, quantity: int, product: int, producer: int, runs: list[int], /, **differing: Any
) -> list[Any]:
    """A row; ``differing`` are fields of the manifest, ``office`` who signs it, ``said`` how it
    is spelled."""
    office, said = differing.pop("office", OFFICE), differing.pop("said", canonical)
    fields = manifest_of(number, quantity, product, producer) | {"office_key_id": office.id}
    written = said(fields | differing)
    signature = office.sign(MANIFEST_CONTEXT + written.encode())
    text = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    return [number, written, text, product, producer, runs]


CONTENT: Record = {
    "products": PRODUCTS,
    "producers": PRODUCERS,
    "lots": LOTS,
    "bindings": BINDINGS,
    "batches": [
        batch(7, STAMPS + 1, 0, 0, [one for i in range(STAMPS) for one in (1, i)] + [1, -1]),
        batch(8, 1_000_000, 1, 1, [500_000, 0, 499_999, 2, 1, 12]),
        batch(9, 3, 2, 0, [3, 9]),
        batch(11, 5, 0, 0, [5, 0]),
        batch(12, 1, 3, 0, [1, 0]),
        batch(13, 1, 4, 0, [1, 0]),
        batch(14, 1, 5, 0, [1, 0]),
    ],
    "unavailable": [10],
}
CHANGES: Record = {
    "products": [],
    "producers": [[0, PRODUCERS[0] | {"name": "Hợp tác xã Sóng Lam 2"}]],
    "lots": [[0, lot("L0", recalls=[recall("2026-11-20")])], [len(LOTS), lot("L11")]],
    "bindings": [[STAMPS, ["activated", len(LOTS), None]]],
    "batches": [batch(9, 3, 2, 0, [1, 9, 1, 12, 1, STAMPS]), batch(500, 2, 0, 0, [2, STAMPS])],
    "removed": [11],
    "unavailable": [],
}


# What the files hold that are refused for something else.
SMALL: Record = {
    "products": [{"product_id": "SP1", "name": "Nước mắm", "certificates": []}],
    "producers": [{"producer_id": "P1", "name": "Hộ Kỳ Anh", "statuses": []}],
    "lots": [lot("L0")],
    "bindings": [["activated", 0, None]],
    "batches": [batch(7, 3, 0, 0, [3, 0])],
    "unavailable": [],
}
SANDBOX = SMALL | {"batches": [batch(TEST_BATCH, 1, 0, 0, [1, 0])]}
NO_CHANGES: Record = {name: [] for name in (*SMALL, "removed")}


def code(number: int, index: int, key: Key | None = None) -> str:
    signed = (key or KEYS[number]).sign(b"tem-stamp-v1\0" + body(number, index))
    return text(body(number, index) + signed)
