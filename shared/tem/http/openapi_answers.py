"""Answers may get new members, bodies may not: a generated client has to take the former.

Pure: it completes what ``tem.http.openapi`` describes.
"""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def leave_open(document: Document) -> None:
    """Let objects that stand in answers alone have members that are not described (yet). What a
    body may hold stays closed, in answers too: a misspelt member is refused."""
    schemas = document["components"]["schemas"]
    calls = [call for item in document["paths"].values() for call in item.values()]
    calls = [call for call in calls if isinstance(call, dict)]
    sent = _named([call.get("requestBody") for call in calls], schemas)
    answered = [call.get("responses") for call in calls]
    told = _named(answered, schemas)
    for schema in _objects([answered, *(schemas[name] for name in sorted(told - sent))]):
        schema["additionalProperties"] = True


def _named(part: Any, schemas: Document) -> set[str]:
    """The components that something refers to, and all that those refer to."""
    found: set[str] = set()
    left = [part]
    while left:
        new = _references(left.pop()) - found
        found |= new
        left += [schemas[name] for name in new]
    return found


def _references(part: Any) -> set[str]:
    return {
        one["$ref"].removeprefix(_SCHEMAS)
        for one in _parts(part)
        if str(one.get("$ref", "")).startswith(_SCHEMAS)
    }


def _objects(part: Any) -> Iterator[Document]:
    """The schemas in it that say which members there are, and close that list."""
    return (one for one in _parts(part) if one.get("additionalProperties") is False)


def _parts(part: Any) -> Iterator[Document]:
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from _parts(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _parts(inner)
