"""Small SVG charts for the report of a load test: lines over time, and times as dots. Pure.

Colours are the page's own variables, so that a chart follows its light or dark mode.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 12, 34
SPAN_LEFT, ROW = 124, 22
Line = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis between powers of ten; ``low`` and ``high`` are their exponents."""

    low: int
    high: int

    @classmethod
    def over(cls, values: Iterable[float]) -> "Scale":
        """An axis that holds all values above zero."""
        known = [log10(value) for value in values if value > 0] or [0.0]
        low = floor(min(known))
        return cls(low, max(low + 1, ceil(max(known))))

    def ticks(self) -> list[float]:
        """The values that are written beside the axis."""
        return [10.0**exponent for exponent in range(self.low, self.high + 1)]

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one, what is beyond at the end."""
        place = log10(value) if value > 0 else self.low
        return min(1.0, max(0.0, (place - self.low) / (self.high - self.low)))

    def y(self, value: float) -> float:
        """Where it stands upwards."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - self.share(value))


def lines(seconds: Sequence[float], series: Mapping[str, Line], unit: str) -> str:
    """Lines over the seconds of the run, with a legend; a gap where there is no value."""
    scale = Scale.over(value for line in series.values() for value in line if value is not None)
    end = max([1.0, *seconds])
    drawn = [_path(seconds, line, scale, end, n) for n, line in enumerate(series.values(), 1)]
    marks = [_mark(_x(end * n / 4, end), f"{end * n / 4:.0f} s") for n in range(5)]
    return _chart([*_grid(scale, unit), *marks, *drawn], series)


def dots(series: Mapping[str, Sequence[float]], unit: str, limit: float) -> str:
    """A dot for each value, in ascending order: across the share of values up to it; with the
    line that 99 of 100 must stay below."""
    values = [value for line in series.values() for value in line]
    scale = Scale.over([*values, limit * 2])
    drawn = [
        f'<circle class="c{n}" cx="{_x(place + 0.5, len(line)):.1f}" '
        f'cy="{scale.y(value):.1f}" r="2"/>'
        for n, line in enumerate(series.values(), 1)
        for place, value in enumerate(sorted(line))
    ]
    y = scale.y(limit)
    drawn.append(f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
    drawn.append(_text(WIDTH - RIGHT, y - 5, f"allowed for 99 %: {limit:g} {unit}", "end"))
    marks = [_mark(_x(share, 100), f"{share} %") for share in (0, 25, 50, 75, 100)]
    return _chart([*_grid(scale, unit), *marks, *drawn], series)


def spans(rows: Sequence[tuple[str, float, float, float]], unit: str) -> str:
    """A bar for each (name, p50, p90, p99): from the first to the last, a stroke at p90."""
    scale = Scale.over(value for _, *values in rows for value in values)

    def x(value: float) -> float:
        return SPAN_LEFT + (WIDTH - SPAN_LEFT - 22) * scale.share(value)

    height, out = TOP + ROW * len(rows), []
    for tick in scale.ticks():
        out.append(f'<path class="grid" d="M{x(tick):.1f} {TOP}V{height}"/>')
        out.append(_text(x(tick), height + 16, f"{tick:,g}", "middle"))
    for place, (name, low, mid, high) in enumerate(rows):
        y = TOP + ROW * place + ROW / 2
        out.append(_text(SPAN_LEFT - 8, y + 4, name, "end"))
        wide = max(2.0, x(high) - x(low))
        out.append(
            f'<rect class="c1" x="{x(low):.1f}" y="{y - 5}" width="{wide:.1f}" height="10"/>'
        )
        out.append(f'<path class="line c2" d="M{x(mid):.1f} {y - 8}v16"/>')
    out.append(
        _text((SPAN_LEFT + WIDTH) / 2, height + 34, f"{unit}: p50 to p99, p90 marked", "middle")
    )
    return _svg(out, height + 40)


def _x(value: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * value / end


def _path(seconds: Sequence[float], line: Line, scale: Scale, end: float, number: int) -> str:
    parts, broken = [], True
    for second, value in zip(seconds, line, strict=True):
        if value is not None:
            parts.append(f"{'M' if broken else 'L'}{_x(second, end):.1f} {scale.y(value):.1f}")
        broken = value is None
    return f'<path class="line c{number}" d="{"".join(parts)}"/>'


def _grid(scale: Scale, unit: str) -> list[str]:
    out = []
    for tick in scale.ticks():
        y = scale.y(tick)
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        out.append(_text(LEFT - 6, y + 4, f"{tick:,g}", "end"))
    return [*out, _text(LEFT + 4, TOP + 10, unit, "start")]


def _mark(x: float, text: str) -> str:
    return _text(min(x, WIDTH - RIGHT - 10), HEIGHT - BOTTOM + 20, text, "middle")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _chart(parts: Sequence[str], names: Mapping[str, object]) -> str:
    keys = "".join(
        f'<span class="key"><i class="c{n}"></i>{escape(name)}</span>'
        for n, name in enumerate(names, 1)
    )
    return f'{_svg(parts, HEIGHT)}\n<p class="keys">{keys}</p>'


def _svg(parts: Sequence[str], height: int) -> str:
    inside = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}">\n{inside}\n</svg>'
