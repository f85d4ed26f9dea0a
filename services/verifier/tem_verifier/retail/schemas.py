"""The wire of sales and returns: what a till tells, and what it is told."""

import re
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from tem.advice import Advice, Check
from tem.dates import parse_instant
from tem.http.wire import Strict
from tem.vocabulary import Verdict
from tem_verifier.retail.sale_rules import Outcome, Refused
from tem_verifier.retail.tables import NAME_LENGTH

MAX_ITEMS = 1000
_STORE = re.compile(rf"[\w .@:+-]{{1,{NAME_LENGTH}}}")
_REFERENCE = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,60}")
_CODE = {"description": "bare digits, or exactly our own URL of a stamp"}


class Instant(fields.Field[datetime]):
    """A moment with its offset from UTC."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("Write it as text: 2026-11-20T09:00:00+07:00.")
        try:
            return parse_instant(value)
        except ValueError as error:
            raise ValidationError(f"Not a time: {error}.") from error


def _when(description: str) -> Instant:
    told = {"type": "string", "format": "date-time", "example": "2026-11-20T09:00:00+07:00"}
    return Instant(metadata={**told, "description": description})


def _matching(pattern: re.Pattern[str], error: str) -> Any:
    def check(text: str) -> None:
        if not pattern.fullmatch(text):
            raise ValidationError(error)

    return check


class Item(Strict):
    """What a sale and a return have in common. Nothing about who bought."""

    code = fields.String(required=True, metadata=_CODE)
    store = fields.String(
        validate=_matching(_STORE, "1 to 60 letters, digits, blanks or . @ : + -"),
        metadata={"description": "demanded of a key for all stores; else it may be left out"},
    )
    reference = fields.String(
        validate=_matching(_REFERENCE, "1 to 60 characters that can be printed."),
        metadata={"description": "yours: given back with the outcome, never kept"},
    )


class Sale(Item):
    """One sale."""

    sold_at = _when("now if left out; at most 31 days ago, 5 minutes ahead")


class Return(Item):
    """One return."""

    returned_at = _when("now if left out; at most 31 days ago, 5 minutes ahead")


class Items(fields.List[Any]):
    """At most :data:`MAX_ITEMS`; of more of them not one is looked at."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_ITEMS:
            raise ValidationError(f"Send at most {MAX_ITEMS} in one call.")
        return super()._deserialize(value, attr, data, **more)


def _items(schema: type[Schema]) -> Items:
    told = {"description": "in place of a single one's members"}
    return Items(fields.Nested(schema), validate=validate.Length(1, MAX_ITEMS), metadata=told)


class _OneOrMany(Schema):
    """Either the members of one item, or a list of items under a name; loads as that list."""

    many_name: str

    @validates_schema
    def one_or_many(self, body: dict[str, Any], **_: Any) -> None:
        """Raises ValidationError for neither, and for both."""
        if self.many_name not in body and "code" not in body:
            raise ValidationError("Missing data for required field.", "code")
        if self.many_name in body and len(body) > 1:
            raise ValidationError(f"Send either `{self.many_name}` or one `code`.")

    @post_load
    def as_list(self, body: dict[str, Any], **_: Any) -> list[dict[str, Any]]:
        """The items."""
        many: list[dict[str, Any]] = body.get(self.many_name, [body])
        return many


class Sales(_OneOrMany, Sale):
    """Body of POST /v1/sales."""

    many_name = "sales"
    code = fields.String(metadata=_CODE)
    sales = _items(Sale)


class Returns(_OneOrMany, Return):
    """Body of POST /v1/returns."""

    many_name = "returns"
    code = fields.String(metadata=_CODE)
    returns = _items(Return)


class StampShown(Schema):
    """Which stamp it is."""

    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)


def _word(*words: str, required: bool = True, description: str = "") -> fields.String:
    told = {"enum": [*words]} | ({"description": description} if description else {})
    return fields.String(required=required, metadata=told)


class Became(Schema):
    """What became of one item, and the verdict on its stamp at this moment."""

    code = _word(*Refused, required=False, description="of a refused one, stable: why")
    detail = fields.String(metadata={"description": "of a refused one: what to do next"})
    reference = fields.String(metadata={"description": "as it was sent"})
    stamp = fields.Nested(StampShown)
    verdict = _word(*Verdict)
    reason = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    checked = fields.List(fields.String(metadata={"enum": [*Check]}), required=True)
    advice = _word(*Advice, description="for a till: go on, call a person, or do not sell")
    as_of = fields.String(required=True, metadata={"format": "date-time"})


_STORE_SHOWN = {"description": "where it was sold: for the same chain alone"}
_SOLD_AT = {"format": "date-time", "description": "of the sale that stands"}


class SaleShown(Became):
    """Of a sale."""

    outcome = _word(Outcome.SOLD, Outcome.ALREADY_SOLD, Outcome.REFUSED)
    sold_at = fields.String(metadata=_SOLD_AT)
    store = fields.String(metadata=_STORE_SHOWN)


class SalesShown(Schema):
    """In the order of the sales."""

    sales = fields.List(fields.Nested(SaleShown), required=True)


class ReturnShown(Became):
    """Of a return."""

    outcome = _word(
        *(Outcome.RETURNED, Outcome.NOT_SOLD, Outcome.NOT_SOLD_HERE, Outcome.TOO_LATE),
        Outcome.REFUSED,
    )
    returned_at = fields.String(metadata={"format": "date-time"})


class ReturnsShown(Schema):
    """In the order of the returns."""

    returns = fields.List(fields.Nested(ReturnShown), required=True)
