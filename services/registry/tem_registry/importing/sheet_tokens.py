"""What of a part of an XLSX a parser would have to read again and again: told before it does.

A parser that is fed in pieces begins a token anew with each piece until its end has come: the time
for a tag or a comment of many megabytes grows with the square of its length.
"""

import re

MOST_BYTES = 64 * 1024  # of a token; a cell's text is none, it is taken as it comes
MOST_REMARKS = 1000  # comments and instructions, of which programs write next to none
_REMARK = re.compile(rb"<!--|<\?")
_ENDS = {b"<!--": b"-->", b"<?": b"?>"}
# From the beginning of one tag to that of the next: `<` stands nowhere else but in remarks.
_PIECE = re.compile(rb"<[^<]{%d,}+" % MOST_BYTES)
_TAG = re.compile(rb"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
_ENTITY = re.compile(rb"&[^;&]{32}")  # no document type, so that only the five of XML are left


def is_laborious(xml: bytes) -> bool:
    """Whether a tag, a comment, an instruction or an entity is longer than any program writes."""
    for number, found in enumerate(_REMARK.finditer(xml), 1):
        most = found.end() + MOST_BYTES
        if number > MOST_REMARKS or xml.find(_ENDS[found[0]], found.end(), most) < 0:
            return True
    return any(_has_long_token(xml, *piece.span()) for piece in _PIECE.finditer(xml))


def _has_long_token(xml: bytes, first: int, end: int) -> bool:
    tag = _TAG.match(xml, first, end)
    if tag is None or tag.end() - first > MOST_BYTES:
        return True
    return _ENTITY.search(xml, first, end) is not None
