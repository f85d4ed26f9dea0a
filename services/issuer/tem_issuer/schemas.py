"""The issuer's wire: what comes in and goes out, with its limits."""

import re

from marshmallow import Schema, fields, validate

from tem.http.wire import IDENTIFIER, MAX_QUANTITY, QueryNumber, Strict, WholeNumber


class BatchOrder(Strict):
    """Body of POST /v1/batches."""

    product_id = fields.String(required=True, validate=IDENTIFIER, metadata={"example": "HT-SP001"})
    producer_id = fields.String(required=True, validate=IDENTIFIER, metadata={"example": "HT-P001"})
    quantity = WholeNumber(
        required=True, validate=validate.Range(1, MAX_QUANTITY), metadata={"example": 1000}
    )
    reference = fields.String(validate=IDENTIFIER, metadata={"example": "DH-1a2b3c"})


class BatchShown(Schema):
    """A batch as the issuer shows it; ``manifest`` and ``signature`` once released."""

    number = fields.Integer(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["reserved", "signing", "released", "failed"])
    )
    quantity = fields.Integer(required=True)
    signed = fields.Integer(required=True, metadata={"description": "stamps signed so far"})
    product_id = fields.String(required=True)
    producer_id = fields.String(required=True)
    reference = fields.String()
    created_at = fields.String(required=True)
    released_at = fields.String()
    printed_at = fields.String()
    codes = fields.String(validate=validate.OneOf(["none", "kept", "destroyed"]))
    manifest = fields.String(metadata={"description": "canonical JSON, exactly as signed"})
    signature = fields.String(metadata={"description": "Ed25519 over the manifest, hex"})


class BatchList(Schema):
    """A page of batches; ``next`` is the number to ask after, absent on the last page."""

    items = fields.List(fields.Nested(BatchShown), required=True)
    next = fields.Integer()


class Page(Strict):
    """Query of a list."""

    after = QueryNumber(load_default=0, validate=validate.Range(0, 2**32))
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class SheetQuery(Strict):
    """Query of a sheet: which stamps, on which template."""

    first = QueryNumber(load_default=1, validate=validate.Range(1, 2**24))
    last = QueryNumber(validate=validate.Range(1, 2**24))
    template = fields.String(
        validate=validate.Regexp(re.compile(r"[1-9][0-9]?x[1-9][0-9]?\Z", re.ASCII)),
        metadata={"description": "rows x columns, for instance 9x8"},
    )
    size = fields.Float(
        validate=validate.Range(8, 60), metadata={"description": "side of a symbol in mm"}
    )
