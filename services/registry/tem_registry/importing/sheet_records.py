"""A row of a sheet becomes the members of a record, with a fault for each cell that cannot. Pure
but for the communes, which are read from the package once.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tem_registry.catalogue import places
from tem_registry.catalogue.addresses import PROVINCE, PROVINCE_CODE
from tem_registry.catalogue.names import bare, folded
from tem_registry.importing import sheet_cells
from tem_registry.importing.sheet_cells import EMPTY, Cell
from tem_registry.importing.sheet_faults import CellFault, Told, told
from tem_registry.importing.sheet_headings import Heading
from tem_registry.importing.sheet_kinds import SheetKind
from tem_registry.importing.spreadsheets import Sheet

Record = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """A row: what it says of a record, and what is wrong, by the column's place (None: the row)."""

    record: Record
    faults: list[tuple[int | None, Told]] = field(default_factory=list)

    def blame(self, place: int | None, fault: Told) -> None:
        """One more fault."""
        self.faults.append((place, fault))


def read(sheet: Sheet, row: list[Cell]) -> Draft:
    """What a row says; empty cells say nothing."""
    draft = Draft({})
    if _is_example(sheet.kind, sheet.headings, row):
        draft.blame(None, told("example_left"))
    for heading in sheet.headings:
        cell = at(row, heading.place)
        if heading.column is None or cell.is_empty:
            continue
        try:
            value = sheet_cells.value(heading.column.holds, cell)
        except CellFault as fault:
            draft.blame(heading.place, fault.told)
        else:
            _put(draft.record, heading.column.pointer, value)
    _name_commune(draft, sheet.headings)
    return draft


def at(row: list[Cell], place: int) -> Cell:
    """The cell of a column; rows end where nothing follows."""
    return row[place] if place < len(row) else EMPTY


def _put(record: Record, pointer: str, value: Any) -> None:
    *outer, last = pointer[1:].split("/")
    for name in outer:
        record = record.setdefault(name, {})
    record[last] = value


def _is_example(kind: SheetKind, headings: list[Heading], row: list[Cell]) -> bool:
    """Whether a row is that of the template, left in: all of its cells, at least three."""
    same = [
        at(row, one.place).text == one.column.example
        for one in headings
        if one.column is not None and (one.column.example or at(row, one.place).text)
    ]
    return len(same) >= 3 and all(same)


# --- communes by name ---


def _name_commune(draft: Draft, headings: list[Heading]) -> None:
    """The code of a commune that is named without one, where exactly one can be meant."""
    address = draft.record.get("address", {})
    named = address.get("commune")
    if named is None or "commune_code" in address or not _in_province(address):
        return
    found = communes_called(named)
    if len(found) == 1:
        address["commune_code"] = found[0].code
        del address["commune"]
        return
    choices = " / ".join(f"{one.name} ({one.code})" for one in found)
    code = "commune_ambiguous" if found else "commune_unknown"
    place = next(
        one.place for one in headings if one.column and one.column.pointer == "/address/commune"
    )
    draft.blame(place, told(code, text=named, choices=choices))


def _in_province(address: Record) -> bool:
    province = address.get("province", PROVINCE)
    named = folded(province).removeprefix("tinh ") == folded(PROVINCE).removeprefix("tinh ")
    return named and address.get("province_code", PROVINCE_CODE) == PROVINCE_CODE


def communes_called(name: str) -> list[places.Commune]:
    """The communes of today that a name may mean: their own, or that of a former unit in them.

    Accents count; left out, they are guessed only where nothing is called so with them. A name
    that a unit has today and another had until 2025 means both. A code in its place is as good.
    """
    if name in places.communes():
        return [places.communes()[name]]
    for alike in (_exactly, folded):
        wanted = {alike(name)}
        found = [
            one
            for one in places.communes().values()
            if wanted & set(_names(alike, (one.name, *one.former_units), name))
        ]
        if found:
            return found
    return []


def _exactly(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _names(alike: Any, units: Iterable[str], name: str) -> Iterable[str]:
    """Units with their kind, and without it where the name has none."""
    without = bare(name) == unicodedata.normalize("NFC", name.strip())
    return [alike(bare(one) if without else one) for one in units]
