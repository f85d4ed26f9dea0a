"""What the bodies of all services have in common: strictness, ids, whole numbers."""

import re
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

# The registry's ids travel to the issuer and into manifests: both must accept the same ones.
IDENTIFIER = validate.Regexp(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z", re.ASCII),
    error="An id is 1 to 64 of A-Z a-z 0-9 . _ : - and begins with a letter or digit.",
)
MAX_QUANTITY = 5_000_000  # stamps in one batch


class Strict(Schema):
    """Unknown fields are refused: a misspelt one would otherwise be lost in silence."""

    class Meta:
        unknown = RAISE


class Empty(Strict):
    """A body without members."""


class QueryNumber(fields.Integer):
    """A whole number in a query: up to 16 digits 0-9 and nothing else."""

    def _validated(self, value: Any) -> int:
        if not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,16}", value, re.ASCII)):
            raise self.make_error("invalid")
        return int(value)


class WholeNumber(fields.Integer):
    """A JSON integer: no text, no fraction, no true."""

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return int(super()._validated(value) or 0)
