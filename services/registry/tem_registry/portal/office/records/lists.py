"""A page of a list of the API, picked by the query of the address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from tem_registry.portal.office.records.shown import shown
from tem_registry.portal.visits import Visit

ROWS = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows, what was asked for, and where the next rows are."""

    items: list[dict[str, Any]]
    asked: dict[str, str]
    next_page: str
    is_later: bool  # not the first page

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(self.asked.values())


def listed(at: Visit, call: str, *filters: str, **fixed: Any) -> Listed:
    """The page that the address asks for; ``filters`` are what it may pick by."""
    asked = {name: request.args.get(name, "").strip() for name in filters}
    after = request.args.get("after", "")
    page = at.api.get(call, **asked, **fixed, after=after, limit=ROWS)
    known = {name: value for name, value in asked.items() if value}
    further = urlencode({**known, "after": page["next"]}) if "next" in page else ""
    return Listed(
        shown(page["items"]), asked, f"{request.path}?{further}" if further else "", bool(after)
    )
