"""How wide a text will be, roughly, and how it is broken or shortened to fit. Pure.

No font is at hand on the server: the widths are those of common sans-serif faces, rounded up.
"""

import unicodedata

from tem_registry.portal.charts.drawing import TEXT

_NARROW, _BROAD = frozenset("iljtfrI.,:;'|!()[]/ -"), frozenset("mwMWQOG@%—")


def width(text: str, size: float = TEXT) -> float:
    """The width of a line; marks above and below a letter take no room of their own."""
    bases = [one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one)]
    return size * sum(map(_of_letter, bases))


def _of_letter(letter: str) -> float:
    if letter in _NARROW:
        return 0.36
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in _BROAD:
        return 1.0
    if letter.isdigit():
        return 0.64
    if letter in "<=>+&~#":
        return 0.85
    return 0.72 if letter.isupper() else 0.59


def shortened(text: str, room: float, size: float = TEXT) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def lines(text: str, room: float, most: int = 2, size: float = TEXT) -> list[str]:
    """The text broken between words into at most ``most`` lines; the last one is shortened."""
    words, found = text.split(), [""]
    for n, word in enumerate(words):
        longer = f"{found[-1]} {word}".strip()
        if width(longer, size) <= room or not found[-1]:
            found[-1] = longer
        elif len(found) < most:
            found.append(word)
        else:
            found[-1] = " ".join([found[-1], *words[n:]])
            break
    return [shortened(line, room, size) for line in found]
