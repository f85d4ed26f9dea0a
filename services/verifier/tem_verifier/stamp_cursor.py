"""Where a page of a list of stamps ended: ``12-345``, batch and index, on the wire."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from tem_verifier.stamp_set import Stamp

_CURSOR = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,7})", re.ASCII)
_SHOWN = {"type": "string", "pattern": f"^{_CURSOR.pattern}$"}


class Cursor(fields.Field[Stamp]):
    """What ``next`` of the page before said; None, if nothing was sent, is the beginning."""

    def __init__(self) -> None:
        super().__init__(load_default=None, metadata=_SHOWN)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Stamp:
        found = _CURSOR.fullmatch(value)
        if not found:
            raise ValidationError("Send what `next` of the page before said.")
        return int(found[1]), int(found[2])
