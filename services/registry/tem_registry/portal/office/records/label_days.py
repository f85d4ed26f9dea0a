"""A date typed as its label has it: every reading the API knows, for a person to choose from."""

from dataclasses import dataclass, field, replace
from typing import Any

from tem.http.inside import Refused
from tem_registry.portal.forms import Form
from tem_registry.portal.visits import Visit


@dataclass(frozen=True, slots=True)
class LabelDay:
    """A field with a date, its readings, and the one that counts.

    ``kind`` is production or expiry. ``chosen`` is as the API takes it: a day, or a month; None
    where nothing was typed. ``clear``: nothing is left to choose.
    """

    name: str
    kind: str
    readings: tuple[dict[str, Any], ...] = field(default=())
    chosen: str | None = None
    is_new: bool = False
    clear: bool = True


def written(iso: str) -> str:
    """A day as dd/mm/yyyy, a month as mm/yyyy."""
    return "/".join(reversed(iso.split("-"))) if iso else ""


def read(at: Visit, form: Form, day: LabelDay, before: str, **known: str) -> LabelDay:
    """What was typed in a field, which showed ``before`` at first; marked if it cannot be read.

    One of several readings counts once it was chosen (the field ``<name>.reading``).
    """
    typed = form.text(day.name)
    if typed == before:
        return day
    if not typed:
        if day.kind == "production":
            form.fault(day.name, "Hãy ghi ngày sản xuất.", "Give the production date.")
        return replace(day, is_new=True)
    try:
        found = at.api.get("/v1/label-dates", text=typed, kind=day.kind, **known)
    except Refused as refused:
        form.refuse(refused)
        form.faults[day.name] = form.refusal
        return day
    values = [one["value"] for one in found["readings"]]
    said = form.text(f"{day.name}.reading")
    if len(values) > 1 and said not in values:
        return replace(day, readings=tuple(found["readings"]), is_new=True, clear=False)
    chosen = said if said in values else values[0]
    return replace(day, readings=tuple(found["readings"]), chosen=chosen, is_new=True)
