"""The wire of producers' reports on stamps that are damaged, misprinted, lost or stolen."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem_registry.fields import MAX_BATCH, Id, Page, Words
from tem_registry.stamps.schemas import KINDS, RangeWithReason

REPORT_STATES = ["open", "confirmed", "dismissed"]


class VoidReportBody(RangeWithReason):
    """Body of POST /v1/batches/{n}/void-reports."""

    kind = fields.String(
        required=True, validate=validate.OneOf(KINDS), metadata={"example": "damaged"}
    )
    photo = Id(metadata={"description": "a file the producer has sent to /v1/files"})


class DismissalBody(Strict):
    """Body of POST /v1/void-reports/{id}/dismissal."""

    note = Words(500, required=True, metadata={"description": "why; its producer reads it"})


class VoidReportPage(Page):
    """Query of the list of reports."""

    state = fields.String(validate=validate.OneOf(REPORT_STATES))
    batch = QueryNumber(validate=validate.Range(1, MAX_BATCH))
    order = fields.String(
        load_default="id",
        validate=validate.OneOf(["id", "newest"]),
        metadata={"description": "newest: the latest day comes first, then `after` downwards"},
    )


class VoidReportShown(Schema):
    """A report and what the office made of it."""

    report_id = fields.String(required=True, metadata={"example": "VR-20261120-0a1b2c3d4e5f"})
    batch = fields.Integer(required=True)
    producer_id = fields.String(required=True)
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    stamps = fields.Integer(required=True)
    kind = fields.String(required=True, metadata={"enum": KINDS})
    reason = fields.String(required=True)
    photo = fields.String(metadata={"description": "a file: GET /v1/files/{id}"})
    state = fields.String(required=True, metadata={"enum": REPORT_STATES})
    reported_at = fields.String(required=True, metadata={"format": "date-time"})
    decided_at = fields.String(metadata={"format": "date-time"})
    decision_note = fields.String()
    reported_by = fields.String(metadata={"description": "for office and auditor only"})
    decided_by = fields.String(metadata={"description": "for office and auditor only"})


class VoidReportList(Schema):
    """A page of reports, oldest day first."""

    items = fields.List(fields.Nested(VoidReportShown), required=True)
    next = fields.String(metadata={"description": "send it as `after`; absent at the end"})
