"""The picture of ``docs/copies.md``: families found by the share of honest stamps listed.

One curve a seed; plain SVG with the reader's own fonts.
"""

from html import escape
from math import log10
from typing import Any

LEFT, TOP, WIDTH, HEIGHT = 80, 50, 620, 320
FEWEST, MOST = 1e-6, 1e-3  # of honest stamps; none at all stands at the left edge
LOWEST = 0.8
COLOURS = ("#20639b", "#3caea3", "#b8860b", "#8e44ad", "#5d6d7e")
ASKED = "#b3261e"


def drawing(runs: list[dict[str, Any]], most_false: float, least_found: float) -> str:
    """The SVG of some runs, and the corner that is asked for."""
    parts = [
        _text(20, 28, "Families with two sales found, by the share of honest stamps listed", 16),
        *_corner(most_false, least_found),
        *_axes(),
    ]
    for number, run in enumerate(runs):
        colour = COLOURS[number % len(COLOURS)]
        parts += _curve(run, colour)
        parts.append(
            _text(LEFT + WIDTH + 16, TOP + 20 + 20 * number, f"seed {run['seed']}", 13, colour)
        )
    parts.append(_text(LEFT + WIDTH + 16, TOP + 20 + 20 * len(runs), "● the list", 13))
    width, height = LEFT + WIDTH + 120, TOP + HEIGHT + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" role="img" '
        'aria-label="Families found by share of false alarms, five seeds">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _x(share: float) -> float:
    inside = (log10(max(share, FEWEST)) - log10(FEWEST)) / (log10(MOST) - log10(FEWEST))
    return LEFT + WIDTH * min(1.0, inside)


def _y(share: float) -> float:
    return TOP + HEIGHT * (1 - max(0.0, (share - LOWEST) / (1 - LOWEST)))


def _curve(run: dict[str, Any], colour: str) -> list[str]:
    points = sorted(run["roc"], key=lambda one: -int(one["at_least"]))
    path = " ".join(f"{_x(p['false_share']):.1f},{_y(p['found_share']):.1f}" for p in points)
    listed = next(p for p in points if p["at_least"] == run["alarm_at"])
    at = f'cx="{_x(listed["false_share"]):.1f}" cy="{_y(listed["found_share"]):.1f}"'
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        f'<circle {at} r="5" fill="{colour}"/>',
    ]


def _corner(most_false: float, least_found: float) -> list[str]:
    x, y = _x(most_false), _y(least_found)
    return [
        f'<rect x="{LEFT}" y="{TOP}" width="{x - LEFT:.1f}" height="{y - TOP:.1f}" '
        f'fill="{ASKED}" fill-opacity="0.12"/>',
        _text(
            LEFT + 6, y + 16, f"asked for: {least_found:.0%} at {most_false:.2%} at most", 12, ASKED
        ),
    ]


def _axes() -> list[str]:
    parts = []
    for share in (1e-6, 1e-5, 1e-4, 1e-3):
        told = "none" if share == FEWEST else f"{share:.3%}"
        parts.append(_line(_x(share), TOP, _x(share), TOP + HEIGHT))
        parts.append(_text(_x(share) - 18, TOP + HEIGHT + 20, told, 12))
    for tenth in range(5):
        share = LOWEST + tenth * 0.05
        parts.append(_line(LEFT, _y(share), LEFT + WIDTH, _y(share)))
        parts.append(_text(LEFT - 44, _y(share) + 4, f"{share:.0%}", 12))
    parts.append(_text(LEFT, TOP + HEIGHT + 44, "share of honest stamps on the list", 13))
    return parts


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#d5dbe1" fill="none"/>'


def _text(x: float, y: float, words: str, size: int, colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}">{escape(words)}</text>'
    )
