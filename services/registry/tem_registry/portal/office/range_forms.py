"""Bodies of the acts on ranges, out of what was typed. Pure; each raises Invalid."""

from collections.abc import Mapping, Sequence
from typing import Any

from tem.errors import Invalid
from tem_registry.portal.forms import Form
from tem_registry.portal.office.print_forms import stamp

NO_LOT = "-"  # the choice "tied to no lot"


def span(form: Form, number: int) -> dict[str, Any]:
    """First and last stamp, each as a number or a serial; a single stamp needs no last."""
    first = stamp(form.text("first"), number)
    last = stamp(form.text("last"), number) if form.text("last") else first
    return {"first": first, "last": last}


def reasoned(form: Form, number: int) -> dict[str, Any]:
    """The range and why."""
    return span(form, number) | {"reason": _needed(form, "reason")}


def void_body(form: Form, number: int) -> dict[str, Any]:
    """The range, what became of it, and why."""
    return span(form, number) | {"kind": _needed(form, "kind"), "reason": _needed(form, "reason")}


def correction_body(form: Form, number: int) -> dict[str, Any]:
    """The range, the right lot or none, and why."""
    lot = _needed(form, "lot_id")
    return reasoned(form, number) | {"lot_id": None if lot == NO_LOT else lot}


def left_over(first: int, last: int, stops: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """The parts of a range that nothing refuses; none where the refusal is of the whole."""
    out, begin = [], first
    for one in sorted(stops, key=lambda stop: stop.get("first", 0)):
        if "first" not in one:
            return []
        if begin < one["first"]:
            out.append((begin, one["first"] - 1))
        begin = max(begin, one["last"] + 1)
    return [*out, (begin, last)] if begin <= last else out


def _needed(form: Form, name: str) -> str:
    found = form.text(name)
    if not found:
        raise Invalid("field_needed", "This is needed.", field=name)
    return found
