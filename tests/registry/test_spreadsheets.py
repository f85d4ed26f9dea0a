"""Spreadsheets as they are sent: letters, dividers, headings, cells; and archives made to harm."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from openpyxl import Workbook
from tests.registry import sheets

from tem.errors import Invalid, TemError, TooLarge
from tem_registry.importing import (
    sheet_records,
    sheet_templates,
    sheet_xlsx,
    sheet_zip,
    spreadsheets,
)
from tem_registry.importing.sheet_cells import Cell, CellType, Form, Holds, value
from tem_registry.importing.sheet_faults import CellFault
from tem_registry.importing.sheet_headings import meant
from tem_registry.importing.sheet_kinds import KINDS, WORKBOOK
from tem_registry.importing.spreadsheets import CSV, XLSX

TABLE = "Mã chủ thể;Tên chủ thể;Loại hình\nHT-P1;Hợp tác xã Đường Mật;hợp tác xã\n"
RECORD = {
    "producer_id": "HT-P1",
    "name": "Hợp tác xã Đường Mật",
    "producer_type": "cooperative",
}


def records(content: bytes, media_type: str = CSV, kind: str = "producer") -> list[Any]:
    """What the rows of the first sheet say."""
    sheet = spreadsheets.read(content, media_type, kind).sheets[0]
    return [sheet_records.read(sheet, row).record for _, row in sheet.rows]


def code_of(content: bytes, media_type: str = CSV, kind: str = "producer") -> str:
    """The code of the refusal of a file."""
    with pytest.raises((Invalid, TooLarge)) as refused:
        spreadsheets.read(content, media_type, kind)
    return refused.value.code


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        TABLE.replace(";", ",").encode(),
        TABLE.replace(";", "\t").encode("utf-16"),
        f"sep=;\r\n{TABLE}".encode(),
        TABLE.replace("\n", "\r\n").encode(),
        f"DANH SÁCH, CHỦ THỂ, 2026\n\n{TABLE}".encode(),
        TABLE.replace("Hợp tác xã Đường Mật", '"Hợp tác xã Đường Mật"').encode(),
        "producer_id,NAME,producer type\nHT-P1,Hợp tác xã Đường Mật,cooperative\n".encode(),
        TABLE.replace("\n", "\nProducer ID;Producer;Producer type\n", 1).encode(),
    ],
)
def test_the_same_table_in_many_coats(content: bytes) -> None:
    """Byte order marks, UTF-16, dividers, quotes, titles above, English beneath change nothing."""
    assert records(content) == [RECORD]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TABLE.encode("utf-16-le"), "encoding_not_utf8"),
        ("Tên chủ thể\nĐường\n".encode("cp1258", "ignore"), "encoding_not_utf8"),
        ("Tên chủ thể;Loại hình\nH\ufffdp;x\n".encode(), "characters_lost"),
        (b"a;b\n1;2\n", "headings_not_found"),
        (b"", "headings_not_found"),
        ('Tên chủ thể;Loại hình\n"mở;x\n'.encode(), "csv_unreadable"),
        (f"{TABLE}{';' * 70}x\n".encode(), "too_many_columns"),
        (TABLE.encode() + b"HT-P2;x;y\n" * 1000, "too_many_rows"),
        (b"PK\x03\x04", "file_type_differs"),
    ],
)
def test_a_table_that_is_none(content: bytes, code: str) -> None:
    """What cannot be read without guessing is refused by its own code."""
    assert code_of(content) == code


def test_what_our_own_tables_put_before_a_formula_is_taken_off() -> None:
    """A cell that we defused with an apostrophe comes back as it was."""
    found = records("Tên chủ thể;Điện thoại\n'=Gạo;'+84 239 000 0001\n".encode())
    assert found == [{"name": "=Gạo", "phone": "+84 239 000 0001"}]


@pytest.mark.parametrize(
    ("form", "cell", "expected"),
    [
        (Form.DAY, Cell("05/06/2026"), "2026-06-05"),
        (Form.DAY, Cell("2026-06-05"), "2026-06-05"),
        (Form.DAY, Cell("2026-06-05", CellType.DATE), "2026-06-05"),
        (Form.DAY, Cell("5/6/2026"), "date_form"),
        (Form.DAY, Cell("05-06-2026"), "date_form"),
        (Form.DAY, Cell("46178", CellType.NUMBER), "date_form"),
        (Form.DAY, Cell("11/20/2026"), "no_such_day"),
        (Form.DAY, Cell("29/02/2026"), "no_such_day"),
        (Form.DAY, Cell("06/2026", CellType.MONTH), "month_form"),
        (Form.DAY, Cell("2026-06-05 10:00:00", CellType.MOMENT), "date_with_time"),
        (Form.DAY_OR_MONTH, Cell("12/2027"), "2027-12"),
        (Form.DAY_OR_MONTH, Cell("2027-12"), "2027-12"),
        (Form.DAY_OR_MONTH, Cell("13/2027"), "no_such_day"),
        (Form.DAY_OR_MONTH, Cell("12/2027", CellType.MONTH), "month_form"),
        (Form.PHONE, Cell("0239 000 0001"), "0239 000 0001"),
        (Form.PHONE, Cell("+84 239 000 0001"), "+84 239 000 0001"),
        (Form.PHONE, Cell("2390000001"), "leading_zero_lost"),
        (Form.PHONE, Cell("2390000001", CellType.NUMBER), "number_not_text"),
        (Form.DIGITS, Cell("9521234000013", CellType.NUMBER), "number_not_text"),
        (Form.DIGITS, Cell("9,52123E+12"), "scientific_notation"),
        (Form.CODE, Cell("7", CellType.NUMBER), "number_not_text"),
        (Form.CODE, Cell("2026-05-01", CellType.DATE), "not_text"),
        (Form.WORDS, Cell("1990", CellType.NUMBER), "1990"),
        (Form.WORDS, Cell("2026-05-01", CellType.DATE), "not_text"),
        (Form.WHOLE, Cell("1200", CellType.NUMBER), 1200),
        (Form.WHOLE, Cell("1.200"), "whole_number_form"),
        (Form.WHOLE, Cell("12.5", CellType.NUMBER), "whole_number_form"),
        (Form.DECIMAL, Cell("72,9"), 72.9),
        (Form.DECIMAL, Cell("72.9", CellType.NUMBER), 72.9),
        (Form.DECIMAL, Cell("nan"), "decimal_form"),
        (Form.DECIMAL, Cell("1,234.5"), "decimal_form"),
        (Form.FLAG, Cell("Có"), True),
        (Form.FLAG, Cell("KHÔNG"), False),
        (Form.FLAG, Cell("true", CellType.FLAG), True),
        (Form.FLAG, Cell("1", CellType.NUMBER), "flag_form"),
        (Form.CODES, Cell("SP1, SP2;SP3"), ["SP1", "SP2", "SP3"]),
        (Form.WORDS, Cell("", CellType.FORMULA), "formula_without_value"),
        (Form.WHOLE, Cell("#N/A", CellType.ERROR), "cell_error"),
        (Form.DAY, Cell("05/06/2026", CellType.MERGED), "merged_cell"),
    ],
)
def test_what_a_cell_says(form: Form, cell: Cell, expected: Any) -> None:
    """A cell is read as its column holds it, or the fault says what to write."""
    try:
        found = value(Holds(form), cell)
    except CellFault as fault:
        found = fault.code
        assert fault.told.detail and fault.told.detail_vi
    assert found == expected


def test_a_number_as_long_as_its_code_has_lost_no_zero() -> None:
    """The five digits of a commune may be a number; four of them may not."""
    holds = Holds(Form.DIGITS, width=5)
    assert value(holds, Cell("18781", CellType.NUMBER)) == "18781"
    with pytest.raises(CellFault):
        value(holds, Cell("1878", CellType.NUMBER))


@limits(max_examples=200, deadline=None)
@given(st.sampled_from(Form), st.sampled_from(CellType), st.text(max_size=30))
def test_any_cell_is_a_value_or_a_fault(form: Form, kind: CellType, text: str) -> None:
    """Whatever stands in a cell, its column reads it or says what is wrong with it."""
    try:
        value(Holds(form), Cell(text, kind))
    except CellFault as fault:
        assert fault.told.code == fault.code


@limits(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    """Whatever is sent as CSV is read, or refused by an error of ours."""
    try:
        spreadsheets.read(TABLE.encode() + content, CSV, "producer")
    except TemError as error:
        assert error.detail


def test_headings_are_understood_as_people_write_them() -> None:
    """Case, accents, marks, a required star and a second language on a line of its own."""
    for text in ("TÊN CHỦ THỂ", "ten chu the *", "Tên chủ thể\nProducer", "name", "Cơ sở sản xuất"):
        found = meant("producer", text)
        assert found is not None and found.name == "name", text
    found = meant("producer", "Xã/phường (mã)")
    assert found is not None and found.name == "address.commune_code"
    assert meant("producer", "Màu sơn") is None


def test_no_two_columns_of_a_kind_have_the_same_heading() -> None:
    """Each heading of a template leads to its own column, in both languages and by field name."""
    for kind in KINDS.values():
        for column in kind.columns:
            for heading in (column.vi, column.en, column.name):
                assert meant(kind.name, heading) is column, (kind.name, heading)


def test_faults_of_the_heading() -> None:
    """An unknown column, one that stands twice and cells under none are told; STT is left aside."""
    text = "STT;Tên chủ thể;Producer;Điện thọai;Màu\n1;a;b;c;d;e\n"
    sheet = spreadsheets.read(text.encode(), CSV, "producer").sheets[0]
    codes = [one.fault.code if one.fault else None for one in sheet.headings]
    assert codes == [None, None, "column_twice", None, "column_unknown"]
    assert [(one.code, "F" in one.detail) for one in sheet.faults] == [
        ("column_without_heading", True)
    ]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Phường Hải Ninh", ["18781"]),
        ("18781", ["18781"]),
        ("hải ninh", ["18781"]),
        ("hai ninh", ["18781"]),
        ("Trần Phú", ["18073", "18100"]),
        ("Phường Trần Phú", ["18073", "18100"]),
        ("Xã Thạch Hà", ["18562"]),
        ("Thạch Hà", ["18562"]),
        ("Thạch Hạ", ["18100"]),
        ("thach ha", ["18100", "18562"]),
        ("Đà Lạt", []),
    ],
)
def test_communes_by_name(name: str, codes: list[str]) -> None:
    """A name means one commune only if no other, of today or until 2025, was called so."""
    assert [one.code for one in sheet_records.communes_called(name)] == codes


# --- XLSX ---


def test_what_a_workbook_holds_is_told_by_type() -> None:
    """Days, months without a day, formulas without a result, numbers and merged cells."""
    made = Workbook()
    sheet = made.active
    sheet.append(["Chữ Đ", date(2026, 6, 5), 239, "=1+1", True, 72.9])
    sheet["A2"] = datetime(2027, 12, 1)
    sheet["A2"].number_format = "mm/yyyy"
    sheet["B2"] = datetime(2026, 1, 1, 5, 0)
    sheet["A4"] = "gộp"
    sheet.merge_cells("A4:B5")
    sheet["C5"] = "#N/A"
    found = sheet_xlsx.read(sheets.saved(made), 10, 10)[0].rows
    assert [[(cell.text, cell.type) for cell in row] for _, row in found[:2]] == [
        [
            ("Chữ Đ", CellType.TEXT),
            ("2026-06-05", CellType.DATE),
            ("239", CellType.NUMBER),
            ("", CellType.FORMULA),
            ("true", CellType.FLAG),
            ("72.9", CellType.NUMBER),
        ],
        [("12/2027", CellType.MONTH), ("2026-01-01 05:00:00", CellType.MOMENT)],
    ]
    assert [(number, [cell.type for cell in row]) for number, row in found[2:]] == [
        (4, [CellType.MERGED, CellType.MERGED]),
        (5, [CellType.MERGED, CellType.MERGED, CellType.ERROR]),
    ]


@pytest.mark.parametrize("title", ["Chủ thể", "Cơ sở"])
def test_a_sheet_is_chosen_by_its_title(title: str) -> None:
    """Among several sheets the one called as the kind is read; the others are told."""
    rows = [["Tên chủ thể", "Loại hình"], ["HTX Một", "hợp tác xã"]]
    cover = [["Tên chủ thể", "Loại hình"], ["Không phải", "x"]]
    content = sheets.workbook(**{"Bìa": cover, title: rows})
    read = spreadsheets.read(content, XLSX, "producer")
    assert ([one.title for one in read.sheets], read.left_aside) == ([title], ["Bìa"])


def test_a_workbook_is_read_in_the_order_in_which_its_sheets_name_each_other() -> None:
    """Whatever the order in the file: points of sale before contracts."""
    content = sheets.workbook(
        Hợp_đồng=[["Số hợp đồng", "Mã điểm bán"], ["1", "DB1"]],
        Điểm_bán=[["Mã điểm bán", "Tên điểm bán"], ["DB1", "Một"]],
    )
    read = spreadsheets.read(content, XLSX, WORKBOOK)
    assert [one.kind.name for one in read.sheets] == ["point_of_sale", "contract"]
    assert code_of(sheets.workbook(A=[["x"]]), XLSX, WORKBOOK) == "sheets_not_found"
    assert code_of(TABLE.encode(), CSV, WORKBOOK) == "workbook_not_csv"


LONG = "a" * 70_000
DTD = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


def small() -> bytes:
    """A workbook with one row."""
    return sheets.workbook(A=[["Tên chủ thể", "Loại hình"], ["a", "b"]])


def changed(name: str, content: bytes | str) -> bytes:
    """The same with another part."""
    return sheets.with_parts(small(), {name: content})


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: changed(sheets.SHEET, f"{DTD}<worksheet>&e;</worksheet>"), "xlsx_unsafe"),
        (lambda: changed("xl/styles.xml", f"{DTD}<s/>"), "xlsx_unsafe"),
        (lambda: changed(sheets.SHEET, f"{DTD}<worksheet/>".encode("utf-16")), "xlsx_unsafe"),
        (lambda: changed(sheets.SHEET, '<?xml encoding="utf-7"?><w/>'), "xlsx_unsafe"),
        (lambda: changed("xl/media/a.png", bytes(51 * 1024 * 1024)), "xlsx_too_large"),
        (lambda: changed("xl/styles.xml", bytes(3 * 1024 * 1024)), "xlsx_too_large"),
        (lambda: sheets.with_rows("<c/>" * 2_600_000), "xlsx_too_large"),
        (lambda: sheets.with_rows(f"<!--{LONG}-->"), "xlsx_unsafe"),
        (lambda: sheets.with_rows("<r/>" + "<!---->" * 1001), "xlsx_unsafe"),
        (lambda: sheets.with_rows(f"<row {'a=' * 5_000_001}/>"), "xlsx_too_large"),
        (lambda: sheets.with_rows(f"<row>{'<c/>' * 17_000}</row>"), "too_many_columns"),
        (lambda: sheets.with_rows('<row><c r="ZZ1"><v>1</v></c></row>'), "too_many_columns"),
        (lambda: sheets.with_rows("<row><c><v>1</v></c></row>" * 2200), "too_many_rows"),
        (lambda: sheets.with_rows("", '<mergeCell ref="A1:B1"/>' * 20_001), "too_many_merged"),
        (lambda: sheets.with_rows("<row>"), "xlsx_unreadable"),
        (lambda: sheets.with_rows('<row><c t="s"><v>99</v></c></row>'), "xlsx_unreadable"),
        (lambda: changed("[Content_Types].xml", "<x/>"), "xlsx_unreadable"),
        (lambda: changed("xl/workbook.xml", "<x/>"), "file_empty"),
        (lambda: b"PK\x03\x04 and no more", "xlsx_unreadable"),
        (lambda: small()[:-400], "xlsx_unreadable"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xlsx_old_or_locked"),
        (lambda: b"<html>", "file_type_differs"),
    ],
)
def test_an_archive_made_to_harm_is_refused(made: Callable[[], bytes], code: str) -> None:
    """Entities, bombs, other encodings, broken or too wide sheets: refused before they cost."""
    assert code_of(made(), XLSX) == code


def test_a_million_empty_rows_are_none() -> None:
    """A sheet formatted to its last row has the rows in which something stands."""
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
    empty = "".join(f'<row r="{number}"/>' for number in range(3, 200_000))
    last = row.format(1_048_576, "cuối")
    content = sheets.with_rows(row.format(1, "Tên chủ thể") + row.format(2, "a") + empty + last)
    found = spreadsheets.read(content, XLSX, "producer").sheets[0]
    assert [(number, cells[0].text) for number, cells in found.rows] == [
        (2, "a"),
        (1_048_576, "cuối"),
    ]


def test_nothing_from_elsewhere_is_read() -> None:
    """A link to another workbook is neither followed nor parsed; the value it left counts."""
    cell = '<c r="A2" t="str"><f>[1]Tệp!A1</f><v>HTX Một</v></c>'
    heading = '<c r="A1" t="inlineStr"><is><t>Tên chủ thể</t></is></c>'
    content = sheets.with_parts(
        sheets.with_rows(f'<row r="1">{heading}</row><row r="2">{cell}</row>'),
        {"xl/externalLinks/externalLink1.xml": "<no xml"},
    )
    assert records(content, XLSX) == [{"name": "HTX Một"}]


def test_parts_are_measured_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb is told by the archive's directory: not one of its parts is read."""
    bomb = changed("xl/media/a.xml", bytes(sheet_zip.MAX_UNZIPPED))
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    assert code_of(bomb, XLSX) == "xlsx_too_large"


def test_templates_can_be_read_back() -> None:
    """Each template has headings that are understood, and its example is told as one."""
    for kind in KINDS.values():
        for content, media_type in (
            (sheet_templates.xlsx(kind.name), XLSX),
            (sheet_templates.csv(kind.name), CSV),
        ):
            sheet = spreadsheets.read(content, media_type, kind.name).sheets[0]
            assert [one.column for one in sheet.headings] == list(kind.columns)
            drafts = [sheet_records.read(sheet, row) for _, row in sheet.rows]
            assert [[f.code for _, f in one.faults] for one in drafts] == [["example_left"]]
            needed = {one.pointer[1:] for one in kind.columns if one.needed}
            assert needed <= drafts[0].record.keys()
    assert len(spreadsheets.read(sheet_templates.xlsx(WORKBOOK), XLSX, WORKBOOK).sheets) == 6


def test_a_draft_is_kept_as_it_was_read() -> None:
    """Cells and headings come back from JSON the same, types included."""
    content = sheets.workbook(A=[["Tên chủ thể", "Màu", "Điện thoại"], ["a", "b", 7], ["c"]])
    read = spreadsheets.read(content, XLSX, "producer")
    assert spreadsheets.from_json(spreadsheets.as_json(read)) == read
