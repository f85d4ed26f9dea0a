"""Comparing Vietnamese names as people write them: case, accents and tone marks left out. Pure."""

import re
import unicodedata

_UNIT = re.compile(r"(xã|phường|thị trấn)\s+", re.IGNORECASE)


def folded(text: str) -> str:
    """A name for comparing: no case, no accents (đ is d), one blank between words.

    *Yên Hoà* and *Yên Hòa* are thus the same, and so are *Hương Sơn* and *huong son*.
    """
    parts = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return " ".join(plain.split())


def bare(name: str) -> str:
    """A unit's name without its kind: *Xã Kỳ Lợi* → *Kỳ Lợi*."""
    return _UNIT.sub("", unicodedata.normalize("NFC", name.strip()), count=1)
