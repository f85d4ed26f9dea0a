"""The legend above a chart: a mark and a name for each series, in rows that fit. Pure."""

from collections.abc import Callable, Sequence

from tem_registry.portal.charts import letters
from tem_registry.portal.charts.drawing import Canvas

ROW = 22
_MARK, _GAP = 30, 16


def draw(
    canvas: Canvas,
    y: float,
    names: Sequence[str],
    mark: Callable[[Canvas, int, float, float], None],
) -> float:
    """Draw it from ``y`` downwards; ``mark(canvas, n, x, y)`` draws the nth mark around a point.

    Returns where the next thing may begin.
    """
    x = 0.0
    for n, name in enumerate(names):
        shown = letters.shortened(name, canvas.width - _MARK)
        needed = _MARK + letters.width(shown) + _GAP
        if x and x + needed - _GAP > canvas.width:
            x, y = 0.0, y + ROW
        mark(canvas, n, x + _MARK / 2 - 3, y + ROW / 2)
        canvas.text(x + _MARK, y + ROW / 2 + 4.5, shown)
        x += needed
    return y + ROW + 6
