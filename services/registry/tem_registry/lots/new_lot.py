"""A lot about to be recorded: what its body tells, and what follows from it."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from tem.dates import info_expires_on, month_end
from tem.errors import Conflict, Invalid
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.lots import lot_rules
from tem_registry.lots.lot_rules import LotDates
from tem_registry.rules import Product
from tem_registry.settings import Settings

_c = tables.lot.c


def declared(body: dict[str, Any]) -> tuple[date | None, str]:
    """The date declared, and whether the label gives a day or only a month (its last day).

    A month is told as ``2027-12``, or as a record of ours has it: its last day, and ``precision``.
    """
    text = body.get("best_before")
    if text is None:
        return None, "day"
    if len(text) == 7:
        return month_end(date.fromisoformat(f"{text}-01")), "month"
    day = date.fromisoformat(text)
    is_month = body.get("precision") == "month" and day == month_end(day)
    return day, "month" if is_month else "day"


def check_producer(product: Product, body: dict[str, Any]) -> None:
    """Raises Invalid where a body names another producer than its product's."""
    if body.get("producer_id") not in (None, product.producer_id):
        raise Invalid("not_the_producer", f"{product.id} is made by {product.producer_id}.")


def dates_of(product: Product, body: dict[str, Any]) -> LotDates:
    """The best-before of a lot as its body tells it. Raises Invalid where dates contradict."""
    day, precision = declared(body)
    production = date.fromisoformat(body["production_date"])
    return lot_rules.lot_dates(product, production, day, precision)


def row_of(
    connection: Connection,
    config: Settings,
    product: Product,
    dates: LotDates,
    body: dict[str, Any],
) -> dict[str, Any]:
    """What is recorded of a new lot, all but its id and who recorded it when."""
    record = catalogue.find(connection, catalogue.KINDS["product"], product.id)
    production = date.fromisoformat(body["production_date"])
    months = config.window_months.of(product.category_code)
    return {
        "product_id": product.id,
        "producer_id": product.producer_id,
        "lot_code": body["lot_code"],
        "production_date": production,
        "production_date_kind": body.get("production_date_kind") or record["production_date_kind"],
        "best_before": dates.best_before,
        "info_expires_on": info_expires_on(dates.best_before) if dates.best_before else None,
        "window_ends_on": lot_rules.window_ends_on(dates.best_before, production, months),
        "undated": dates.best_before is None,
        "best_before_basis": dates.basis,
        "precision": declared(body)[1],
        "quantity": body["quantity"],
        "unit": body.get("unit") or record.get("unit") or "",
        "beyond_shelf_life": dates.beyond_shelf_life,
    }


def is_taken(connection: Connection, body: dict[str, Any]) -> bool:
    """Whether a lot of the same product has the code of a body, or any lot its ``lot_id``."""
    same_code = and_(_c.product_id == body["product_id"], _c.lot_code == body["lot_code"])
    same = or_(same_code, _c.id == body["lot_id"]) if body.get("lot_id") else same_code
    return connection.execute(select(_c.id).where(same).limit(1)).first() is not None


def taken(product_id: str, lot_code: str) -> Conflict:
    """What to say where a lot's code or id is taken."""
    return Conflict(
        "lot_exists", f"{product_id} has a lot {lot_code} already, or the lot_id is taken."
    )
