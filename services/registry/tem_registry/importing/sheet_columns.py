"""The columns that a spreadsheet of each kind may have: their headings, fields and forms. Pure.

A column stands for one member of a record, named by its JSON Pointer; members of members have
columns of their own. Withdrawing a recognition is no column: it revokes stamps, and has its call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tem_registry.catalogue.names import folded
from tem_registry.importing.sheet_cells import Form, Holds


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``vi`` and ``en`` are its headings in a template, ``also`` others people use.

    ``hint_vi`` and ``hint_en`` say what to write; ``needed`` is what a new record cannot lack.
    """

    pointer: str
    vi: str
    en: str
    holds: Holds
    also: tuple[str, ...] = ()
    example: str = ""
    needed: bool = False
    hint_vi: str = ""
    hint_en: str = ""

    @property
    def name(self) -> str:
        """The field's name, members of members after a dot."""
        return self.pointer[1:].replace("/", ".")


_HINTS = {
    Form.WORDS: ("", ""),
    Form.CODE: ("Định dạng Văn bản (Text).", "Format as text."),
    Form.DIGITS: ("Chỉ chữ số, định dạng Văn bản (Text).", "Digits alone, format as text."),
    Form.PHONE: ("Bắt đầu bằng 0, định dạng Văn bản (Text).", "Begins with 0, format as text."),
    Form.CODES: ("Nhiều mã cách nhau bằng dấu phẩy.", "Several ids divided by commas."),
    Form.WHOLE: ("Số nguyên, ví dụ 1200.", "A whole number, as 1200."),
    Form.DECIMAL: ("Số, ví dụ 72,9.", "A number, as 72,9."),
    Form.DAY: ("Ngày dd/mm/yyyy, ví dụ 05/06/2026.", "A day dd/mm/yyyy, as 05/06/2026."),
    Form.DAY_OR_MONTH: (
        "Ngày dd/mm/yyyy hoặc tháng mm/yyyy.",
        "A day dd/mm/yyyy, or a month mm/yyyy.",
    ),
    Form.FLAG: ("có hoặc không.", "có (yes) or không (no)."),
}


def column(
    pointer: str,
    vi: str,
    en: str,
    form: Form = Form.WORDS,
    *also: str,
    width: int = 0,
    example: str = "",
    needed: bool = False,
) -> Column:
    """A column of a form that needs no list of words."""
    return Column(
        pointer, vi, en, Holds(form, width), also, example, needed, _HINTS[form][0], _HINTS[form][1]
    )


def chosen(
    pointer: str,
    vi: str,
    en: str,
    words: Mapping[str, tuple[str, ...]],
    *also: str,
    example: str = "",
    needed: bool = False,
) -> Column:
    """A column whose cells are one of some words.

    ``words`` are the values on the wire, each with what people may write for it, best first.
    """
    choices: dict[str, Any] = {folded(value): value for value in words}
    choices |= {folded(word): value for value, called in words.items() for word in called}
    best = tuple(called[0] for called in words.values())
    holds = Holds(Form.CHOICE, choices=choices, words=best)
    listed, wire = ", ".join(best), ", ".join(words)
    hints = (f"Một trong: {listed}.", f"One of: {listed} ({wire}).")
    return Column(pointer, vi, en, holds, also, example, needed, *hints)


def address(example: str) -> tuple[Column, ...]:
    """Where something lies, since 01/07/2025."""
    return (
        column("/address/line", "Thôn, đường, số nhà", "Street or village", Form.WORDS, "thôn"),
        column(
            "/address/commune_code",
            "Mã xã/phường",
            "Commune code",
            Form.DIGITS,
            "xã/phường (mã)",
            "mã xã",
            "mã phường",
            width=5,
        ),
        column(
            "/address/commune",
            "Xã/phường",
            "Commune",
            Form.WORDS,
            "xã",
            "phường",
            "tên xã/phường",
            "xã, phường",
            example=example,
        ),
        column("/address/province_code", "Mã tỉnh", "Province code", Form.DIGITS, width=2),
        column("/address/province", "Tỉnh", "Province", Form.WORDS, "tỉnh/thành phố"),
        column("/address/full", "Địa chỉ đầy đủ", "Full address", Form.WORDS, "địa chỉ", "address"),
    )


def place() -> tuple[Column, ...]:
    """Coordinates, WGS84."""
    return (
        column("/gps/lat", "Vĩ độ", "Latitude", Form.DECIMAL, "lat", example="18,118582"),
        column("/gps/lon", "Kinh độ", "Longitude", Form.DECIMAL, "lng", example="106,322166"),
    )
