"""The wire of reports, as the registry reads them."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem.vocabulary import Verdict
from tem_verifier.reports.report_rules import KINDS, is_number

MOST_LISTED = 500


def _storable(text: str) -> None:
    """Raises for what no database can keep: NUL, and half a character."""
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise ValidationError("A character here cannot be stored.")


def _number(text: str) -> None:
    """Raises for what is spelled as no report's number."""
    if not is_number(text):
        raise ValidationError("Not the number of a report.")


def _written(longest: int) -> Any:
    return fields.String(required=True, validate=[validate.Length(1, longest), _storable])


class ReportsQuery(Strict):
    """Query of GET /v1/reports."""

    state = fields.String(validate=validate.OneOf(("open", "closed")))
    after = fields.String(
        validate=_number,
        metadata={"description": "the last `report_id` you have"},
    )
    limit = QueryNumber(validate=validate.Range(1, MOST_LISTED), load_default=100)


class Handling(Strict):
    """Body of POST /v1/reports/{id}/handling."""

    by = _written(100)
    by.metadata["description"] = "the account that handled it"
    note = _written(2000)
    note.metadata["description"] = "what came of it"


class StampNamed(Strict):
    """A stamp on record."""

    batch = fields.Integer(required=True)
    index = fields.Integer(required=True)


class PositionShown(Strict):
    """Degrees, rounded to three decimals (about 110 m)."""

    lat = fields.Float(required=True)
    lng = fields.Float(required=True)


class ReportShown(Strict):
    """One report. What was not said is absent, or an empty text."""

    report_id = fields.String(required=True)
    stamp = fields.Nested(StampNamed, metadata={"description": "absent: no stamp on record"})
    verdict = fields.String(
        validate=validate.OneOf([str(one) for one in Verdict]),
        metadata={"description": "what the page said; absent: no code was looked up"},
    )
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    text = fields.String(required=True)
    place = fields.String(required=True)
    position = fields.Nested(PositionShown)
    has_photo = fields.Boolean(required=True)
    reported_at = fields.String(required=True, metadata={"format": "date-time"})
    state = fields.String(required=True, validate=validate.OneOf(("open", "closed")))
    handled_at = fields.String(metadata={"format": "date-time"})
    handled_by = fields.String()
    handling_note = fields.String()


class ReportsShown(Strict):
    """Reports in the order in which they came."""

    items = fields.List(fields.Nested(ReportShown), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "`after` of the next page"}
    )
