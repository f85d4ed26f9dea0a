"""The wire of withdrawals, of held stamps and of terms that end soon."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.http.wire import QueryNumber, Strict, WholeNumber
from tem_registry.fields import MAX_BATCH, Day, Id, Page, Words


class CertificateWithdrawal(Strict):
    """Body of POST /v1/certificates/{id}/withdrawal."""

    revoked_on = Day(metadata={"description": "left out: today; never a day to come"})
    decision_no = Words(
        100, metadata={"description": "this, a reason, or both", "example": "3763/QĐ-UBND"}
    )
    reason = Words(
        1000,
        metadata={
            "description": "for the office: never shown to the public",
            "example": "Không duy trì quy trình sản xuất đã công bố",
        },
    )

    @validates_schema
    def explained(self, data: dict[str, Any], **_: Any) -> None:
        """Decision or reason (domain 4.4)."""
        if not data.get("decision_no") and not data.get("reason"):
            raise ValidationError("Give the decision_no, the reason, or both.", "reason")


class RevokedRange(Strict):
    """Stamps that a withdrawal took along."""

    batch = WholeNumber(required=True)
    first = WholeNumber(required=True)
    last = WholeNumber(required=True)


class WithdrawalShown(Strict):
    """What a withdrawal did."""

    certificate_id = Id(required=True)
    product_id = Id(required=True)
    revoked_on = Day(required=True)
    revocation_decision_no = fields.String(required=True, allow_none=True)
    revocation_reason = fields.String(required=True, allow_none=True)
    still_recognised = fields.Boolean(
        required=True,
        metadata={"description": "another certificate is in force today: no stamp was revoked"},
    )
    stamps_revoked = WholeNumber(required=True, metadata={"example": 500})
    ranges = fields.List(fields.Nested(RevokedRange), required=True)


class LotThatMayBeActivated(Strict):
    """A lot made while a certificate stood: stamps may still be tied to it."""

    lot_id = Id(required=True)
    lot_code = fields.String(required=True)
    production_date = fields.Date(required=True)
    best_before = fields.Date(
        required=True, allow_none=True, metadata={"description": "the last day for it"}
    )
    units_left = WholeNumber(required=True)


class HeldBatch(Strict):
    """Usable stamps of a product that has no certificate in force today (giữ lại)."""

    batch = WholeNumber(required=True)
    product_id = Id(required=True)
    producer_id = Id(required=True)
    usable = WholeNumber(required=True, metadata={"description": "stamps issued or delivered"})
    certificate_id = fields.String(
        required=True, allow_none=True, metadata={"description": "the last one that stood"}
    )
    held_since = fields.Date(
        required=True, allow_none=True, metadata={"description": "the first day without one"}
    )
    lots = fields.List(fields.Nested(LotThatMayBeActivated), required=True)


class HeldQuery(Strict):
    """Query of the held stamps: what comes after a batch's number."""

    after = QueryNumber(load_default=0, validate=validate.Range(0, MAX_BATCH))
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class HeldBatchList(Strict):
    """Held stamps, batch by batch."""

    items = fields.List(fields.Nested(HeldBatch), required=True)
    next = fields.String()


class LapsingCertificate(Strict):
    """A certificate whose term ends soon, with none to follow it."""

    certificate_id = Id(required=True)
    product_id = Id(required=True)
    stars = WholeNumber(required=True)
    decision_no = fields.String(required=True)
    valid_until = Day(required=True)
    days_left = WholeNumber(required=True, metadata={"description": "0 on its last day"})


class LapsingQuery(Page):
    """Query of the terms that end soon."""

    days = QueryNumber(load_default=60, validate=validate.Range(0, 1100))


class LapsingCertificateList(Strict):
    """Terms that end soon, in order of the certificates' ids."""

    items = fields.List(fields.Nested(LapsingCertificate), required=True)
    next = fields.String()
