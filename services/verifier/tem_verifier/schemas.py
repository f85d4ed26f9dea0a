"""The verifier's wire: codes in, answers out, and the keys to check manifests with."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from tem_verifier.schemas_answer import Answer

MAX_CODES = 1000


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

    answers = fields.List(fields.Nested(Answer), required=True)


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
