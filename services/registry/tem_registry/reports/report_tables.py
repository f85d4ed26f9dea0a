"""Reports as tables for the office's spreadsheets: headings in Vietnamese, names beside keys.

Each heading ends in the member's name in brackets, as in the JSON of the same report.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tem_registry import tables
from tem_registry.catalogue import places
from tem_registry.reports.csv_tables import Cell, written

# Beside the key of a group: what all its batches have in common.
_BESIDE = {
    "batch": ("issued_on", "product_id", "product_name", "producer_id", "producer_name", "commune"),
    "product": ("product_name", "category_name", "producer_id", "producer_name"),
    "producer": ("producer_name", "commune"),
    "commune": ("commune",),
    "category": ("category_name",),
}
_BESIDE["order"] = ("batch", *_BESIDE["batch"])
HEADINGS = {
    "batch": "Đợt phát hành",
    "order": "Đơn đặt tem",
    "product": "Mã sản phẩm",
    "producer": "Mã cơ sở",
    "commune_key": "Mã xã, phường",
    "category": "Mã nhóm sản phẩm",
    "day": "Ngày phát hành",
    "month": "Tháng phát hành",
    "year": "Năm phát hành",
    "issued_on": "Ngày phát hành",
    "product_id": "Mã sản phẩm",
    "product_name": "Tên sản phẩm",
    "category_name": "Nhóm sản phẩm",
    "producer_id": "Mã cơ sở",
    "producer_name": "Tên cơ sở",
    "commune": "Xã, phường",
    "quantity": "Số tem đã phát hành",
    "activated": "Đã kích hoạt lô sản xuất",
    "not_activated": "Chưa kích hoạt lô sản xuất",
    "not_activated_usable": "Chưa kích hoạt, còn dùng được",
    "void": "Đã hủy khi chưa kích hoạt",
    "revoked": "Đã thu hồi tem khi chưa kích hoạt",
    "orders": "Số đơn",
    "stamps": "Số tem",
    "fee_vnd": "Tiền phôi tem (đồng)",
    "subsidy_vnd": "Chương trình hỗ trợ (đồng)",
    "total_vnd": "Tổng chi phí (đồng)",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What keys are called today."""

    products: Mapping[str, str]
    categories: Mapping[str, str]
    producers: Mapping[str, str]
    communes: Mapping[str, str]


def table(
    connection: Connection,
    by: str,
    rows: Iterable[Mapping[str, Any]],
    examples: Mapping[str, Any],
    figures: Sequence[str],
) -> bytes:
    """A report as CSV: a row of ``rows`` each, with what is known of one of its batches.

    ``examples`` holds one batch of each group by its key; ``figures`` are the columns of numbers.
    """
    names = _names(connection)
    beside = _BESIDE.get(by, ())
    key = "commune_key" if by == "commune" else by
    header = [f"{HEADINGS[key]} [key]"]
    header += [f"{HEADINGS[name]} [{name}]" for name in (*beside, *figures)]
    return written(
        header,
        (
            [
                row["key"],
                *(_told(name, examples[row["key"]], names) for name in beside),
                *(row[name] for name in figures),
            ]
            for row in rows
        ),
    )


def _told(name: str, batch: Any, names: Names) -> Cell:
    """What one column beside the key says of a batch."""
    found: dict[str, Cell] = {
        "batch": batch.number,
        "issued_on": batch.issued_on.isoformat(),
        "product_id": batch.product_id,
        "product_name": names.products.get(batch.product_id),
        "category_name": names.categories.get(batch.product_id),
        "producer_id": batch.producer_id,
        "producer_name": names.producers.get(batch.producer_id),
        "commune": names.communes.get(batch.commune_code),
    }
    return found[name]


def _names(connection: Connection) -> Names:
    products: dict[str, str] = {}
    categories: dict[str, str] = {}
    producers: dict[str, str] = {}
    communes = {code: one.name for code, one in places.communes().items()}
    for id, record in _records(connection, tables.product):
        products[id] = record["name"]
        category = places.categories().get(record["category_code"])
        categories[id] = category.name_vi if category else record["category_code"]
    for id, record in _records(connection, tables.producer):
        producers[id] = record["name"]
        address = record.get("address") or {}  # of another province: as its own address has it
        communes.setdefault(address.get("commune_code", ""), address.get("commune", ""))
    return Names(products, categories, producers, communes)


def _records(connection: Connection, table: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    rows = connection.execute(select(table.c.id, table.c.record).order_by(table.c.id))
    return ((row.id, json.loads(row.record)) for row in rows)
