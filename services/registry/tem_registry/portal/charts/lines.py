"""Numbers over time as lines. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tem.language import Lang
from tem_registry.portal.charts import legend, letters, marks, numbers, times
from tem_registry.portal.charts.drawing import (
    Canvas,
    Chart,
    Table,
    drawn_twice,
    either,
    is_empty,
    nothing,
)

_HEIGHT = {320: 200, 720: 280}  # of the plot
_POINTS_SHOWN = 40  # with more the shapes would hide the line
_APART = 10  # between two names below the axis


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers in order of the periods; None where there is none."""

    name: str
    values: Sequence[int | None]


def lines(
    name: str, lang: Lang, title: str, keys: Sequence[str], series: Sequence[Series]
) -> Chart:
    """Up to four lines over the periods of ``/v1/statistics/series``, the axis from 0.

    Raises ValueError for more series, or one that has not a value for each period.
    """
    if len(series) > marks.MOST or any(len(one.values) != len(keys) for one in series):
        raise ValueError("up to four series, each with a value for every period")
    table = _table(lang, keys, series)
    values = [value for one in series for value in one.values]
    if is_empty(values):
        return nothing(lang, table)
    top = max(value for value in values if value is not None)
    drawing = drawn_twice(
        name, lang, title, _told(lang, keys, series), lambda c: _draw(c, keys, series, top)
    )
    return Chart(drawing, table)


def _table(lang: Lang, keys: Sequence[str], series: Sequence[Series]) -> Table:
    head = (either(lang, "Kỳ", "Period"), *(one.name for one in series))
    rows = (
        (times.told(key, lang), *(one.values[n] for one in series)) for n, key in enumerate(keys)
    )
    return Table(head, tuple(rows))


def _told(lang: Lang, keys: Sequence[str], series: Sequence[Series]) -> str:
    """Each line's beginning, end and peak in words."""
    said = []
    for one in series:
        known = [(value, n) for n, value in enumerate(one.values) if value is not None]
        if not known:
            continue
        (begin, first), (end, last) = known[0], known[-1]
        peak, at = max(known, key=lambda pair: (pair[0], -pair[1]))
        a, b, c = (numbers.written(value, lang) for value in (begin, end, peak))
        p, q, r = (times.told(keys[n], lang) for n in (first, last, at))
        said.append(
            either(
                lang,
                f"{one.name}: từ {a} ({p}) đến {b} ({q}), cao nhất {c} ({r}).",
                f"{one.name}: from {a} ({p}) to {b} ({q}), highest {c} ({r}).",
            )
        )
    return " ".join(said)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plot within a drawing, and how numbers and periods become places in it."""

    left: float
    top: float
    right: float
    bottom: float
    count: int
    highest: int

    def x(self, n: int) -> float:
        """Of the nth period; a single one stands in the middle."""
        if self.count == 1:
            return (self.left + self.right) / 2
        return self.left + (self.right - self.left) * n / (self.count - 1)

    def y(self, value: float) -> float:
        """Of a number."""
        return self.bottom - (self.bottom - self.top) * value / self.highest


def _draw(canvas: Canvas, keys: Sequence[str], series: Sequence[Series], top: int) -> None:
    y = legend.draw(canvas, 0, [one.name for one in series], _mark) + 8
    steps = numbers.ticks(top)
    labels = [numbers.written(step, canvas.lang) for step in steps]
    names = times.short(keys)
    first, last = (letters.width(name) / 2 for name in (names[0], names[-1]))
    left = max(*map(letters.width, labels), first - 8) + 8
    right = canvas.width - last  # room below for the outermost names
    frame = _Frame(left, y, right, y + _HEIGHT[canvas.width], len(keys), steps[-1])
    for step, label in zip(steps, labels, strict=True):
        at = frame.y(step)
        class_ = "chart-grid" if step else "chart-axis"
        canvas.add("line", x1=left, y1=at, x2=frame.right, y2=at, class_=class_)
        canvas.text(left - 6, at + 4.5, label, "end", "number")
    _name_periods(canvas, frame, names)
    for n, one in reversed(list(enumerate(series))):
        _line(canvas, frame, n, one)
    canvas.height = frame.bottom + 28


def _mark(canvas: Canvas, n: int, x: float, y: float) -> None:
    canvas.add(
        "line",
        x1=x - 11,
        y1=y,
        x2=x + 11,
        y2=y,
        class_=f"chart-line chart-stroke-{n}",
        stroke_dasharray=marks.DASHES[n],
    )
    marks.point(canvas, n, x, y)


def _name_periods(canvas: Canvas, frame: _Frame, labels: Sequence[str]) -> None:
    """Names below the axis, as many as fit: the latest and, counted from it, every nth."""
    room = max(map(letters.width, labels)) + _APART
    step = (frame.right - frame.left) / max(1, frame.count - 1)
    for n in range(frame.count - 1, -1, -math.ceil(room / step)):
        x = frame.x(n)
        canvas.add("line", x1=x, y1=frame.bottom, x2=x, y2=frame.bottom + 5, class_="chart-axis")
        canvas.text(x, frame.bottom + 20, labels[n], "middle", "number")


def _line(canvas: Canvas, frame: _Frame, n: int, one: Series) -> None:
    """A line, broken where there is no number, with its points where they are few."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(one.values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((frame.x(place), frame.y(value)))
    few = frame.count <= _POINTS_SHOWN
    class_ = f"chart-line chart-stroke-{n}" + ("" if few else " chart-thin")
    for piece in pieces:
        if len(piece) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in piece)
            dashes = marks.DASHES[n]
            canvas.add("polyline", points=path, fill="none", class_=class_, stroke_dasharray=dashes)
        if few or len(piece) == 1:
            for x, y in piece:
                marks.point(canvas, n, x, y, 3.5)
