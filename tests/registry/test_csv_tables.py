"""CSV for spreadsheets: what Excel opens, and what it must never run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem_registry.reports.csv_tables import safe, written

CASES = [
    ("=1+1", "'=1+1"),
    ("+84 239", "'+84 239"),
    ("-2", "'-2"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\tx", "'\tx"),
    ("\rx", "'\rx"),
    ("\n=1", "'\n=1"),
    (" =1", "' =1"),
    ("\u00a0=1", "'\u00a0=1"),
    ("＝1", "'＝1"),
    ("a=1", "a=1"),
    ("'=1", "'=1"),
    ("\u200b=1", "'\u200b=1"),
    ("\u202e\u2066=1", "'\u202e\u2066=1"),
    ("\u3000=1", "'\u3000=1"),
    ("\x0b=1", "'\x0b=1"),
    ("a;=1", "a;'=1"),
    ("a; =1;b", "a;' =1;b"),
    ("a\t@x", "a\t'@x"),
    ("a,=1", "a,=1"),
    ("a;b", "a;b"),
    ("", ""),
    (None, ""),
    (-5, -5),
    (0, 0),
    ("Nước mắm", "Nước mắm"),
]


@pytest.mark.parametrize(("cell", "wanted"), CASES)
def test_no_cell_is_a_formula(cell: str | int | None, wanted: str | int) -> None:
    """Text a spreadsheet might run gets an apostrophe; numbers stay numbers."""
    assert safe(cell) == wanted


def test_the_file_is_what_excel_expects() -> None:
    """A byte order mark, CRLF, text in quotes, numbers without."""
    content = written(["Tên", "Số"], [['Mắm, "cốt"', 5], [None, -1]])
    assert content == b"\xef\xbb\xbf" + '"Tên","Số"\r\n"Mắm, ""cốt""",5\r\n"",-1\r\n'.encode()


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(rows=st.lists(st.tuples(cells, st.integers(), cells), max_size=5))
def test_every_table_is_read_back(rows: list[tuple[str, int, str]]) -> None:
    """Whatever stands in its cells, a CSV reader finds the same rows, none of them a formula."""
    content = written(["a", "b", "c"], rows).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert found == [[str(safe(cell)) for cell in row] for row in rows]
    for first, _, last in found:
        assert not (first + " ").startswith(tuple("=+-@\t\r\n"))
        assert not (last + " ").startswith(tuple("=+-@\t\r\n"))
