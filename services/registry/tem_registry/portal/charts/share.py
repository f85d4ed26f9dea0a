"""A whole and its parts: one bar, and each part's number and percentage beside its mark. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tem.language import Lang
from tem_registry.portal.charts import letters, marks, numbers
from tem_registry.portal.charts.drawing import Canvas, Chart, Table, drawn_twice, either, nothing

_BAR, _ROW = 30, 24
_LEAST = 2.5  # width of a part: a little is not nothing


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the whole."""

    name: str
    value: int


def share(name: str, lang: Lang, title: str, parts: Sequence[Part]) -> Chart:
    """Up to four parts; their percentages add up to 100. Raises ValueError for more."""
    if len(parts) > marks.MOST:
        raise ValueError("up to four parts")
    values = [part.value for part in parts]
    rounded = zip(values, numbers.shares(values), strict=True)
    percent = [_percent(lang, value, one) for value, one in rounded]
    head = (either(lang, "Phần", "Part"), either(lang, "Số tem", "Stamps"), "%")
    rows = zip(parts, percent, strict=True)
    table = Table(head, tuple((part.name, part.value, words) for part, words in rows))
    if not sum(values):
        return nothing(lang, table)
    told = "; ".join(
        f"{part.name}: {numbers.written(part.value, lang)} ({words})"
        for part, words in zip(parts, percent, strict=True)
    )
    return Chart(drawn_twice(name, lang, title, told, lambda c: _draw(c, parts, percent)), table)


def _percent(lang: Lang, value: int, share: Fraction) -> str:
    """A little is not nothing: what rounds to 0 is said to be less than a tenth."""
    if value and not share:
        return f"<{numbers.written(0.1, lang, 1)}%"
    return f"{numbers.written(float(share), lang, 1)}%"


def _draw(canvas: Canvas, parts: Sequence[Part], percent: Sequence[str]) -> None:
    marks.patterns(canvas)
    scale = canvas.width / sum(part.value for part in parts)
    x = 0.0
    for n, part in enumerate(parts):
        if part.value:
            width = min(max(part.value * scale, _LEAST), canvas.width - x)
            marks.block(canvas, n, x, 0, width, _BAR)
            x += width
    y = _BAR + 8.0
    for n, (part, words) in enumerate(zip(parts, percent, strict=True)):
        number = f"{numbers.written(part.value, canvas.lang)} ({words})"
        room = canvas.width - 40 - letters.width(number)
        marks.swatch(canvas, n, 12, y + _ROW / 2)
        canvas.text(canvas.width, y + _ROW / 2 + 4.5, number, "end", "number")
        for line in letters.lines(part.name, room):
            canvas.text(30, y + _ROW / 2 + 4.5, line)
            y += 17
        y += _ROW - 17
    canvas.height = y + 4
