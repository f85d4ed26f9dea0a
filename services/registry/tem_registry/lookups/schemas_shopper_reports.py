"""The wire of shoppers' reports."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem.vocabulary import StampState
from tem_registry.fields import Words
from tem_registry.lookups.answers import REPORT_STATES

STATES = list(REPORT_STATES)


class ShopperReportPage(Strict):
    """Query of the list."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    after = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[A-Za-z0-9-]{1,40}\Z"),
        metadata={"description": "the report after which to go on, as `next` said"},
    )
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class HandlingBody(Strict):
    """Body of POST /v1/shopper-reports/{id}/handling."""

    note = Words(
        500,
        required=True,
        metadata={"description": "what came of it", "example": "Đã gọi cửa hàng (mẫu)"},
    )


class StampNamed(Schema):
    """The stamp a report is about, as the registry has it now."""

    serial = fields.String(required=True)
    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": [str(one) for one in StampState]})
    lot_id = fields.String()
    product_id = fields.String(required=True)
    product_name = fields.String(required=True)
    producer_id = fields.String(required=True)
    producer_name = fields.String(required=True)


class Place(Schema):
    """Where it was sent from, if that was offered: degrees, to about 110 m."""

    lat = fields.Float(required=True)
    lng = fields.Float(required=True)


class ShopperReportShown(Schema):
    """A report as it was sent, and what came of it."""

    report_id = fields.String(required=True, metadata={"example": "261122-K7QF3"})
    state = fields.String(required=True, metadata={"enum": STATES})
    reported_at = fields.String(required=True, metadata={"format": "date-time"})
    kind = fields.String(required=True)
    text = fields.String()
    place = fields.String()
    position = fields.Nested(Place)
    verdict = fields.String(metadata={"description": "what the page said; absent: none asked"})
    has_photo = fields.Boolean(required=True)
    stamp = fields.Nested(StampNamed, metadata={"description": "absent: none of ours is named"})
    handled_at = fields.String(metadata={"format": "date-time"})
    handled_by = fields.String()
    handling_note = fields.String()


class ShopperReportList(Schema):
    """A page of reports, in the order in which they came."""

    items = fields.List(fields.Nested(ShopperReportShown), required=True)
    next = fields.String(metadata={"description": "send it as `after`; absent at the end"})


def photo_answer() -> dict[str, object]:
    """How the document describes a photo."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = dict.fromkeys(("image/jpeg", "image/png", "image/webp"), binary)
    return {"description": "The photo", "content": content}
