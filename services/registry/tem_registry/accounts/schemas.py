"""The wire of accounts."""

from marshmallow import Schema, fields, validate

from tem.http.wire import Strict
from tem_registry.accounts.accounts import ROLES
from tem_registry.fields import Id, Page, Words

STATES = ["active", "invited", "invitation_over", "disabled"]


class Invitation(Strict):
    """Body of POST /v1/accounts."""

    login = fields.String(
        required=True,
        validate=validate.Length(3, 60),
        metadata={"description": "what the person types", "example": "0912345678"},
    )
    name = Words(60, required=True, metadata={"example": "Nguyễn Thị Lan (mẫu)"})
    role = fields.String(required=True, validate=validate.OneOf([str(role) for role in ROLES]))
    producer_id = Id(metadata={"description": "for role producer: whose stamps"})


class AccountPage(Page):
    """Query of the list of accounts; ``after`` is a login."""

    after = fields.String(load_default="", validate=validate.Length(max=60))
    producer_id = Id()


class AccountShown(Schema):
    """An account, without anything that lets in."""

    account_id = fields.String(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    producer_id = fields.String(allow_none=True, required=True)
    state = fields.String(required=True, metadata={"enum": STATES})
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    invitation_until = fields.String(
        allow_none=True, required=True, metadata={"format": "date-time"}
    )


class Invited(AccountShown):
    """An account with its invitation."""

    code = fields.String(
        metadata={"description": "told once, good once; absent in a repeated answer: reset anew"}
    )


class AccountList(Schema):
    """A page of accounts in the order of their logins."""

    items = fields.List(fields.Nested(AccountShown), required=True)
    next = fields.String(metadata={"description": "send it as `after`; absent at the end"})
