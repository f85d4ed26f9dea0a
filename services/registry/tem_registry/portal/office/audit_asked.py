"""Which entries of the audit trail a person asks for: the page's filters as the API takes them."""

from datetime import date, timedelta
from typing import Any

from flask import request

from tem.dates import rfc3339, start_of_day
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records.fields import day_typed

FIELDS = ("kind", "id", "actor", "action", "request_id", "from", "until")


def filters() -> dict[str, str]:
    """The page's fields of the present address; ``object=lot:L1`` fills two of them."""
    kind, _, id = request.args.get("object", "").partition(":")
    given = {**request.args, **({"kind": kind, "id": id} if id else {})}
    return {name: given[name].strip() for name in FIELDS if given.get(name, "").strip()}


def query(form: Form) -> dict[str, Any]:
    """The query of ``GET /v1/audit``; what cannot be asked is marked in the form."""
    kind, id = form.text("kind"), form.text("id")
    if id and not kind:
        form.fault(
            "kind", "Hãy chọn mã này là của gì.", "Choose what kind of thing this is the id of."
        )
    asked: dict[str, Any] = {name: form.text(name) for name in ("actor", "action", "request_id")}
    asked |= {"object": f"{kind}:{id}"} if kind and id else {"kind": kind}
    asked["from"] = _start(form, "from", 0)
    asked["until"] = _start(form, "until", 1)
    return asked


def _start(form: Form, name: str, later: int) -> str:
    """When a day of the form, or the one ``later``, begins in Vietnam."""
    typed = form.text(name)
    try:
        day = date.fromisoformat(day_typed(typed) or typed) if typed else None
        return rfc3339(start_of_day(day + timedelta(later))) if day else ""
    except (ValueError, OverflowError):
        form.fault(
            name,
            "Không có ngày này: hãy viết ngày/tháng/năm.",
            "There is no such day: write day/month/year.",
        )
        return ""
