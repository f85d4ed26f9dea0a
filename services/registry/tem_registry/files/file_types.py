"""What a file is, told by its bytes alone: its type, its name, and whether a PDF is whole.

Pure. A name or an extension is never asked for, and a type that a sender claims decides nothing:
it may only be right or wrong.
"""

import hashlib
import re

from tem import pictures

MAX_FILE_BYTES = 5 * 1024 * 1024
IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
PDF = "application/pdf"
TYPES = (*IMAGE_TYPES, PDF)
FILE_ID = re.compile(r"F-[0-9a-f]{32}\Z", re.ASCII)

_PDF_HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_TRAILER = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF[\s\0]*\Z")
_PDF_TABLE = re.compile(rb"xref\s|[0-9]{1,10}\s+[0-9]{1,5}\s+obj\b")
_TRAILER_BYTES = 1024


def id_of(content: bytes) -> str:
    """The id of a file: ``F-`` and 32 hexadecimal digits of its SHA-256."""
    return f"F-{hashlib.sha256(content).hexdigest()[:32]}"


def type_of(content: bytes) -> str | None:
    """The one of :data:`TYPES` that these bytes begin as, or None."""
    return pictures.type_of(content) or (PDF if _PDF_HEADER.match(content) else None)


def is_whole_pdf(content: bytes) -> bool:
    """Whether a PDF has its header first and ends in a trailer that leads to its table.

    ISO 32000-1 §7.5: ``startxref``, the offset of the cross-reference table or stream, ``%%EOF``.
    """
    trailer = _PDF_TRAILER.search(content, max(0, len(content) - _TRAILER_BYTES))
    if trailer is None or not _PDF_HEADER.match(content):
        return False
    return _PDF_TABLE.match(content, int(trailer[1])) is not None
