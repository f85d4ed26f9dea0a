"""The wire of orders."""

from marshmallow import validate

from tem.wire import MAX_QUANTITY, Strict, WholeNumber
from tem_registry.fields import Id


class Order(Strict):
    """Body of POST /v1/orders: N stamps for one product."""

    product_id = Id(required=True)
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    quantity = WholeNumber(required=True, validate=validate.Range(1, MAX_QUANTITY))
