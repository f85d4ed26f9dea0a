"""What recording a lot would write down, what refuses it, and what would refuse its stamps."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.errors import TemError
from tem_registry.activation import activation, activation_preview
from tem_registry.catalogue import catalogue
from tem_registry.lots import lot_answers, lot_rules, new_lot
from tem_registry.lots.lots import Lot
from tem_registry.rules import Product
from tem_registry.settings import Settings


def preview(
    connection: Connection,
    now: datetime,
    config: Settings,
    body: dict[str, Any],
    own: str | None = None,
) -> dict[str, Any]:
    """What ``POST /v1/lots`` would record of a body now; nothing is changed.

    ``refusals`` are why it would not; ``warnings`` why the lot, once recorded, could not have its
    stamps activated today; ``activation`` what activating the body's ``stamps`` for it would do.
    ``would`` is None where the dates contradict. Raises NotFound, also for another producer's
    product or stamps.
    """
    wanted, body = body.get("stamps"), {n: value for n, value in body.items() if n != "stamps"}
    product = catalogue.product_for_rules(connection, body["product_id"], own)
    refusals = []
    for check in (lot_rules.check_new, lambda told: new_lot.check_producer(product, told)):
        try:
            check(body)
        except TemError as refused:
            refusals.append(_told(refused))
    lot = None
    try:
        lot = _lot(connection, config, product, body)
    except TemError as refused:
        refusals.append(_told(refused))
    if new_lot.is_taken(connection, body):
        refusals.append(_told(new_lot.taken(product.id, body["lot_code"])))
    warnings = activation.lot_refusals(connection, lot, 0, 0, now) if lot is not None else []
    tied = None
    if lot is not None and wanted is not None:
        tied = activation_preview.of_lot(connection, now, lot, **wanted, own=own)
    return {
        "would": _shown(lot) if lot is not None else None,
        "refusals": refusals,
        "warnings": [{"code": one.code, "detail": one.detail} for one in warnings],
        "activation": tied,
    }


def _told(refused: TemError) -> dict[str, str]:
    return {"code": refused.code, "detail": refused.detail}


def _lot(connection: Connection, config: Settings, product: Product, body: dict[str, Any]) -> Lot:
    """The lot as it would stand on record, its id aside."""
    dates = new_lot.dates_of(product, body)
    row = new_lot.row_of(connection, config, product, dates, body)
    del row["undated"]
    return Lot(id="", beyond_approved_by=None, **row)


def _shown(lot: Lot) -> dict[str, Any]:
    told = lot_answers.recorded(lot)
    del told["lot_id"]
    window = lot.window_ends_on.isoformat()
    return {**told, "window_ends_on": window, "needs_date_approval": lot.beyond_shelf_life}
