"""The wire of imports of spreadsheets."""

from marshmallow import Schema, fields, validate

from tem.http.wire import QueryNumber, Strict
from tem_registry.fields import Flag, Page, Words
from tem_registry.importing.drafts import STATES
from tem_registry.importing.row_checks import OUTCOMES
from tem_registry.importing.sheet_kinds import KINDS, WORKBOOK
from tem_registry.importing.spreadsheets import TYPES, XLSX

_KIND = validate.OneOf([*KINDS, WORKBOOK])
_IMPORT_ID = "NK-20261122-091500-3f9c01"
_instant = {"format": "date-time", "example": "2026-11-22T02:15:00Z"}


class ImportQuery(Strict):
    """Query of POST /v1/imports."""

    kind = fields.String(
        required=True,
        validate=_KIND,
        metadata={"description": "of its rows; workbook: a sheet of each kind, told by its title"},
    )
    title = Words(
        120,
        required=True,
        metadata={"description": "to know it by: the file's name", "example": "chu-the.xlsx"},
    )


class ImportPage(Page):
    """Query of the list of imports."""

    state = fields.String(validate=validate.OneOf(STATES))
    order = fields.String(
        load_default="id",
        validate=validate.OneOf(["id", "newest"]),
        metadata={"description": "newest: those sent last come first"},
    )


class PreviewQuery(Strict):
    """Query of one import: which of its rows."""

    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    sheet = QueryNumber(validate=validate.Range(0, 100))
    after = QueryNumber(
        load_default=0,
        validate=validate.Range(0, 1_000_000),
        metadata={"description": "the place of the last row seen"},
    )
    limit = QueryNumber(load_default=100, validate=validate.Range(1, 500))


class TemplateQuery(Strict):
    """Query of the templates."""

    kind = fields.String(required=True, validate=_KIND)
    format = fields.String(load_default="xlsx", validate=validate.OneOf(["xlsx", "csv"]))


class Application(Strict):
    """Body of POST /v1/imports/{id}/application."""

    accept_changes = Flag(
        required=True,
        metadata={
            "description": "false: rows that would change a record on file are left as they are",
            "example": False,
        },
    )


class ImportFault(Schema):
    """What is wrong, and what to write instead."""

    code = fields.String(required=True, metadata={"example": "date_form"})
    detail = fields.String(required=True)
    detail_vi = fields.String(required=True)


class ImportCounts(Schema):
    """How many rows come to what; ``sheet_faults`` are of headings and cells under none."""

    rows = fields.Integer(required=True)
    new = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    same = fields.Integer(required=True)
    faulty = fields.Integer(required=True)
    sheet_faults = fields.Integer(required=True)


class ImportTakenOver(Schema):
    """What was taken over; ``left`` are changes that were not accepted."""

    new = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    same = fields.Integer(required=True)
    left = fields.Integer(required=True)


class ImportSummary(Schema):
    """An import without its cells."""

    import_id = fields.String(required=True, metadata={"example": _IMPORT_ID})
    kind = fields.String(required=True, validate=_KIND)
    title = fields.String(required=True, metadata={"example": "chu-the.xlsx"})
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    made_at = fields.String(required=True, metadata=_instant)
    made_by = fields.String(required=True)
    checked_at = fields.String(required=True, metadata=_instant)
    ended_at = fields.String(required=True, allow_none=True, metadata=_instant)
    counts = fields.Nested(ImportCounts, required=True)
    taken_over = fields.Nested(ImportTakenOver, required=True, allow_none=True)


class ImportList(Schema):
    """Imports in the order in which they were made."""

    items = fields.List(fields.Nested(ImportSummary), required=True)
    next = fields.String(metadata={"description": "the next page's `after`; absent at the end"})


class ImportColumn(Schema):
    """A column of a sheet; ``field`` is null where it stands for none."""

    column = fields.Integer(required=True, metadata={"description": "its place, from 0"})
    heading = fields.String(required=True)
    field = fields.String(required=True, allow_none=True, metadata={"example": "address.line"})
    label = fields.String(required=True, allow_none=True)
    label_vi = fields.String(required=True, allow_none=True)
    hint = fields.String(
        required=True, allow_none=True, metadata={"description": "what its cells hold"}
    )
    hint_vi = fields.String(required=True, allow_none=True)
    left_aside = fields.Boolean(
        required=True, metadata={"description": "a list's number or a remark: not read"}
    )
    fault = fields.Nested(ImportFault, required=True, allow_none=True)


class ImportSheet(Schema):
    """A table of one kind of record."""

    sheet = fields.Integer(required=True, metadata={"description": "its place, from 0"})
    kind = fields.String(required=True, validate=validate.OneOf(list(KINDS)))
    title = fields.String(required=True, metadata={"description": "empty for a CSV"})
    rows = fields.Integer(required=True)
    columns = fields.List(fields.Nested(ImportColumn), required=True)
    faults = fields.List(fields.Nested(ImportFault), required=True)


class ImportCell(Schema):
    """A cell as a person reads it."""

    column = fields.Integer(required=True)
    text = fields.String(required=True)
    fault = fields.Nested(ImportFault, required=True, allow_none=True)


class ImportChange(Schema):
    """What a row would change of a record, what follows from it included."""

    field = fields.String(required=True, metadata={"example": "address.full"})
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class ImportRow(Schema):
    """A row: what would become of it, its cells, and the faults of none of them."""

    place = fields.Integer(required=True, metadata={"description": "from 1, through all sheets"})
    sheet = fields.Integer(required=True)
    row = fields.Integer(required=True, metadata={"description": "its number in the file"})
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    id = fields.String(
        required=True, allow_none=True, metadata={"description": "of the record on file it means"}
    )
    cells = fields.List(fields.Nested(ImportCell), required=True)
    faults = fields.List(fields.Nested(ImportFault), required=True)
    changes = fields.List(fields.Nested(ImportChange), required=True)


class ImportShown(ImportSummary):
    """An import with a page of its rows; one that has ended has none any more."""

    left_aside = fields.List(
        fields.String(), required=True, metadata={"description": "sheets of no kind: not read"}
    )
    sheets = fields.List(fields.Nested(ImportSheet), required=True)
    rows = fields.List(fields.Nested(ImportRow), required=True)
    next = fields.Integer(metadata={"description": "the next page's `after`; absent at the end"})


def raw_body() -> dict[str, object]:
    """A request body of raw bytes, for the OpenAPI document."""
    schema = {"type": "string", "format": "binary"}
    return {"required": True, "content": {kind: {"schema": schema} for kind in TYPES}}


def template_answer() -> dict[str, object]:
    """A template, for the OpenAPI document."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "description": "The template, as attachment",
        "content": {XLSX: binary, "text/csv": {"schema": {"type": "string"}}},
        "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
    }
