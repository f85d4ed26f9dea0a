"""The wire of producers' requests to correct a wrong activation."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem_registry.activation.correction_request_rules import STATES
from tem_registry.fields import MAX_BATCH, Id, Page, Words
from tem_registry.stamps.schemas import StampRange


class CorrectionRequestBody(StampRange):
    """Body of POST /v1/batches/{n}/correction-requests."""

    lot_id = Id(
        required=True,
        allow_none=True,
        metadata={"description": "the right lot; null: the stamps are to be delivered again"},
    )
    reason = Words(
        500,
        required=True,
        metadata={
            "description": "20 characters at least; the correction is recorded under it",
            "example": "Dán nhầm cuộn tem của lô bên cạnh",
        },
    )


class AcceptanceBody(Strict):
    """Body of POST /v1/correction-requests/{id}/acceptance."""

    note = Words(500, metadata={"description": "its producer reads it"})


class RefusalBody(Strict):
    """Body of POST /v1/correction-requests/{id}/refusal."""

    note = Words(500, required=True, metadata={"description": "why; its producer reads it"})


class CorrectionRequestPage(Page):
    """Query of the list of requests."""

    state = fields.String(validate=validate.OneOf(STATES))
    batch = QueryNumber(validate=validate.Range(1, MAX_BATCH))
    order = fields.String(
        load_default="id",
        validate=validate.OneOf(["id", "newest"]),
        metadata={"description": "newest: the latest day comes first, then `after` downwards"},
    )


class CorrectionRequestShown(Schema):
    """A request and what the office made of it."""

    request_id = fields.String(required=True, metadata={"example": "CR-20261120-0a1b2c3d4e5f"})
    batch = fields.Integer(required=True)
    producer_id = fields.String(required=True)
    first = fields.Integer(required=True)
    last = fields.Integer(required=True)
    stamps = fields.Integer(required=True)
    lot_id = fields.String(
        required=True, allow_none=True, metadata={"description": "null: to no lot"}
    )
    reason = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": STATES})
    requested_at = fields.String(required=True, metadata={"format": "date-time"})
    decided_at = fields.String(metadata={"format": "date-time"})
    decision_note = fields.String()
    requested_by = fields.String(metadata={"description": "for office and auditor only"})
    decided_by = fields.String(metadata={"description": "for office and auditor only"})


class CorrectionRequestList(Schema):
    """A page of requests, oldest day first."""

    items = fields.List(fields.Nested(CorrectionRequestShown), required=True)
    next = fields.String(metadata={"description": "send it as `after`; absent at the end"})
