"""The picture of ``docs/scale.md``: three small charts, plain SVG with the reader's own fonts."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10

from loadtests.measured import Results
from loadtests.sizing import TEN, short

WIDTH, HEIGHT, GAP = 300, 240, 46
LEFT, TOP, INSET = 58, 52, 26
COLOURS = {"sqlite": "#b35900", "postgresql": "#20639b"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines by engine over logarithmic axes; what is dashed is worked out, not measured."""

    title: str
    across: str
    ticks: tuple[tuple[float, str], ...]
    levels: tuple[float, ...]
    lines: dict[str, Points]
    dashed: dict[str, Points]

    def x(self, value: float) -> float:
        """Where a value stands across."""
        low, high = self.ticks[0][0], self.ticks[-1][0]
        return LEFT + INSET + (WIDTH - 2 * INSET) * log10(value / low) / log10(high / low)

    def y(self, value: float) -> float:
        """Where a value stands upwards."""
        low, high = self.levels[0], self.levels[-1]
        return TOP + HEIGHT - HEIGHT * log10(max(value, low) / low) / log10(high / low)


def charts(results: Results) -> list[Chart]:
    """Memory and start of a worker by size, acts by clients."""
    ranges = ((10_000, "10,000"), (100_000, "100,000"), (1_500_000, "1.5 M"), (15_000_000, "15 M"))

    def by_size(name: str, title: str, levels: tuple[float, ...]) -> Chart:
        found = {engine: _line(results, name, engine, "ranges") for engine in COLOURS}
        lines = {engine: points for engine, points in found.items() if points}
        dashed = {engine: _beyond(points) for engine, points in lines.items()}
        return Chart(title, "ranges published", ranges, levels, lines, dashed)

    acts = {engine: _line(results, "activations", engine, "clients") for engine in COLOURS}
    clients = tuple((float(n), str(n)) for n in (1, 2, 4, 8, 16))
    return [
        by_size("verifier memory", "memory of a verifier worker, MB", (1, 10, 100, 1000, 10_000)),
        by_size(
            "verifier load, restart, processor",
            "start of a worker, seconds of one core",
            (0.1, 1, 10, 100, 1000, 10_000),
        ),
        Chart("activations a second", "clients at once", clients, (1, 10, 100, 1000), acts, {}),
    ]


def _beyond(points: Points) -> Points:
    """From the largest registry measured to that of ten countries, in proportion."""
    largest, value = points[-1]
    return [(largest, value), (float(TEN.ranges), value * TEN.ranges / largest)]


def _line(results: Results, name: str, engine: str, across: str) -> Points:
    found = {
        float(getattr(row, across)): row.value
        for row in results.rows
        if (row.name, row.engine) == (name, engine)
    }
    return sorted(found.items())


def drawing(results: Results) -> str:
    """The SVG."""
    parts, found = [], charts(results)
    for place, chart in enumerate(found):
        inside = "\n".join(_chart(chart))
        parts.append(f'<g transform="translate({place * (WIDTH + LEFT + GAP)} 0)">\n{inside}\n</g>')
    width = len(found) * (WIDTH + LEFT + GAP)
    height = TOP + HEIGHT + 66
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _chart(chart: Chart) -> list[str]:
    bottom, right = TOP + HEIGHT, LEFT + WIDTH
    out = [_text(LEFT, 24, chart.title, "start", "#111", 15)]
    for level in chart.levels:
        y = chart.y(level)
        out.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        out.append(_text(LEFT - 8, y + 4, f"{level:,g}", "end"))
    for value, name in chart.ticks:
        out.append(f'<path d="M{chart.x(value):.1f} {bottom}v5" stroke="#888"/>')
        out.append(_text(chart.x(value), bottom + 20, name, "middle"))
    out.append(_text((LEFT + right) / 2, bottom + 44, chart.across, "middle"))
    for engine, points in chart.dashed.items():
        out.append(_path(chart, points, engine, ' stroke-dasharray="5 4"'))
        x, y = points[-1]
        lower = any(other[-1][1] > y for other in chart.dashed.values())
        told, aside = (short(y), 18) if lower else (f"worked out: {short(y)}", -10)
        out.append(_text(chart.x(x) + INSET, chart.y(y) + aside, told, "end", COLOURS[engine]))
    for engine, points in chart.lines.items():
        out.append(_path(chart, points, engine, ""))
        for x, y in points:
            at = f'cx="{chart.x(x):.1f}" cy="{chart.y(y):.1f}"'
            out.append(f'<circle {at} r="3.5" fill="{COLOURS[engine]}"/>')
            aside = 18 if _is_lower(chart, engine, x, y) else -10
            out.append(_text(chart.x(x), chart.y(y) + aside, short(y), "middle", COLOURS[engine]))
    out += _legend(chart, right)
    return out


def _is_lower(chart: Chart, engine: str, x: float, y: float) -> bool:
    """Whether another line stands above this point: then its figure goes below it."""
    others = [points for name, points in chart.lines.items() if name != engine]
    return any(at == x and value > y for points in others for at, value in points)


def _legend(chart: Chart, right: float) -> list[str]:
    out = []
    for place, engine in enumerate(chart.lines):
        y = TOP + HEIGHT - 12 - 18 * place
        out.append(f'<circle cx="{right - 92}" cy="{y - 4}" r="3.5" fill="{COLOURS[engine]}"/>')
        out.append(_text(right - 82, y, NAMES[engine], "start", COLOURS[engine]))
    return out


def _path(chart: Chart, points: Points, engine: str, more: str) -> str:
    way = "L".join(f"{chart.x(x):.1f} {chart.y(y):.1f}" for x, y in points)
    return f'<path d="M{way}" fill="none" stroke="{COLOURS[engine]}" stroke-width="2"{more}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333", size: int = 13) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} fill="{colour}" font-size="{size}">{escape(text)}</text>'
