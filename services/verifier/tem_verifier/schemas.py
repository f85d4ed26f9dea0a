"""The verifier's wire: codes in, answers out, and the keys to check manifests with."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from tem.advice import Advice, Check
from tem.vocabulary import Note, Verdict

MAX_CODES = 1000
_TEXT, _PART = {"type": "string"}, {"type": "object"}
# An answer is passed on as it was made: this describes it, nothing is filtered or dumped.
ANSWER = {
    "description": "The JSON of a look-up; what a verdict does not show is absent.",
    "required": ["verdict", "notes", "reason", "reasons", "checked", "advice", "as_of"],
    "properties": {
        "verdict": {"type": "string", "enum": [str(one) for one in Verdict]},
        "notes": {"type": "array", "items": {"type": "string", "enum": [str(n) for n in Note]}},
        "reason": {**_TEXT, "description": "stable: why this verdict"},
        "reasons": {
            "type": "array",
            "items": _TEXT,
            "description": "the same, and `already_sold` where a till has sold it",
        },
        "checked": {
            "type": "array",
            "items": {"type": "string", "enum": [str(one) for one in Check]},
            "description": "which questions were asked; `sold` for retailers' keys alone",
        },
        "advice": {
            "type": "string",
            "enum": [str(one) for one in Advice],
            "description": "for a till: go on, call a person, or do not sell",
        },
        "as_of": {**_TEXT, "format": "date-time", "description": "how fresh the record was"},
        "stamp": {
            "type": "object",
            "required": ["batch", "index"],
            "properties": {"batch": {"type": "integer"}, "index": {"type": "integer"}},
        },
        "product": {**_PART, "description": "`image.url` is a path on this host"},
        "producer": _PART,
        "lot": _PART,
        "certificate": _PART,
        "points_of_sale": {"type": "array", "items": _PART},
        "recall": _PART,
        "revoked_on": {**_TEXT, "format": "date"},
        "info_expires_on": {**_TEXT, "format": "date"},
    },
}


class CodeList(fields.List[Any]):
    """At most :data:`MAX_CODES` texts; of more of them not one is looked at."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_CODES:
            raise ValidationError(f"Send at most {MAX_CODES} codes in one call.")
        return super()._deserialize(value, attr, data, **more)


class Codes(Schema):
    """Body of POST /v1/verifications."""

    class Meta:
        unknown = RAISE

    codes = CodeList(
        fields.String(required=True),
        required=True,
        validate=validate.Length(1, MAX_CODES),
        metadata={"description": "bare digits, or exactly our own URL of a stamp"},
    )


class Answers(Schema):
    """Answers in the order of the codes; each is the JSON of a look-up."""

    answers = fields.List(fields.Dict(metadata=ANSWER), required=True)


class OfficeKeyShown(Schema):
    """A public key of the office, and which batches it may vouch for."""

    key_id = fields.String(required=True, metadata={"description": "SHA-256 of the raw key"})
    public_key = fields.String(required=True, metadata={"description": "32 bytes, hexadecimal"})
    purpose = fields.String(required=True)
    first_batch = fields.Integer(required=True)
    last_batch = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": ["active", "frozen"]})
    accepted = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "digests of manifests that still count under a frozen key"},
    )


class TrustShown(Schema):
    """Whom this verifier believes."""

    format = fields.String(required=True)
    environment = fields.String(required=True, metadata={"enum": ["production", "sandbox"]})
    office_keys = fields.List(fields.Nested(OfficeKeyShown), required=True)
