"""How often a decoder would go over all pixels of a JPEG, told without decoding any.

A progressive JPEG is drawn in scans, each of which may cost 42 bytes of file and a pass over the
whole picture. libjpeg sets no bound to them.
"""

import re
import struct

MOST_SCANS = 32  # cameras and programs write up to about a dozen
MOST_SEGMENTS = 2000  # a colour profile or metadata of 8 MB in pieces of 64 kB are some hundred
_SCAN, _END, _START = 0xDA, 0xD9, 0xD8
# A marker that a decoder looks at. Those below C0 and the restarts (D0 to D7) have no length: what
# follows them is searched too, as a decoder does when it looks for its place in damaged pixels.
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")


def is_laborious(content: bytes) -> bool:
    """Whether a JPEG has more scans or segments than any that a camera or a program writes."""
    place = segments = scans = 0
    while (found := _MARKER.search(content, place)) is not None:
        marker, place = found[1][0], found.end()
        if marker == _END:
            return False
        if marker == _START:
            continue
        scans += marker == _SCAN
        segments += 1
        if scans > MOST_SCANS or segments > MOST_SEGMENTS:
            return True
        place += _length(content, place)
    return False


def _length(content: bytes, place: int) -> int:
    """Of the segment whose length stands here, itself included."""
    told = content[place : place + 2]
    return max(2, struct.unpack(">H", told)[0]) if len(told) == 2 else 2
