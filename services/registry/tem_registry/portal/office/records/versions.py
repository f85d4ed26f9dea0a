"""Two versions of a record in one form: what was typed, and what somebody else has saved meanwhile.

A form carries a short digest of each field as it was shown. So a field that nobody touched takes
the other's version, and one that both changed is left to the person.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tem_registry.portal.forms import Form
from tem_registry.portal.office.records.fields import Field, Record, initial, ticked

Words = Mapping[str, Mapping[str, str]]


class Difference(NamedTuple):
    """A field that both versions tell otherwise; ``untouched``: only the other changed it."""

    field: Field
    mine: str
    theirs: str
    untouched: bool


def marks(fields: Sequence[Field], values: Mapping[str, str]) -> str:
    """The digests of what a form shows, in the order of its fields."""
    return " ".join(_mark(_told(one, values)) for one in fields)


def merge(fields: Sequence[Field], form: Form, record: Record, words: Words) -> list[Difference]:
    """Give the form the record's values where nobody typed, and tell all that differs.

    ``words`` are those of choices, by the name of their list.
    """
    now, seen = initial(fields, record), form.text("seen").split()
    found = []
    for place, one in enumerate(fields):
        mine, theirs = _told(one, form.values), _told(one, now)
        if mine == theirs:
            continue
        untouched = len(seen) == len(fields) and seen[place] == _mark(mine)
        if untouched:
            _take_over(one, form, now)
        found.append(
            Difference(one, _words(one, mine, words), _words(one, theirs, words), untouched)
        )
    form.values["seen"] = marks(fields, now)
    return found


def _told(field: Field, values: Mapping[str, str]) -> tuple[str, ...]:
    if field.kind == "several":
        return tuple(ticked(field.name, values))
    return (values.get(field.name, "").replace("\r\n", "\n").strip(),)


def _words(field: Field, told: tuple[str, ...], words: Words) -> str:
    known = words.get(field.choices, {})
    return ", ".join(known.get(value, value) for value in told)


def _mark(told: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def _take_over(field: Field, form: Form, now: Mapping[str, str]) -> None:
    """The form shows this field as it is on record."""
    names = [n for n in {*form.values, *now} if n == field.name or n.startswith(f"{field.name}.")]
    for name in names if field.kind == "several" else [field.name]:
        form.values.pop(name, None)
        if name in now:
            form.values[name] = now[name]
