"""Lists a page at a time: filters and place stand in the address."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request


def filters(*names: str) -> dict[str, str]:
    """The filters of the present address that are set."""
    return {name: value for name in names if (value := request.args.get(name, "").strip())}


def next_page(chosen: dict[str, str], found: dict[str, Any]) -> str:
    """The address of a list's next page; empty on the last one."""
    after = found.get("next")
    return f"{request.path}?{urlencode({**chosen, 'after': after})}" if after else ""


def choices(items: Sequence[dict[str, Any]], id: str) -> list[tuple[str, str]]:
    """Records with a name as pairs of id and words, for a select, by name."""
    named = sorted(items, key=lambda one: str(one["name"]).casefold())
    return [(one[id], f"{one['name']} ({one[id]})") for one in named]
