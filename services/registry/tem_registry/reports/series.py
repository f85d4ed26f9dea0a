"""Stamps over time: ordered, issued, activated in each period, and how many there were at its end.

Issued counts by the batch's day of issue, activated by the log of bindings: a correction that
unties stamps takes them off again on its own day, one that ties them to another lot changes
nothing. So the totals at the end of today are those of :mod:`tem_registry.reports.statistics`.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from tem.dates import ZONE, end_of_day
from tem_registry import tables
from tem_registry.reports.batch_groups import Chosen
from tem_registry.reports.csv_tables import written
from tem_registry.reports.periods import Period

HEADINGS = {
    "key": "Kỳ",
    "first": "Từ ngày",
    "last": "Đến hết ngày",
    "ordered": "Số tem đã đặt trong kỳ",
    "ordered_total": "Số tem đã đặt đến cuối kỳ",
    "issued": "Số tem đã phát hành trong kỳ",
    "issued_total": "Số tem đã phát hành đến cuối kỳ",
    "activated": "Đã kích hoạt lô sản xuất trong kỳ",
    "activated_total": "Đã kích hoạt lô sản xuất đến cuối kỳ",
    "not_activated": "Chưa kích hoạt lô sản xuất ở cuối kỳ",
}
_WITHDRAWN = ("rejected", "cancelled", "failed")  # orders that no stamp comes of
ByDay = dict[date, int]


def count(
    connection: Connection, of: Sequence[str], wanted: Sequence[Period], chosen: Chosen
) -> dict[str, Any]:
    """A row for each period; ``of`` names figures, ``chosen`` says whose, its days unused.

    ``<figure>`` is what the period added, ``<figure>_total`` what had come together by its end,
    what was before the first period included. ``not_activated`` is the difference of the totals
    of issued and activated, where both are asked for.
    """
    rows: list[dict[str, Any]] = [
        {"key": one.key, "first": one.first.isoformat(), "last": one.last.isoformat()}
        for one in wanted
    ]
    for figure in of:
        _add_up(figure, FIGURES[figure](connection, wanted[-1].last, chosen), wanted, rows)
    if {"issued", "activated"} <= set(of):
        for row in rows:
            row["not_activated"] = row["issued_total"] - row["activated_total"]
    return {"rows": rows, "total": {figure: sum(row[figure] for row in rows) for figure in of}}


def as_csv(
    connection: Connection, of: Sequence[str], wanted: Sequence[Period], chosen: Chosen
) -> bytes:
    """The same rows as a table for a spreadsheet."""
    rows = count(connection, of, wanted, chosen)["rows"]
    names = list(rows[0])
    header = [f"{HEADINGS[name]} [{name}]" for name in names]
    return written(header, ([row[name] for name in names] for row in rows))


def _add_up(
    figure: str, by_day: ByDay, wanted: Sequence[Period], rows: list[dict[str, Any]]
) -> None:
    total = sum(stamps for day, stamps in by_day.items() if day < wanted[0].first)
    days = sorted(day for day in by_day if day >= wanted[0].first)
    at = 0
    for period, row in zip(wanted, rows, strict=True):
        added = 0
        while at < len(days) and days[at] <= period.last:
            added += by_day[days[at]]
            at += 1
        total += added
        row[figure], row[f"{figure}_total"] = added, total


def _issued(connection: Connection, until: date, chosen: Chosen) -> ByDay:
    b = tables.stamp_batch.c
    query = (
        select(b.issued_on, func.sum(b.quantity))
        .join(tables.producer, tables.producer.c.id == b.producer_id)
        .where(b.issued_on <= until, *chosen.conditions())
        .group_by(b.issued_on)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _activated(connection: Connection, until: date, chosen: Chosen) -> ByDay:
    a, b = tables.activation.c, tables.stamp_batch.c
    stamps = a.last - a.first + 1
    tied = case((a.reason.is_(None), stamps), (a.lot_id.is_(None), -stamps), else_=0)
    query = (
        select(_day(connection, a.activated_at), func.sum(tied))
        .join(tables.stamp_batch, b.number == a.batch)
        .join(tables.producer, tables.producer.c.id == b.producer_id)
        .where(a.activated_at < end_of_day(until), *chosen.conditions())
    )
    return _by_day(connection, query)


def _ordered(connection: Connection, until: date, chosen: Chosen) -> ByDay:
    o, p = tables.stamp_order.c, tables.producer.c
    query = (
        select(_day(connection, o.requested_at), func.sum(o.quantity))
        .join(tables.producer, p.id == o.producer_id)
        .where(o.requested_at < end_of_day(until), o.state.not_in(_WITHDRAWN))
    )
    wanted = (
        (o.product_id, chosen.product_id),
        (o.producer_id, chosen.producer_id),
        (o.producer_id, chosen.own),
        (p.commune_code, chosen.commune),
    )
    query = query.where(*(column == value for column, value in wanted if value is not None))
    return _by_day(connection, query)


def _day(connection: Connection, instant: Any) -> Any:
    """The day in Vietnam as an expression; +07:00 on all days that we keep (tem.dates)."""
    if connection.dialect.name == "sqlite":
        return func.date(instant, "+7 hours").label("on_day")
    return func.date(func.timezone(ZONE, instant)).label("on_day")


def _by_day(connection: Connection, query: Select[Any]) -> ByDay:
    rows = connection.execute(query.group_by("on_day"))
    return {date.fromisoformat(str(row[0])): int(row[1]) for row in rows}


FIGURES: dict[str, Callable[[Connection, date, Chosen], ByDay]] = {
    "ordered": _ordered,
    "issued": _issued,
    "activated": _activated,
}
