"""Which cell a refusal of the rules is about. Pure."""

from tem.errors import TemError
from tem_registry.importing.sheet_columns import Column
from tem_registry.importing.sheet_faults import Told, of_the_rules, told
from tem_registry.importing.sheet_headings import Heading
from tem_registry.importing.sheet_records import Draft
from tem_registry.importing.spreadsheets import Sheet

# Refusals that name no place of their own: what each is about.
_ABOUT = {
    "id_taken": "",  # the id's own column
    "id_reserved": "",
    "stars_or_score_needed": "/stars",
    "too_few_stars": "/score",
    "stars_not_of_score": "/stars",
    "decision_in_future": "/decision_date",
    "valid_before_decision": "/valid_from",
    "term_too_long": "/valid_until",
    "authority_needed": "/issuing_authority",
    "address_in_future": "/address/valid_from",
    "status_day_ambiguous": "/status_since",
    "product_has_lots": "/date_kind",
    "lot_exists": "/lot_code",
    "not_the_producer": "/producer_id",
    "no_expiry_product": "/best_before",
    "best_before_missing": "/best_before",
    "best_before_too_early": "/best_before",
    "reason_too_short": "/reason",
    "fewer_units_than_stamps": "/quantity",
    "production_date_in_future": "/production_date",
    "no_certificate_at_production": "/production_date",
}
_MISSING = "Missing data for required field."


def blame(draft: Draft, sheet: Sheet, error: TemError) -> None:
    """Put a refusal onto the cells it is about, or onto the row; what has a fault keeps it."""
    listed = error.extra.get("errors")
    if listed:
        for one in listed:
            _blame_at(draft, sheet, one["pointer"], one["code"], one["detail"])
        return
    if error.code == "not_found" and sheet.kind.name == "lot":
        _blame_at(draft, sheet, "/product_id", "unknown_reference", error.detail)
        return
    for one in error.extra.get("reasons") or [{"code": error.code, "detail": error.detail}]:
        about = _ABOUT.get(one["code"])
        pointer = f"/{sheet.kind.id_field}" if about == "" else about
        _blame_at(draft, sheet, pointer or "", one["code"], one["detail"])


def _blame_at(draft: Draft, sheet: Sheet, pointer: str, code: str, detail: str) -> None:
    heading = _heading(sheet, pointer)
    blamed = {place for place, _ in draft.faults}
    if heading is None:
        column = _column(sheet, pointer)
        if detail == _MISSING and column is not None:
            draft.blame(None, told("column_needed", heading=column.vi))
        else:
            draft.blame(None, of_the_rules(code, _named(detail, pointer), ""))
    elif heading.place not in blamed:
        draft.blame(heading.place, _of_cell(heading, code, detail))


def _of_cell(heading: Heading, code: str, detail: str) -> Told:
    if detail == _MISSING:
        return told("required")
    hint = heading.column.hint_vi if heading.column else ""
    return of_the_rules(code, detail, hint)


def _named(detail: str, pointer: str) -> str:
    return f"{pointer}: {detail}" if pointer.strip("/") else detail


def _heading(sheet: Sheet, pointer: str) -> Heading | None:
    """The column of a place: its own, that of what it lies in, or the first of its members."""
    if not pointer.strip("/"):
        return None
    there = [one for one in sheet.headings if one.column is not None]
    for one in there:
        own = one.column.pointer if one.column else ""
        if pointer == own or pointer.startswith(f"{own}/"):
            return one
    return next(
        (one for one in there if one.column and one.column.pointer.startswith(f"{pointer}/")), None
    )


def _column(sheet: Sheet, pointer: str) -> Column | None:
    kind = sheet.kind
    found = [one for one in kind.columns if f"{one.pointer}/".startswith(f"{pointer}/")]
    return found[0] if found and pointer.strip("/") else None
