"""The wire of lots and recalls."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, validate

from tem.http.wire import Strict, WholeNumber
from tem_registry.fields import DERIVED, MAX_BATCH, Day, DayOrMonth, Flag, Id, Page, Words
from tem_registry.stamps.schemas import STATE, StampRange

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
    """What is told of a lot. ``best_before`` may be left to the product's shelf life."""

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
    precision = fields.String(
        validate=validate.OneOf(["day", "month"]),
        metadata={"description": "month: best_before is the last day of the month on the label"},
    )


# What a lot's record holds beside what its maker tells: members of ``shared/sample`` and of our
# own answers. A record read somewhere may be sent as it is.
NOT_TOLD = (
    *("best_before_basis", "stamps_activated", "activated_at", "activated_by", "status"),
    *("edge_case", "sample", "expected", "info_expires_on", "needs_date_approval"),
    *("record_ends_on", "recalls", "units_left", "stamps_tied"),
)
_IGNORED = {"readOnly": True, "description": DERIVED}
_ELSEWHERE = "refused with not_taken_here if it tells of anything: recall, activation are calls"


class _Record(Strict):
    """A body that may hold members which are not its sender's to tell: they are dropped."""

    class Meta(Strict.Meta):
        include: ClassVar = {
            name: fields.Raw(allow_none=True, metadata=_IGNORED) for name in NOT_TOLD
        }

    @post_load
    def without_the_rest(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What is ours to work out is not taken from others."""
        return {name: value for name, value in body.items() if name not in NOT_TOLD}


class NewLot(_Record, Lot):
    """Body of POST /v1/lots."""

    recall = fields.Dict(allow_none=True, metadata={"description": _ELSEWHERE})
    recalled = Flag(metadata={"description": _ELSEWHERE})
    stamp_ranges = fields.List(fields.Dict(), metadata={"description": _ELSEWHERE})


class LotCorrection(_Record):
    """Body of PATCH /v1/lots/{id}: what is to be otherwise. Ids may be sent, but not changed."""

    lot_id = Id()
    product_id = Id()
    producer_id = Id()
    lot_code = Words(60, metadata={"example": "L261120-A1"})
    production_date = Day(metadata={"example": "2026-11-20"})
    production_date_kind = fields.String(validate=validate.OneOf(KINDS_OF_DATE))
    best_before = DayOrMonth(
        allow_none=True,
        metadata={"description": "a day, or a month as 2027-11; null: by the shelf life"},
    )
    precision = fields.String(validate=validate.OneOf(["day", "month"]))
    quantity = WholeNumber(validate=validate.Range(1, 100_000_000), metadata={"example": 1200})
    unit = Words(40, metadata={"example": "chai"})
    recalled = Flag(metadata=_IGNORED)
    reason = Words(
        1000,
        metadata={
            "description": "of 20 characters at least once stamps are tied to the lot",
            "example": "Nhầm ngày sản xuất khi nhập lô",
        },
    )


class LotPage(Page):
    """Query of the list of lots."""

    product = Id(metadata={"description": "a product's id"})
    recalled = fields.Boolean(
        truthy={"true"}, falsy={"false"}, metadata={"description": "with, or without, a recall"}
    )
    q = Words(60, metadata={"description": "how the lot code begins, letter by letter"})
    order = fields.String(
        load_default="id",
        validate=validate.OneOf(["id", "newest"]),
        metadata={"description": "newest: those recorded last come first"},
    )


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
    units_left = fields.Integer(
        metadata={"description": "how many stamps may still be tied to it", "example": 1180}
    )
    needs_date_approval = fields.Boolean(
        metadata={
            "description": "its date lies beyond the shelf life, or was made later once it had "
            "stamps; the office has to accept it"
        }
    )
    recalled = fields.Boolean(metadata={"description": "a recall of it is not over"})


class RecallShown(Schema):
    """One recall of a lot."""

    kind = fields.String(validate=validate.OneOf(KINDS_OF_RECALL))
    ordered_on = fields.String(metadata={"format": "date", "example": "2026-11-20"})
    ordered_by = fields.String(metadata={"example": "Chi cục Quản lý chất lượng (mẫu)"})
    decision_no = fields.String(allow_none=True, metadata={"example": "12/QĐ-CCQLCL (mẫu)"})
    reason_public = fields.String(metadata={"example": "Vượt mức histamin (mẫu)"})
    lifted_at = _instant("null while it is in force")


class TiedRange(Schema):
    """Stamps of a batch that are alike and tied to the lot."""

    batch = fields.Integer(required=True, metadata={"example": 12})
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    state = fields.String(required=True, metadata=STATE)


class LotInFull(LotShown):
    """A lot with its stamps and its recalls, oldest first."""

    record_ends_on = fields.String(
        metadata={
            "description": "the last day on which its record must be kept; a purge is refused",
            "format": "date",
            "example": "2028-11-20",
        }
    )
    recalls = fields.List(fields.Nested(RecallShown))
    stamps_tied = fields.List(
        fields.Nested(TiedRange),
        metadata={"description": "in order; those voided or revoked since included"},
    )


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
    """The public notice of a recall."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS_OF_RECALL))
    ordered_on = Day(metadata={"description": "today, if absent"})
    ordered_by = Words(
        300,
        load_default="Văn phòng Điều phối nông thôn mới tỉnh Hà Tĩnh",
        metadata={"description": "the office, if absent", "example": "Chi cục (mẫu)"},
    )
    decision_no = Words(
        100, allow_none=True, load_default=None, metadata={"example": "12/QĐ-CCQLCL (mẫu)"}
    )
    reason_public = Words(
        1000,
        required=True,
        metadata={"description": "shown to everybody", "example": "Vượt mức histamin (mẫu)"},
    )


def _not_lifted(_: str) -> None:
    raise ValidationError("A recall is lifted by POST /v1/lots/{id}/recall/lift.")


class Notice(Recall):
    """Body of POST /v1/lots/{id}/recall."""

    lifted_on = fields.String(
        allow_none=True,
        validate=_not_lifted,
        metadata={"description": "null or absent: a recall is lifted by POST …/recall/lift"},
    )

    @post_load
    def without_the_end(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A null says nothing."""
        return {name: value for name, value in body.items() if name != "lifted_on"}


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
