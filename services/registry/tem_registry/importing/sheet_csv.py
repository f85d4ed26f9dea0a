"""Tables in CSV: what letters its bytes are, and where its cells end. Pure.

UTF-8, with or without a byte order mark, and UTF-16 with one, as Excel's "Unicode text". Bytes of
other encodings (Windows-1258, TCVN3) are refused: they could be read, as other letters.
"""

import codecs
import csv
import io
from collections.abc import Iterator

from tem.errors import Invalid
from tem_registry.importing.sheet_cells import EMPTY, Cell

DIVIDERS = (",", ";", "\t")
_BY_MARK = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TO_UTF8 = "In Excel: Save as → CSV UTF-8 (Comma delimited), then send it again."
# An apostrophe before these is the one our own tables put there, so that nothing runs.
_DEFUSED = tuple("=+-@\t\r＝＋－＠")


def decoded(content: bytes) -> str:
    """The text of a file. Raises Invalid for bytes that are no text we can be sure of."""
    encoding = next((name for mark, name in _BY_MARK if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Invalid("encoding_not_utf8", f"The file is not UTF-8. {_TO_UTF8}") from error
    if "\x00" in text:
        raise Invalid("encoding_not_utf8", f"The file is no text in UTF-8. {_TO_UTF8}")
    if "\ufffd" in text:
        raise Invalid(
            "characters_lost",
            "Letters were lost (�) when the file was saved: save the original as CSV UTF-8.",
        )
    return text


def tables(text: str) -> list[list[list[Cell]]]:
    """The table that a text is under each divider it may have, the likeliest first.

    Which one it is, headings tell. Raises Invalid where a quote is never closed.
    """
    named = text[:6].lower().startswith("sep=") and text[4:5]
    if named:
        return [list(_rows(text.partition("\n")[2], named, 2))]
    first = text.lstrip().partition("\n")[0]
    ordered = sorted(DIVIDERS, key=lambda one: -first.count(one))
    found, refused = [], None
    for divider in ordered:
        try:
            found.append(list(_rows(text, divider, 1)))
        except Invalid as error:
            refused = refused or error
    if not found and refused is not None:
        raise refused
    return found


def _rows(text: str, divider: str, first: int) -> Iterator[list[Cell]]:
    for _ in range(1, first):
        yield []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    try:
        for row in reader:
            yield [_cell(text) for text in row]
    except csv.Error as error:
        raise Invalid(
            "csv_unreadable", f"Line {reader.line_num} is no CSV: is a quote left open? ({error})"
        ) from error


def _cell(text: str) -> Cell:
    text = text.strip()
    if text.startswith("'") and text[1:].startswith(_DEFUSED):
        text = text[1:]
    return Cell(text) if text else EMPTY
