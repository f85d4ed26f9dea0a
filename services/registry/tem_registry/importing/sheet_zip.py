"""What an XLSX must be before any of it is parsed: an honest ZIP of plain XML within bounds.

Parts and their tags are counted and measured; a document type (and with it every entity) is
refused, and so is every encoding but UTF-8. ``zipfile`` reads no more of a part than its directory
says.
"""

import io
import re
import zipfile
import zlib

from tem.errors import Invalid, TooLarge
from tem_registry.importing import sheet_tokens

MAX_UNZIPPED = 50 * 1024 * 1024
MAX_PARTS = 2000
MAX_WHOLE_PART = 2 * 1024 * 1024  # of parts that are held whole: workbook, styles, relations
MAX_TAGS, MAX_ATTRIBUTES = 2_500_000, 5_000_000
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
_STREAMED = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)


def opened(content: bytes) -> zipfile.ZipFile:
    """The archive of an XLSX. Raises Invalid, or TooLarge for what would unpack to too much."""
    if content.startswith(_OLD_OR_LOCKED):
        raise Invalid(
            "xlsx_old_or_locked",
            "An old .xls, or a file with a password: save it as .xlsx without one.",
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        _measure(archive)
        _look_into(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise _unreadable() from error
    except zlib.error as error:
        raise _unreadable() from error
    return archive


def _unreadable() -> Invalid:
    return Invalid(
        "xlsx_unreadable", "It is no XLSX that can be read: open it, save it anew, send that."
    )


def _measure(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    whole = [one for one in parts if _is_xml(one) and not _STREAMED.fullmatch(one.filename)]
    if (
        len(parts) > MAX_PARTS
        or sum(one.file_size for one in parts) > MAX_UNZIPPED
        or any(one.file_size > MAX_WHOLE_PART for one in whole)
    ):
        raise TooLarge(
            "xlsx_too_large",
            "It unpacks to too much: copy the table alone, as values, into a new file.",
        )
    names = [one.filename for one in parts]
    if any(one.flag_bits & 1 for one in parts) or len(set(names)) != len(names):
        raise _unreadable()


def _is_xml(part: zipfile.ZipInfo) -> bool:
    return part.filename.lower().endswith((".xml", ".rels"))


def _look_into(archive: zipfile.ZipFile) -> None:
    tags = attributes = 0
    for part in filter(_is_xml, archive.infolist()):
        text = archive.read(part)
        declared = _ENCODING.search(text[:200])
        foreign = declared is not None and declared[1].lower() not in (b"utf-8", b"us-ascii")
        if foreign or b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text:
            raise _unsafe()
        tags, attributes = tags + text.count(b"<"), attributes + text.count(b"=")
        if tags > MAX_TAGS or attributes > MAX_ATTRIBUTES:
            raise TooLarge(
                "xlsx_too_large",
                "It has too many rows or cells: copy the table alone into a new file.",
            )
        if sheet_tokens.is_laborious(text):
            raise _unsafe()


def _unsafe() -> Invalid:
    return Invalid("xlsx_unsafe", "It holds what no spreadsheet needs: save it anew.")
