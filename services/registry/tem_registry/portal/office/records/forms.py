"""The two things a form does with a record: add it, change it. Both are calls of the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records import fields as fields_of_records
from tem_registry.portal.office.records import versions
from tem_registry.portal.office.records.choices import Choice, words_of
from tem_registry.portal.office.records.fields import Both, Field, Group
from tem_registry.portal.office.records.shown import again
from tem_registry.portal.visits import Visit

# The longest product has several stories of thousands of letters, each up to nine bytes as sent.
FORM_BYTES = 512 * 1024
NO_NOTE: Both = ("", "")
Members = dict[str, Any]


def nothing_more(told: Members) -> Members:
    """What follows from most records' members: nothing."""
    return told


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form of a record: the ``call`` it makes, the ``page`` it leads to, and what it asks.

    ``back_path`` is where it came from, in the words ``back``. ``choices`` are the lists its fields
    name; ``note`` says above it what saving does; ``completed`` adds what follows from what was
    typed.
    """

    call: str
    page: str
    title: Both
    back_path: str
    back: Both
    groups: Sequence[Group]
    choices: Mapping[str, Sequence[Choice]] = field(default_factory=dict)
    note: Both = NO_NOTE
    completed: Callable[[Members], Members] = nothing_more

    @property
    def fields(self) -> list[Field]:
        """All that is asked."""
        return fields_of_records.fields_of(self.groups)


def add(
    at: Visit,
    sheet: Sheet,
    id_field: str,
    initial: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """The page that adds a record, with ``more`` that no field asks for; then the record's page."""
    form = at.form(initial)
    if request.method == "POST":
        told = fields_of_records.members(sheet.fields, form)
        if not form.is_refused:
            told = sheet.completed(told) | dict(more or {})
            body = {name: value for name, value in told.items() if value is not None}
            try:
                made = at.api.post(sheet.call, body, key=form.key)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(f"{sheet.page}/{made[id_field]}", done="record_added")
    return show(at, sheet, form)


def change(at: Visit, sheet: Sheet) -> Response:
    """The page that changes a record: only what is otherwise is sent, with the version that was
    shown. If somebody has changed it meanwhile, both versions are shown and nothing is sent."""
    found = at.api.ask("GET", sheet.call)
    record = found.json
    shown = fields_of_records.initial(sheet.fields, record)
    seen = versions.marks(sheet.fields, shown)
    form = at.form({**shown, "etag": found.etag, "seen": seen})
    if request.method == "POST":
        told = fields_of_records.members(sheet.fields, form)
        if not form.is_refused:
            changed = sheet.completed(fields_of_records.changes(sheet.fields, told, record))
            try:
                send(at, sheet.call, changed, form)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(sheet.page, done="record_saved")
    return show(at, sheet, form, **meanwhile(at, sheet, form, record, found.etag))


def send(at: Visit, call: str, fields: Mapping[str, Any], form: Form) -> None:
    """Change these members of what was seen; nothing to change is no call. Raises Refused."""
    if fields:
        seen = "".join(c for c in form.text("etag") if " " < c <= "~")  # it becomes a header
        at.api.patch(call, fields, key=form.key, etag=seen)


def meanwhile(
    at: Visit, sheet: Sheet, form: Form, record: Mapping[str, Any], etag: str
) -> dict[str, Any]:
    """Where what was typed and what somebody has saved meanwhile differ; sent again, it counts.

    What nobody touched in the form takes the other's version (:mod:`versions`).
    """
    if form.code != "precondition_failed":
        return {"meanwhile": None}
    form.values["etag"] = etag
    words = {name: words_of(choices) for name, choices in sheet.choices.items()}
    found = versions.merge(sheet.fields, form, record, words)
    return {"meanwhile": [(at.t(one.field.vi, one.field.en), *one[1:]) for one in found]}


def show(at: Visit, sheet: Sheet, form: Form, **values: Any) -> Response:
    """The form itself."""
    return again(at, "office/record_form.html", form, sheet=sheet, **{"meanwhile": None, **values})
