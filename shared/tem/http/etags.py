"""Which version of a thing somebody has seen: ETag, If-Match, If-None-Match (RFC 9110, 8.8 and 13).

A tag is strong and made of the content as shown, so the same content has the same tag on every
worker and after a restore. Comparing is pure; an act compares once it holds the row's lock.
"""

import hashlib
import json
import re
from typing import Any

from tem.errors import PreconditionFailed

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"', re.ASCII)
_LONGEST = 2000

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string", "maxLength": _LONGEST},
    "description": "The ETag you have seen: refused with 412 if the record has changed since.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string", "maxLength": _LONGEST},
    "description": "The ETag you hold: answered with 304 if it is still the same.",
}
HEADER = {"ETag": {"schema": {"type": "string"}, "description": "names this content"}}


def of(content: Any) -> str:
    """The strong tag of a JSON value as shown; the order of members does not matter."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return f'"{hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]}"'


def _named(header: str) -> list[str]:
    return _TAG.findall(header[:_LONGEST])


def check_match(header: str | None, content: Any) -> None:
    """Raises PreconditionFailed unless ``If-Match`` is absent, ``*``, or names this content."""
    if header is None or header.strip() == "*" or of(content) in _named(header):
        return
    raise PreconditionFailed(
        "precondition_failed",
        "It has changed since you read it: read it again and decide anew.",
    )


def is_held(header: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` says that the asker holds this content already."""
    if header is None:
        return False
    return header.strip() == "*" or tag in [one.removeprefix("W/") for one in _named(header)]
