"""What the bodies of all services have in common: strictness, ids, numbers, where a fault lies."""

import re
from collections.abc import Iterator
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

# The registry's ids travel to the issuer and into manifests: both must accept the same ones.
IDENTIFIER = validate.Regexp(
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z", re.ASCII),
    error="An id is 1 to 64 of A-Z a-z 0-9 . _ : - and begins with a letter or digit.",
)
MAX_QUANTITY = 5_000_000  # stamps in one batch
TOLD = 5  # faults in the sentence of a problem; its ``errors`` have them all


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


def pointers(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten marshmallow's nested messages to ``{pointer, code, detail}``.

    What is wrong with an object as a whole stands at the object's own place.
    """
    if isinstance(messages, dict):
        for key, value in messages.items():
            nowhere = key == "_schema" or (path == "" and key in ("json", "query"))
            yield from pointers(value, path if nowhere else f"{path}/{_escaped(key)}")
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            code = "unknown_field" if "Unknown field" in str(message) else "invalid"
            yield {"pointer": path or "/", "code": code, "detail": str(message)}


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")[:60]


def told(listed: list[dict[str, str]]) -> str:
    """The first faults in one line, each after its place."""
    return "; ".join(f"{one['pointer']}: {one['detail']}" for one in listed[:TOLD])


def page_of(items: list[dict[str, Any]], limit: int, key: str) -> dict[str, Any]:
    """A page of a list; ``next`` is what to ask after, absent on the last page."""
    more = {"next": str(items[-1][key])} if len(items) == limit else {}
    return {"items": items, **more}
