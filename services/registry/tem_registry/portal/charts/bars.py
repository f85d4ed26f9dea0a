"""Groups as horizontal bars made of parts: communes, products, producers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tem.language import Lang
from tem_registry.portal.charts import legend, letters, marks, numbers
from tem_registry.portal.charts.drawing import (
    Canvas,
    Cell,
    Chart,
    Table,
    drawn_twice,
    either,
    nothing,
)

_DRAWN = 20  # bars
_BAR, _LINE, _GAP = 16, 17, 12
_INSET = 4  # of names, off the axis
_LEAST = 2.5  # width of a part: a little is not nothing


@dataclass(frozen=True, slots=True)
class Bar:
    """A group: its name and the number of each part."""

    name: str
    values: tuple[int, ...]


def bars(
    name: str, lang: Lang, title: str, of: str, parts: Sequence[str], given: Sequence[Bar]
) -> Chart:
    """Stacked bars in the order given, up to four ``parts`` each; ``of`` heads the names.

    What follows the twentieth is one line of text below them; the table has all. Raises
    ValueError for more parts, or a bar that has not a value for each.
    """
    if len(parts) > marks.MOST or any(len(one.values) != len(parts) for one in given):
        raise ValueError("up to four parts, each bar with a value for every one")
    total = either(lang, "Cộng", "Total")
    rows: list[tuple[Cell, ...]] = [(one.name, *one.values, sum(one.values)) for one in given]
    table = Table((of, *parts, total), tuple(rows))
    if not given:
        return nothing(lang, table)
    told = _told(lang, given)
    drawing = drawn_twice(name, lang, title, told, lambda canvas: _draw(canvas, parts, given))
    return Chart(drawing, table)


def _told(lang: Lang, given: Sequence[Bar]) -> str:
    """How many groups, and the largest of them."""
    count = numbers.written(len(given), lang)
    largest = max(given, key=lambda one: sum(one.values))
    most = numbers.written(sum(largest.values), lang)
    return either(
        lang,
        f"{count} mục; nhiều nhất: {largest.name}, {most}.",
        f"{count} entries; the largest: {largest.name}, {most}.",
    )


def _draw(canvas: Canvas, parts: Sequence[str], given: Sequence[Bar]) -> None:
    marks.patterns(canvas)
    shown, rest = given[:_DRAWN], given[_DRAWN:]
    top = legend.draw(canvas, 0, parts, marks.swatch) + 4
    most = 4 if canvas.width < 500 else 8
    steps = numbers.ticks(max(sum(one.values) for one in shown), most)
    right = canvas.width - letters.width(numbers.written(steps[-1], canvas.lang)) / 2 - 2
    named = [_name(canvas, one) for one in shown]
    bottom = top + sum(_LINE * len(lines) + _BAR + _GAP for lines in named)
    _axis(canvas, steps, top, bottom, right)
    y = top
    for one, lines in zip(shown, named, strict=True):
        y = _bar(canvas, one, lines, y, right / steps[-1])
    canvas.height = bottom + 24
    if rest:
        count, stamps = len(rest), sum(sum(one.values) for one in rest)
        left, number = (numbers.written(n, canvas.lang) for n in (count, stamps))
        words = either(canvas.lang, f"{left} mục còn lại", f"{left} others")
        canvas.height += _LINE + 4
        canvas.text(_INSET, canvas.height - 6, words)
        canvas.text(canvas.width, canvas.height - 6, number, "end", "number")


def _axis(canvas: Canvas, steps: Sequence[int], top: float, bottom: float, right: float) -> None:
    """Lines from top to bottom, numbers beneath where they fit."""
    free = -1.0
    for step in steps:
        x = right * step / steps[-1]
        class_ = "chart-grid" if step else "chart-axis"
        canvas.add("line", x1=x, y1=top, x2=x, y2=bottom, class_=class_)
        words = numbers.written(step, canvas.lang)
        half = letters.width(words) / 2
        x = max(x, half)
        if x - half > free:
            canvas.text(x, bottom + 16, words, "middle", "number")
            free = x + half + 6


def _name(canvas: Canvas, one: Bar) -> list[str]:
    """The lines of a bar's name, beside its number."""
    number = numbers.written(sum(one.values), canvas.lang)
    return letters.lines(one.name, canvas.width - letters.width(number) - _INSET - 12)


def _bar(canvas: Canvas, one: Bar, lines: Sequence[str], y: float, scale: float) -> float:
    """A name, its number at the right edge, and the bar beneath; where the next begins."""
    for line in lines:
        y += _LINE
        canvas.text(_INSET, y - 4, line, kind="label chart-halo")
    number = numbers.written(sum(one.values), canvas.lang)
    canvas.text(canvas.width, y - 4, number, "end", "number chart-halo")
    x = 0.0
    for n, value in enumerate(one.values):
        if value > 0:
            width = max(value * scale, _LEAST)
            marks.block(canvas, n, x, y, width, _BAR)
            x += width
    return y + _BAR + _GAP
