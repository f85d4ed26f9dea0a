"""The wire of webhooks."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from tem.http.wire import Strict, WholeNumber
from tem.vocabulary import EventType
from tem_verifier.changes.schemas import MAX_SEQ
from tem_verifier.webhook_addresses import MAX_URL

_TYPES = [str(one) for one in EventType]
_URL = {"description": "https, at port 443 or 8443", "example": "https://tills.example.vn/tem"}


def _time(description: str = "", *, required: bool = False) -> fields.String:
    told = {"description": description} if description else {}
    return fields.String(required=required, metadata={"format": "date-time", **told})


class _Types(fields.List[Any]):
    """As many as there are at most; of more of them not one is looked at."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > len(_TYPES):
            raise ValidationError(f"Name each of the {len(_TYPES)} types once at most.")
        return super()._deserialize(value, attr, data, **more)


def _types() -> _Types:
    return _Types(
        fields.String(validate=validate.OneOf(_TYPES)),
        validate=validate.Length(max=len(_TYPES)),
        metadata={"description": "what to be told of; everything, new types too, if empty"},
    )


def _url(*, required: bool) -> fields.String:
    return fields.String(
        required=required, validate=validate.Length(1, MAX_URL), metadata=dict(_URL)
    )


class NewWebhook(Strict):
    """Body of POST /v1/webhooks."""

    url = _url(required=True)
    types = _types()


class WebhookChange(Strict):
    """Body of PATCH /v1/webhooks/{id}."""

    url = _url(required=False)
    types = _types()
    enabled = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "true also after it was disabled"}
    )


class Replay(Strict):
    """Body of POST /v1/webhooks/{id}/replay."""

    after = WholeNumber(
        required=True,
        validate=validate.Range(0, MAX_SEQ),
        metadata={"description": "tell again every change with a number above this"},
    )


class Delivery(Schema):
    """One attempt."""

    message_id = fields.String(required=True, metadata={"description": "the webhook-id sent"})
    type = fields.String(required=True)
    at = _time(required=True)
    status = fields.Integer(metadata={"description": "absent: nobody answered"})
    problem = fields.String(metadata={"description": "absent: delivered"})
    milliseconds = fields.Integer(required=True)


class WebhookShown(Schema):
    """A webhook as it stands; its secret is told once, when it is made."""

    id = fields.String(required=True)
    url = fields.String(required=True)
    types = fields.List(fields.String(), required=True)
    created_at = _time(required=True)
    cursor = fields.Integer(
        required=True, metadata={"description": "the last change that was put in line for it"}
    )
    waiting = fields.Integer(required=True, metadata={"description": "messages in line"})
    failures = fields.Integer(required=True, metadata={"description": "attempts in a row"})
    failing_since = _time()
    next_attempt_at = _time("while it cannot be reached")
    delivered_at = _time("the last one taken")
    disabled_at = _time("nothing is sent any more")
    disabled_because = fields.String(
        metadata={"enum": ["gone", "failing", "owner"], "description": "see docs/webhooks.md"}
    )


class WebhookInFull(WebhookShown):
    """The same, with its last attempts."""

    deliveries = fields.List(fields.Nested(Delivery), required=True)


class WebhookMade(WebhookShown):
    """A webhook with its secret, which is told once."""

    secret = fields.String(required=True, metadata={"description": "whsec_…"})
    before_until = _time("until when the secret before signs as well")


class WebhookList(Schema):
    """The webhooks of a chain."""

    items = fields.List(fields.Nested(WebhookShown), required=True)


class TestQueued(Schema):
    """A test message, in line to be sent."""

    message_id = fields.String(required=True)
