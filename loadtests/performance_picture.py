"""The picture of ``docs/performance.md``: look-ups a second of one core, and each row beside its
target. Plain SVG with the reader's own fonts."""

from collections.abc import Iterable
from html import escape
from math import log10
from typing import Any

LEFT, TOP, LINE, BAR = 460, 64, 22, 15
WIDTH, LABEL = 470, 150
OURS, OTHERS, MISSED = "#20639b", "#9aa5b1", "#b3261e"
RATES = {
    "nginx, JSON": "nginx `return 200`, as many bytes as JSON",
    "ours, JSON": "a look-up as JSON",
    "forged": "a forged code as JSON",
    "flask, JSON": "plain Flask route, the same JSON",
    "route, JSON": "our own Flask route, a look-up as JSON",
    "tuned": "usual design, tuned",
    "written": "usual design, as usually written",
    "nginx, page": "nginx `return 200`, as many bytes as the page",
    "ours, page": "a look-up as page",
    "flask, page": "plain Flask route, the same page",
    "route, page": "our own Flask route, a look-up as page",
}
IS_OURS = ("ours, JSON", "ours, page", "forged")
LOWEST, HIGHEST = 100.0, 200_000.0  # of the axis, answers a second
LEAST, MOST = 0.1, 100.0  # times the target


def drawing(rows: list[dict[str, Any]]) -> str:
    """The SVG of a run's rows."""
    rates = rates_of(rows)
    lower = TOP + LINE * len(rates) + 90
    parts = [
        *_text(20, 30, "Look-ups a second of one core (each line is ten times more)", 16),
        *_axis(TOP, len(rates), [100, 1_000, 10_000, 100_000], lambda v: _x(v, LOWEST, HIGHEST)),
        *_bars(rates),
        *_text(20, lower - 34, "Each row beside its target: right of the line is better", 16),
        *_axis(lower, len(rows), [0.1, 1, 10, 100], lambda v: _x(v, LEAST, MOST), "×"),
        *_rows(rows, lower),
    ]
    height, width = lower + LINE * len(rows) + 40, LEFT + WIDTH + LABEL
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def rates_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Medians that the rows come from, those of one name once."""
    found: dict[str, float] = {}
    for row in rows:
        found |= {name: row["measured"][name] for name in RATES if name in row["measured"]}
    return {name: found[name] for name in RATES if name in found}


def headroom(row: dict[str, Any]) -> float:
    """How many times better than its target a row is; below 1 it is missed."""
    value, target = max(row["value"], 1e-9), row["target"]
    return float(value / target if row["bound"] == "at least" else target / value)


def _bars(rates: dict[str, float]) -> Iterable[str]:
    for place, (name, value) in enumerate(rates.items()):
        y, x = TOP + LINE * place, _x(value, LOWEST, HIGHEST)
        colour = OURS if name in IS_OURS else OTHERS
        yield from _text(LEFT - 8, y + BAR - 3, RATES[name], 13, "end")
        yield f'<rect x="{LEFT}" y="{y}" width="{x - LEFT:.1f}" height="{BAR}" fill="{colour}"/>'
        yield from _text(x + 6, y + BAR - 3, f"{value:,.0f}")


def _rows(rows: list[dict[str, Any]], top: float) -> Iterable[str]:
    middle = _x(1, LEAST, MOST)
    bottom = top + LINE * len(rows)
    yield f'<path d="M{middle:.1f} {top - 6}V{bottom}" stroke="#333" stroke-width="1.5"/>'
    for place, row in enumerate(rows):
        y, x = top + LINE * place, _x(headroom(row), LEAST, MOST)
        colour = OURS if row["met"] else MISSED
        yield from _text(LEFT - 8, y + BAR - 3, _short(row["name"]), 13, "end")
        at = f'x="{min(x, middle):.1f}" y="{y + 3}" height="{BAR - 6}"'
        yield f'<rect {at} width="{abs(x - middle):.1f}" fill="{colour}" fill-opacity="0.35"/>'
        yield f'<circle cx="{x:.1f}" cy="{y + BAR / 2}" r="4.5" fill="{colour}"/>'
        sign = "≥" if row["bound"] == "at least" else "≤"
        told = f"{row['value']:g} (target {sign} {row['target']:g} {row['unit']}".rstrip() + ")"
        yield from _text(max(x, middle) + 10, y + BAR - 3, told, 12)


def _short(name: str) -> str:
    """What fits beside a bar."""
    return name if len(name) <= 66 else f"{name[:65].rstrip()}…"


def _axis(top: float, lines: int, marks: list[float], x: Any, sign: str = "") -> Iterable[str]:
    bottom = top + LINE * lines
    for mark in marks:
        yield f'<path d="M{x(mark):.1f} {top - 6}V{bottom}" stroke="#e3e6ea"/>'
        yield from _text(x(mark), bottom + 16, f"{mark:,g}{sign}", 12, "middle")


def _x(value: float, low: float, high: float) -> float:
    inside = min(max(value, low), high)
    return LEFT + WIDTH * log10(inside / low) / log10(high / low)


def _text(x: float, y: float, text: str, size: int = 13, anchor: str = "start") -> tuple[str, ...]:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return (f'<text {where} fill="#222">{escape(text)}</text>',)
