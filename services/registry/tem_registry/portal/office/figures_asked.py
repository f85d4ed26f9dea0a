"""What a person asks of the figures: which period, of whom, by what; as the API takes it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import request

from tem_registry.portal.forms import Form
from tem_registry.portal.office.records.fields import day_typed

FIELDS = ("by", "from", "to", "producer_id", "product_id", "commune", "group")
PERIODS, GROUPS = ("month", "week", "day"), ("commune", "product", "producer", "batch", "month")
_LOOKUP_DAYS = 366  # as many as GET /v1/lookups tells at once


def chosen() -> dict[str, str]:
    """The fields that the present address fills."""
    given = {name: request.args.get(name, "").strip() for name in FIELDS}
    return {name: value for name, value in given.items() if value}


def series(form: Form) -> dict[str, Any]:
    """The query of ``GET /v1/statistics/series``."""
    return {
        "by": form.text("by"),
        "from": _day(form, "from"),
        "to": _day(form, "to"),
        **whose(form),
    }


def _day(form: Form, name: str) -> str:
    """A day as the API writes it; what is none is left for the API to refuse."""
    typed = form.text(name)
    return day_typed(typed) or typed


def whose(form: Form) -> dict[str, str]:
    """What limits every report to a producer, a product or a commune."""
    return {name: form.text(name) for name in ("producer_id", "product_id", "commune")}


def group(form: Form) -> str:
    """By what the stamps are grouped; what is not known is the first of them."""
    asked = form.text("group")
    return asked if asked in GROUPS else GROUPS[0]


def without(form: Form, *names: str) -> str:
    """The present choice as a query, less some of its fields."""
    return urlencode({name: value for name, value in form.values.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Days:
    """The days a report goes over, both included."""

    first: str
    last: str

    @property
    def issued(self) -> dict[str, str]:
        """As the filter of reports by day of issue."""
        return {"issued_from": self.first, "issued_until": self.last}

    @property
    def of_lookups(self) -> dict[str, str]:
        """As the query of ``GET /v1/lookups``: the last year of a longer period."""
        last = date.fromisoformat(self.last)
        earliest = last - timedelta(_LOOKUP_DAYS - 1)
        return {"from": max(self.first, earliest.isoformat()), "to": self.last}


def days(rows: list[dict[str, Any]]) -> Days:
    """The days of a series' rows, of which there is always one."""
    return Days(rows[0]["first"], rows[-1]["last"])
