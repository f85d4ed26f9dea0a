"""The wire of the audit trail."""

import re
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from tem.dates import parse_instant
from tem.http.wire import QueryNumber, Strict


class Moment(fields.Field[datetime]):
    """An instant of RFC 3339 with its offset."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> datetime:
        try:
            return parse_instant(value)
        except ValueError as error:
            raise ValidationError(f"Not an instant: {error}.") from error


def _moment(description: str, **options: Any) -> Moment:
    described = {"type": "string", "format": "date-time", "description": description}
    return Moment(metadata={**described, "example": "2026-11-20T00:00:00Z"}, **options)


def _words(pattern: str, description: str, example: str) -> fields.String:
    checked = validate.Regexp(re.compile(rf"(?:{pattern})\Z"), error=f"Write it as {example}.")
    return fields.String(
        validate=checked, metadata={"description": description, "example": example}
    )


class AuditQuery(Strict):
    """Query of the audit trail: all that is given must hold."""

    after = QueryNumber(
        load_default=0,
        validate=validate.Range(0, 2**53),
        metadata={"description": "only entries with a higher number"},
    )
    before = QueryNumber(
        load_default=None,
        validate=validate.Range(0, 2**53),
        metadata={"description": "only entries with a lower number"},
    )
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))
    order = fields.String(
        load_default="asc",
        validate=validate.OneOf(["asc", "desc"]),
        metadata={"description": "asc: oldest first; desc: newest first"},
    )
    object = _words(r"[a-z_-]{1,20}:[!-~]{1,99}", "one thing only, as kind:id", "lot:HT-L0001")
    kind = _words(r"[a-z_-]{1,40}", "all things of a kind: what stands before the colon", "lot")
    actor = _words(
        r"[\w .@:+#-]{1,100}",
        "who did it, as role:name#key, or role:name for all keys of that name",
        "office:Lan",
    )
    action = _words(r"[a-z_.]{1,60}", "what was done", "lot.recalled")
    request_id = _words(r"[A-Za-z0-9._-]{1,64}", "the request it was done by", "5f0c5e9d2a7b4c11")
    since = _moment("at this instant or later", data_key="from")
    until = _moment("before this instant")


class EntryShown(Strict):
    """One act. The hash is over the entry and the hash of the one before."""

    seq = fields.Integer(required=True, metadata={"description": "place in the chain, from 1"})
    at = fields.String(required=True, metadata={"format": "date-time"})
    actor = fields.String(required=True, metadata={"example": "office:Lan#9f3a51c27d10"})
    action = fields.String(required=True, metadata={"example": "lot.recalled"})
    object = fields.String(required=True, metadata={"example": "lot:HT-L0001"})
    request_id = fields.String(
        required=True, metadata={"description": "X-Request-Id of the request; empty without one"}
    )
    details = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "what the act says of itself; `before` and `after` of a change"},
    )
    prev_hash = fields.String(required=True, metadata={"description": "SHA-256, hex"})
    hash = fields.String(required=True, metadata={"description": "SHA-256, hex"})


class AuditPage(Strict):
    """A page of entries; ``next`` is absent after the last."""

    items = fields.List(fields.Nested(EntryShown), required=True)
    next = fields.Integer(metadata={"description": "for `after`, or `before` with order=desc"})


class CheckpointShown(Strict):
    """How the trail stands, and the registry's signature under it."""

    note = fields.String(
        required=True, metadata={"description": "the signed note (C2SP); keep it to the byte"}
    )
    origin = fields.String(required=True, metadata={"example": "tem/registry/audit"})
    size = fields.Integer(required=True, metadata={"description": "number of entries"})
    hash = fields.String(required=True, metadata={"description": "of the last entry, hex"})
    at = fields.String(required=True, metadata={"format": "date-time"})
    public_key = fields.String(required=True, metadata={"description": "name+hint+key"})
