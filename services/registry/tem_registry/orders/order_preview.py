"""What an order would come to, or all that stands against it. It reads and changes nothing.

It asks the rules that :func:`tem_registry.orders.orders.request` asks.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.dates import vietnam_day
from tem_registry.catalogue import catalogue
from tem_registry.orders import declared_output
from tem_registry.orders.order_rules import approvals_required, order_refusals


def preview(
    connection: Connection,
    now: datetime,
    *,
    product_id: str,
    quantity: int,
    unit_fee_vnd: int,
    two_person_quantity: int,
    own: str | None = None,
) -> dict[str, Any]:
    """The fee in VND, the approvals it takes, and every refusal of ``quantity`` stamps.

    ``own`` is the producer that asks. ``beyond_declared_output`` stands apart from the refusals:
    a producer's order is accepted all the same and waits for the office's reason. Raises NotFound.
    """
    product = catalogue.product_for_rules(connection, product_id, own)
    refused = order_refusals(
        product,
        catalogue.certificates_of(connection, product_id),
        catalogue.statuses_of(connection, product.producer_id),
        vietnam_day(now),
    )
    beyond = declared_output.excess(connection, now, product, quantity)
    return {
        "product_id": product.id,
        "quantity": quantity,
        "unit_fee_vnd": unit_fee_vnd,
        "fee_vnd": unit_fee_vnd * quantity,
        "approvals_required": approvals_required(quantity, two_person_quantity),
        "refusals": [{"code": one.code, "detail": one.detail} for one in refused],
        **({"beyond_declared_output": beyond.shown()} if beyond else {}),
    }
