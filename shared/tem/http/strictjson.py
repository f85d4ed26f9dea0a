"""JSON as we accept it: strict UTF-8, no duplicate keys, no NaN, bounded depth, storable text."""

import json
import math
from typing import Any, NoReturn

from flask.json.provider import DefaultJSONProvider

from tem.errors import Invalid

MAX_DEPTH = 8


def loads(text: str | bytes, *, storable: bool = True) -> Any:
    """Parse a request body. Raises :class:`Invalid` with the code ``bad_json``.

    ``storable`` also refuses text that no database could keep: NUL and half characters.
    """
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise Invalid("bad_json", "The body is not JSON in UTF-8.") from error
    _walk(value, 1, storable)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Invalid("bad_json", "A key stands twice in one object.")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise Invalid("bad_json", f"{name} is not JSON.")


def _walk(value: Any, depth: int, storable: bool) -> None:
    """Refuse very deep nesting, and text that cannot be stored if it is going to be."""
    if depth > MAX_DEPTH:
        raise Invalid("bad_json", f"Nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid("bad_json", "A number is too large.")
    if isinstance(value, str):
        halves = any("\ud800" <= letter <= "\udfff" for letter in value)
        if storable and (halves or "\x00" in value):
            raise Invalid("bad_json", "Text with a NUL or half a character cannot be stored.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _walk(key, depth, True)  # keys may be told back in an error
            _walk(item, depth + 1, storable)
    elif isinstance(value, list):
        for item in value:
            _walk(item, depth + 1, storable)


class StrictJSONProvider(DefaultJSONProvider):
    """Flask's JSON, read strictly and written in the order given, in plain UTF-8."""

    ensure_ascii = False
    sort_keys = False
    storable = True

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse strictly; see :func:`loads`."""
        return loads(s, storable=self.storable)


class StoringNothing(StrictJSONProvider):
    """For a service that only compares what it is sent."""

    storable = False
