"""What the wire says of a single field, in Vietnamese. English is the API's own.

The codes of such faults are all ``invalid``: only their words tell them apart. Pure.
"""

import re

ANYTHING_ELSE = "Giá trị chưa đúng. Hãy xem lại ô này."
_WORDS = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r"Missing data for required field\.|Field may not be null\.", "Chưa điền ô này."),
        (r"There is nothing to see in it.*", "Chưa điền ô này: hãy ghi vài chữ."),
        (r"Length must be between 1 and (\d+)\.", "Hãy ghi từ 1 đến {} ký tự."),
        (r"Length must be between (\d+) and (\d+)\.", "Hãy ghi từ {} đến {} ký tự."),
        (r"Longer than maximum length (\d+)\.", "Dài quá: nhiều nhất là {}."),
        (r"Shorter than minimum length (\d+)\.", "Ngắn quá: ít nhất là {}."),
        (r"Not a valid integer\.", "Hãy ghi một số nguyên, ví dụ 1200."),
        (r"Not a valid number\.", "Hãy ghi một số, ví dụ 72,9."),
        (r"Not a valid boolean\.|Write true or false\.", "Hãy chọn có hoặc không."),
        (
            r"Must be greater than or equal to ([\d.-]+) and less than or equal to ([\d.-]+)\.",
            "Hãy ghi số từ {} đến {}.",
        ),
        (r"Must be greater than or equal to ([\d.-]+)\.", "Hãy ghi số không nhỏ hơn {}."),
        (r"Must be less than or equal to ([\d.-]+)\.", "Hãy ghi số không lớn hơn {}."),
        (r"Must be one of: .*", "Hãy chọn một trong các mục có sẵn."),
        (r"Not a date like .*|Not a valid date\.", "Hãy ghi ngày như 20/11/2026."),
        (r"There is no such day\.", "Không có ngày này. Hãy xem lại ngày và tháng."),
        (r"Years (\d+) to (\d+) only\.", "Chỉ nhận năm từ {} đến {}."),
        (r"Not an instant.*", "Hãy ghi ngày và giờ, ví dụ 20/11/2026 09:00."),
        (r"Character (\d+) .*is invisible.*", "Ký tự thứ {} không nhìn thấy được. Hãy gõ lại."),
        (r"An id is .*", "Mã gồm 1 đến 64 chữ không dấu, chữ số hoặc . _ : - . Hãy xem lại."),
        (r"It is a file_id .*", "Hãy gửi ảnh trước rồi chọn lại."),
        (r"The last stamp comes before the first\.", "Tem cuối đứng trước tem đầu."),
        (r"It ends before it begins\.", "Ngày kết thúc đứng trước ngày bắt đầu."),
        (r"The (period|report) ends before it begins\.", "Ngày cuối đứng trước ngày đầu."),
        (r"Give the decision_no, .*", "Hãy ghi số quyết định, lý do, hoặc cả hai."),
        (r"Give it in full, .*", "Hãy ghi đủ địa chỉ, hoặc chọn xã, phường."),
        (r"A recall is lifted by .*", "Gỡ thông báo thu hồi sản phẩm ở trang của lô."),
        (r"Name some of .*", "Hãy chọn lại các cột số liệu."),
        (r"Write it as (.*)\.", "Hãy ghi như {}."),
    )
)


def vietnamese(detail: str) -> str:
    """The words for one fault of a field; general ones where nobody has thought of it."""
    for pattern, told in _WORDS:
        found = pattern.fullmatch(detail)
        if found:
            return told.format(*(_number(one) for one in found.groups()))
    return ANYTHING_ELSE


def _number(text: str) -> str:
    """Whole numbers with their thousands apart, as Vietnamese has them; years as they are."""
    is_long = text.isdigit() and len(text) > 4
    return f"{int(text):,}".replace(",", ".") if is_long else text.replace(".", ",")
