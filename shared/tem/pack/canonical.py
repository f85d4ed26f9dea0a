"""Canonical JSON in ASCII, as headers and certificates are: what is accepted has one spelling."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

ENVIRONMENTS = ("production", "sandbox")
HEX32 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def write(fields: Mapping[str, Any]) -> bytes:
    """Keys sorted, no blanks, ASCII."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parse(raw: bytes) -> dict[str, Any]:
    """The fields again. Raises ValueError for every other spelling."""
    try:
        fields = json.loads(raw.decode("ascii"), parse_float=no_number, parse_constant=no_number)
        same = isinstance(fields, dict) and write(fields) == raw
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not same:
        raise ValueError("not in its one spelling")
    return dict(fields)


def no_number(text: str) -> NoReturn:
    """For what JSON calls a number and is not whole. Raises ValueError."""
    raise ValueError("only whole numbers are allowed")


def instant(text: str) -> datetime:
    """An instant in UTC with whole seconds. Raises ValueError for every other spelling."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("not an instant in UTC")
    return datetime.fromisoformat(text)
