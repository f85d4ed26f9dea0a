"""The wire of lots and recalls."""

from marshmallow import Schema, fields, validate

from tem.wire import Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, Day, DayOrMonth, Id, Page, Words
from tem_registry.stamps.schemas import StampRange

KINDS_OF_RECALL = ["voluntary", "mandatory"]
KINDS_OF_DATE = ["production_date", "packing_date"]


def _day(description: str, example: str) -> fields.String:
    """A date of an answer; null where there is none."""
    described = {"description": description, "format": "date", "example": example}
    return fields.String(allow_none=True, metadata=described)


def _instant(description: str) -> fields.String:
    described = {"description": description, "format": "date-time"}
    return fields.String(allow_none=True, metadata={**described, "example": "2026-11-22T02:00:00Z"})


class Lot(Strict):
    """Body of POST /v1/lots. ``best_before`` may be left to the product's shelf life."""

    lot_id = Id()
    product_id = Id(required=True, metadata={"example": "HT-SP001"})
    producer_id = Id(metadata={"description": "must be the product's own, if given"})
    lot_code = Words(60, required=True, metadata={"example": "L261120-A1"})
    production_date = Day(required=True, metadata={"example": "2026-11-20"})
    production_date_kind = fields.String(
        validate=validate.OneOf(KINDS_OF_DATE), metadata={"description": "the product's, if absent"}
    )
    best_before = DayOrMonth(
        allow_none=True,
        load_default=None,
        metadata={"description": "a day, or a month as 2027-11", "example": "2027-11-20"},
    )
    quantity = WholeNumber(
        required=True, validate=validate.Range(1, 100_000_000), metadata={"example": 1200}
    )
    unit = Words(40, metadata={"example": "chai"})


class LotPage(Page):
    """Query of the list of lots."""

    product = Id(metadata={"description": "a product's id"})
    recalled = fields.Boolean(
        truthy={"true"}, falsy={"false"}, metadata={"description": "with, or without, a recall"}
    )
    q = Words(60, metadata={"description": "how the lot code begins, letter by letter"})


class LotShown(Schema):
    """A lot on record. A purged one has none: 410."""

    lot_id = fields.String(metadata={"example": "L-9f3c01d2aa47"})
    product_id = fields.String(metadata={"example": "HT-SP001"})
    producer_id = fields.String(metadata={"example": "HT-P001"})
    lot_code = fields.String(metadata={"example": "L261120-A1"})
    production_date = fields.String(metadata={"format": "date", "example": "2026-11-20"})
    production_date_kind = fields.String(validate=validate.OneOf(KINDS_OF_DATE))
    best_before = _day("null where the label declares none", "2027-11-20")
    best_before_basis = fields.String(metadata={"example": "computed_from_shelf_life"})
    precision = fields.String(validate=validate.OneOf(["day", "month"]))
    info_expires_on = _day("best-before and one month; null without one", "2027-12-20")
    quantity = fields.Integer(metadata={"description": "units", "example": 1200})
    unit = fields.String(metadata={"example": "chai"})
    stamps_activated = fields.Integer(
        metadata={"description": "tied to it, those voided or revoked since included"}
    )
    needs_date_approval = fields.Boolean(
        metadata={"description": "its date lies beyond the shelf life; the office has to accept it"}
    )
    recalled = fields.Boolean(metadata={"description": "a recall is not lifted"})


class RecallShown(Schema):
    """One recall of a lot."""

    kind = fields.String(validate=validate.OneOf(KINDS_OF_RECALL))
    ordered_on = fields.String(metadata={"format": "date", "example": "2026-11-20"})
    ordered_by = fields.String(metadata={"example": "Chi cục Quản lý chất lượng (mẫu)"})
    decision_no = fields.String(allow_none=True, metadata={"example": "12/QĐ-CCQLCL (mẫu)"})
    reason_public = fields.String(metadata={"example": "Vượt mức histamin (mẫu)"})
    lifted_at = _instant("null while it is in force")


class LotInFull(LotShown):
    """A lot with its recalls, oldest first."""

    record_ends_on = fields.String(
        metadata={
            "description": "the last day on which its record must be kept; a purge is refused",
            "format": "date",
            "example": "2028-11-20",
        }
    )
    recalls = fields.List(fields.Nested(RecallShown))


class LotList(Schema):
    """Lots in the order of their ids."""

    items = fields.List(fields.Nested(LotShown))
    next = fields.String(metadata={"description": "the next page's `after`; absent at the end"})


class Activation(StampRange):
    """Body of POST /v1/lots/{id}/activations."""

    batch = WholeNumber(
        required=True, validate=validate.Range(1, MAX_BATCH), metadata={"example": 12}
    )


class ActivationShown(Schema):
    """Stamps tied to a lot."""

    lot_id = fields.String()
    batch = fields.Integer(metadata={"example": 12})
    first = fields.Integer(metadata={"example": 101})
    last = fields.Integer(metadata={"example": 120})
    stamps = fields.Integer(metadata={"example": 20})
    activated_at = _instant("when")


class Recall(Strict):
    """Body of POST /v1/lots/{id}/recall."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS_OF_RECALL))
    ordered_on = Day(metadata={"description": "today, if absent"})
    ordered_by = Words(300, required=True, metadata={"example": "Chi cục (mẫu)"})
    decision_no = Words(
        100, allow_none=True, load_default=None, metadata={"example": "12/QĐ-CCQLCL (mẫu)"}
    )
    reason_public = Words(
        1000,
        required=True,
        metadata={"description": "shown to everybody", "example": "Vượt mức histamin (mẫu)"},
    )


class Recalled(Schema):
    """A recall that has been made public."""

    lot_id = fields.String()
    recalled = fields.Boolean()
    ordered_on = fields.String(metadata={"format": "date", "example": "2026-11-20"})


class Lift(Strict):
    """Body of POST /v1/lots/{id}/recall/lift."""

    reason = Words(
        1000, metadata={"description": "kept in the audit trail", "example": "Kiểm nghiệm lại đạt"}
    )


class Lifted(Schema):
    """A recall that is over."""

    lot_id = fields.String()
    recalled = fields.Boolean()
    lifted_at = _instant("when: from this instant on the stamps say something else")


class Purged(Schema):
    """A lot whose record is destroyed."""

    lot_id = fields.String()
    purged_at = _instant("when")
