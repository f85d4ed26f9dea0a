"""What needs somebody today: the office's list of work, and each producer's own."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import vietnam_day
from tem_registry import tables
from tem_registry.reports import (
    worklist_batches,
    worklist_lots,
    worklist_orders,
    worklist_papers,
)
from tem_registry.reports.worklist_parts import Part, told
from tem_registry.reports.worklist_words import OFFICE, PRODUCER, Group

_NOTHING = Part(0, [])


def of_office(connection: Connection, now: datetime) -> dict[str, Any]:
    """The office's list: every group in its order, also an empty one."""
    today = vietnam_day(now)
    found = {
        **worklist_batches.batches(connection, None),
        "recall_in_force": worklist_lots.recalls_in_force(connection, now, None),
        "void_report_open": worklist_papers.void_reports(connection),
        "correction_open": worklist_papers.correction_requests(connection),
        "order_to_approve": worklist_orders.orders_to_approve(connection),
        "order_for_second_approval": worklist_orders.orders_for_second_approval(connection),
        "order_failed": worklist_orders.orders_failed(connection, now, None),
        "date_to_approve": worklist_lots.dates_to_approve(connection, now),
        "certificate_lapsing": worklist_papers.certificates_lapsing(connection, today, None),
        "import_open": worklist_papers.imports_open(connection),
    }
    return _shown(connection, now, OFFICE, found)


def of_producer(connection: Connection, now: datetime, own: str) -> dict[str, Any]:
    """A producer's list, of nothing but its own."""
    today = vietnam_day(now)
    found = {
        **worklist_batches.batches(connection, own),
        "recall_in_force": worklist_lots.recalls_in_force(connection, now, own),
        "lot_without_stamps": worklist_lots.lots_without_stamps(connection, now, own),
        "order_in_progress": worklist_orders.orders_in_progress(connection, own),
        "order_failed": worklist_orders.orders_failed(connection, now, own),
        "certificate_lapsing": worklist_papers.certificates_lapsing(connection, today, own),
    }
    return _shown(connection, now, PRODUCER, found)


def _shown(
    connection: Connection, now: datetime, groups: Mapping[str, Group], found: Mapping[str, Part]
) -> dict[str, Any]:
    """The groups as JSON, with the names of products and producers beside their ids."""
    today = vietnam_day(now)
    chosen = {code: found.get(code, _NOTHING) for code in groups}
    rows = [row for part in chosen.values() for row in part.rows]
    products = _records(connection, tables.product, (row.get("product_id") for row in rows))
    for row in rows:  # a certificate tells whose it is by its product
        if "product_id" in row:
            row.setdefault("producer_id", products[row["product_id"]]["producer_id"])
    producers = _records(connection, tables.producer, (row.get("producer_id") for row in rows))

    def item(row: dict[str, Any]) -> dict[str, Any]:
        shown = dict(told(row, today))
        if "product_id" in shown:
            shown["product_name"] = products[shown["product_id"]]["name"]
            shown["producer_name"] = producers[shown["producer_id"]]["name"]
        return shown

    return {
        "today": today.isoformat(),
        "count": sum(part.count for part in chosen.values()),
        "groups": [
            {
                "code": code,
                "kind": group.kind,
                "title": group.title._asdict(),
                "to_do": group.to_do._asdict(),
                "count": chosen[code].count,
                "items": [item(row) for row in chosen[code].rows],
            }
            for code, group in groups.items()
        ],
    }


def _records(
    connection: Connection, table: Any, ids: Iterable[str | None]
) -> dict[str, dict[str, Any]]:
    """Records of the catalogue by id."""
    query = select(table.c.id, table.c.record).where(table.c.id.in_({*ids} - {None}))
    return {row.id: json.loads(row.record) for row in connection.execute(query)}
