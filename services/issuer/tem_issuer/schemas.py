"""The issuer's wire: what comes in and goes out, with its limits."""

import re
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from tem_issuer.settings import MAX_QUANTITY

IDENTIFIER = validate.Regexp(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z", re.ASCII),
    error="An id is 1 to 64 of A-Z a-z 0-9 . _ : - and begins with a letter or digit.",
)


class Strict(Schema):
    """Unknown fields are refused: a misspelt one would otherwise be lost in silence."""

    class Meta:
        unknown = RAISE


class WholeNumber(fields.Integer):
    """A JSON integer: no text, no fraction, no true."""

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return int(super()._validated(value) or 0)


class QueryNumber(fields.Integer):
    """A whole number in a query: up to ten digits 0-9 and nothing else."""

    def _validated(self, value: Any) -> int:
        if not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value, re.ASCII)):
            raise self.make_error("invalid")
        return int(value)


class BatchOrder(Strict):
    """Body of POST /v1/batches."""

    product_id = fields.String(required=True, validate=IDENTIFIER)
    producer_id = fields.String(required=True, validate=IDENTIFIER)
    quantity = WholeNumber(required=True, validate=validate.Range(1, MAX_QUANTITY))
    reference = fields.String(validate=IDENTIFIER)


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


class Empty(Strict):
    """A body without members."""


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
