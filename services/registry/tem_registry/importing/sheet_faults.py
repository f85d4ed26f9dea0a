"""What can be wrong with a cell, a row or a sheet: a stable code, and what to write instead. Pure.

Each fault is told in Vietnamese and in English: the people who mend the file are in the office.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tem.errors import TemError


@dataclass(frozen=True, slots=True)
class Told:
    """One fault: ``detail`` is English, ``detail_vi`` Vietnamese; both say what to do."""

    code: str
    detail: str
    detail_vi: str


class CellFault(TemError):
    """A cell that cannot be read as what its column holds."""

    def __init__(self, code: str, **values: Any) -> None:
        self.told = told(code, **values)
        super().__init__(code, self.told.detail)


# code: (English, Vietnamese)
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # --- how a spreadsheet holds a value ---
        "formula_without_value": (
            "A formula whose result is not in the file: open it, save it, send it again.",
            "Công thức chưa có kết quả trong tệp: mở tệp, lưu lại rồi gửi lại.",
        ),
        "cell_error": (
            "The cell shows an error ({text}): write the value.",
            "Ô đang báo lỗi ({text}): ghi giá trị vào.",
        ),
        "merged_cell": (
            "A merged cell: unmerge it and write the value into each row.",
            "Ô bị gộp: bỏ gộp ô và ghi giá trị vào từng dòng.",
        ),
        "not_text": (
            "The spreadsheet made a date of it: format the column as text, type it again.",
            "Bảng tính đã đổi thành ngày giờ: định dạng cột là Văn bản (Text) rồi gõ lại.",
        ),
        "number_not_text": (
            "A number, which loses leading zeros: format the column as text, type it again.",
            "Ô kiểu số làm mất số 0 ở đầu: định dạng cột là Văn bản (Text) rồi gõ lại.",
        ),
        "scientific_notation": (
            "The spreadsheet has rounded it ({text}): format the column as text, type all digits.",
            "Bảng tính đã làm tròn ({text}): định dạng cột là Văn bản (Text) rồi gõ đủ chữ số.",
        ),
        "leading_zero_lost": (
            "A telephone number begins with 0 or +84: the first zero seems lost, type it again.",
            "Số điện thoại bắt đầu bằng 0 hoặc +84: có vẻ mất số 0 đầu, hãy gõ lại.",
        ),
        # --- what its column holds ---
        "date_form": (
            "Write the day as dd/mm/yyyy (05/06/2026 is 5 June) or as 2026-06-05.",
            "Ghi ngày dạng dd/mm/yyyy (05/06/2026 là mùng 5 tháng 6) hoặc 2026-06-05.",
        ),
        "month_form": (
            "The cell shows a month without its day: write the day, or as text 12/2027 or 2027-12.",
            "Ô chỉ hiện tháng, không có ngày: ghi đủ ngày, hoặc ghi dạng văn bản 12/2027, 2027-12.",
        ),
        "date_with_time": (
            "A day with a time of day: write the day alone.",
            "Ngày có kèm giờ: chỉ ghi ngày.",
        ),
        "no_such_day": (
            "There is no such day: check day and month.",
            "Không có ngày này: kiểm tra lại ngày và tháng.",
        ),
        "whole_number_form": (
            "Write a whole number in digits alone, as 1200.",
            "Ghi số nguyên, chỉ gồm chữ số, ví dụ 1200.",
        ),
        "decimal_form": (
            "Write a number, as 72,9 or 72.9.",
            "Ghi một số, ví dụ 72,9 hoặc 72.9.",
        ),
        "flag_form": (
            "Write có (yes) or không (no).",
            "Ghi có hoặc không.",
        ),
        "choice_form": (
            "Write one of: {choices}.",
            "Ghi một trong các giá trị: {choices}.",
        ),
        "commune_unknown": (
            "No commune of Hà Tĩnh is called {text}: see /v1/communes, or give its code.",
            "Hà Tĩnh không có xã, phường tên {text}: xem danh mục xã, phường hoặc ghi mã.",
        ),
        "commune_ambiguous": (
            "{text} may be {choices}: write the code of the one that is meant.",
            "{text} có thể là {choices}: ghi mã của đơn vị đúng.",
        ),
        "required": (
            "This is needed for a new record.",
            "Bắt buộc phải có đối với bản ghi mới.",
        ),
        # --- rows ---
        "column_needed": (
            "A new record needs the column {heading}.",
            "Bản ghi mới cần có cột {heading}.",
        ),
        "row_twice": (
            "The same record stands in row {row} already: keep one of the two.",
            "Bản ghi này đã có ở dòng {row}: chỉ giữ một dòng.",
        ),
        "several_match": (
            "Several records on file fit this row ({ids}): give the id of the one that is meant.",
            "Có nhiều bản ghi khớp với dòng này ({ids}): ghi mã của bản ghi đúng.",
        ),
        "example_left": (
            "This is the example of the template: delete the row.",
            "Đây là dòng ví dụ của tệp mẫu: xóa dòng này.",
        ),
        "unstorable_value": (
            "It cannot be kept as it is: write it anew.",
            "Không lưu được giá trị này: hãy ghi lại.",
        ),
        # --- sheets ---
        "column_unknown": (
            "No field is called “{heading}”: rename the column or delete it.{near}",
            "Không có mục nào tên “{heading}”: đổi tên hoặc xóa cột.{near_vi}",
        ),
        "column_twice": (
            "“{heading}” stands for the same field as an earlier column: keep one of the two.",
            "“{heading}” trùng mục với một cột đứng trước: chỉ giữ một cột.",
        ),
        "column_without_heading": (
            "Cells stand under no heading (column {letter}): give the column one, or empty it.",
            "Có ô không nằm dưới tiêu đề nào (cột {letter}): ghi tiêu đề hoặc xóa nội dung.",
        ),
    }
)


def told(code: str, **values: Any) -> Told:
    """The fault with this code, its words filled in with ``values``."""
    english, vietnamese = _WORDS[code]
    return Told(code, english.format(**values), vietnamese.format(**values))


def of_the_rules(code: str, detail: str, hint_vi: str) -> Told:
    """A fault that a rule of the registry tells; in Vietnamese at least what belongs there."""
    known = _WORDS.get(code)
    if known is not None and "{" not in known[1]:
        return Told(code, detail, known[1])
    vietnamese = f"Giá trị này không được chấp nhận ({code})."
    return Told(code, detail, f"{vietnamese} {hint_vi}".strip())
