"""The wire of the audit trail."""

import re

from marshmallow import fields, validate

from tem.wire import Strict


class AuditQuery(Strict):
    """Query of the audit trail."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**53))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
    object = fields.String(
        validate=validate.Regexp(re.compile(r"[!-~]{1,120}\Z", re.ASCII)),
        metadata={"description": "one thing only, as kind:id"},
    )
