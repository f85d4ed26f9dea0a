"""The members of a record as a form asks for them, and what is typed as members again.

A date is typed as dd/mm/yyyy. A member of a member has a point in its name (``gps.lat``).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tem_registry.portal.forms import Form

Record = Mapping[str, Any]
Both = tuple[str, str]  # Vietnamese, English
Kind = Literal[
    "text", "area", "date", "number", "decimal", "choice", "number_choice", "tick", "several"
]
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"\d+|\d{1,3}([., \u00a0\u202f]\d{3})+", re.ASCII)
_DAY = re.compile(r"(\d{1,2}) ?[/.-] ?(\d{1,2}) ?[/.-] ?(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One member: what it is called, how it is asked for, and which choices there are.

    ``choices`` names a list that the page gives: of it one is taken, or, with ``several``, all
    whose boxes are ticked.
    """

    name: str
    vi: str
    en: str
    kind: Kind = "text"
    required: bool = False
    hint: Both = ("", "")
    choices: str = ""
    most: int = 200


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading."""

    vi: str
    en: str
    fields: tuple[Field, ...]
    told: Both = ("", "")


def fields_of(groups: Iterable[Group]) -> list[Field]:
    """All fields of some groups."""
    return [one for group in groups for one in group.fields]


def day_typed(text: str) -> str | None:
    """An ISO date out of dd/mm/yyyy (also with points or dashes, or ISO itself); None: no date."""
    found = _DAY.fullmatch(text.strip())
    try:
        if found:
            return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
        return (
            date.fromisoformat(text.strip()).isoformat() if _ISO.fullmatch(text.strip()) else None
        )
    except ValueError:
        return None


def initial(fields: Iterable[Field], record: Record) -> dict[str, str]:
    """What a form shows of a record at first."""
    shown: dict[str, str] = {}
    for one in fields:
        value = _of(record, one.name)
        if one.kind == "several":
            shown |= {f"{one.name}.{each}": "yes" for each in value or ()}
        elif value is not None and value is not False:
            shown[one.name] = _written(one, value)
    return shown


def _of(record: Record, name: str) -> Any:
    outer, _, inner = name.partition(".")
    value = record.get(outer)
    return (value or {}).get(inner) if inner else value


def _written(field: Field, value: Any) -> str:
    if field.kind == "tick":
        return "yes"
    if field.kind == "date":
        return f"{date.fromisoformat(value):%d/%m/%Y}"
    return str(value).removesuffix(".0") if field.kind == "decimal" else str(value)


def members(fields: Sequence[Field], form: Form) -> dict[str, Any]:
    """What a form tells of a record: None where nothing was typed.

    A date that is none, and boxes none of which is ticked, are marked in the form; all else the
    API judges.
    """
    told: dict[str, Any] = {}
    for one in fields:
        outer, _, inner = one.name.partition(".")
        value = _value(one, form)
        if inner:
            told.setdefault(outer, {})[inner] = value
        else:
            told[outer] = value
    return {
        name: _whole(value) if isinstance(value, dict) else value for name, value in told.items()
    }


def _value(field: Field, form: Form) -> Any:
    if field.kind == "tick":
        return form.ticked(field.name)
    if field.kind == "several":
        return _several(field, form)
    if field.kind == "date":
        return day_of(form, field.name)
    if field.kind in ("number", "number_choice"):
        typed = form.text(field.name)  # 1.5 is no 15: the API says that a whole number is wanted
        return form.number(field.name) if _WHOLE.fullmatch(typed) else typed or None
    if field.kind == "decimal":
        return form.decimal(field.name)
    return form.text(field.name).replace("\r\n", "\n") or None


def _several(field: Field, form: Form) -> list[str]:
    found = ticked(field.name, form.values)
    if field.required and not found:
        form.fault(field.name, "Hãy chọn ít nhất một mục.", "Choose at least one.")
    return found


def day_of(form: Form, name: str) -> str | None:
    """The date typed in a field, ISO; None where there is none, and marked if it is not one."""
    typed = form.text(name)
    found = day_typed(typed) if typed else None
    if typed and found is None:
        form.fault(
            name,
            f"“{typed[:40]}” không phải ngày có thật. Hãy viết ngày/tháng/năm, ví dụ 02/10/2026.",
            f"“{typed[:40]}” is no date there is. Write day/month/year, such as 02/10/2026.",
        )
    return found


def _whole(nested: dict[str, Any]) -> dict[str, Any] | None:
    """A nested member without what was left out; None if nothing was said at all."""
    given = {name: value for name, value in nested.items() if value is not None}
    return given if any(value is not False for value in given.values()) else None


def changes(fields: Sequence[Field], told: Record, record: Record) -> dict[str, Any]:
    """The members that would be otherwise. What a nested one has beyond the form is kept."""
    asked = {one.name for one in fields}
    found: dict[str, Any] = {}
    for name, value in told.items():
        old = record.get(name)
        new = value
        if isinstance(value, dict) and isinstance(old, dict):
            kept = {inner: v for inner, v in old.items() if f"{name}.{inner}" not in asked}
            new = {**kept, **value}
        if new != old and not (old is None and new is False):
            found[name] = new
    return found


def ticked(name: str, values: Mapping[str, str]) -> list[str]:
    """Which boxes of a field are ticked."""
    start = f"{name}."
    return sorted(one.removeprefix(start) for one in values if one.startswith(start))
