"""A line small enough to stand in a table or beside a number. Pure."""

from collections.abc import Sequence

from tem.language import Lang
from tem_registry.portal.charts import numbers
from tem_registry.portal.charts.drawing import Canvas, Chart, Table, either, nothing, svg

_WIDTH, _HEIGHT, _EDGE = 120, 32, 4


def spark(name: str, lang: Lang, title: str, values: Sequence[int]) -> Chart:
    """Numbers in order of time, from 0 to their largest; the last one is a point."""
    rows = tuple((n, value) for n, value in enumerate(values, start=1))
    table = Table(("#", title), rows)
    if not values:
        return nothing(lang, table)
    canvas = Canvas(name, _WIDTH, lang, _HEIGHT)
    top = max(*values, 1)
    wide, high = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE
    places = [
        (_EDGE + wide * (n / (len(values) - 1) if len(values) > 1 else 1), high * value / top)
        for n, value in enumerate(values)
    ]
    drawn = [(x, _HEIGHT - _EDGE - y) for x, y in places]
    canvas.add(
        "line",
        x1=_EDGE,
        y1=_HEIGHT - _EDGE,
        x2=_WIDTH - _EDGE,
        y2=_HEIGHT - _EDGE,
        class_="chart-grid",
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
    canvas.add("polyline", points=path, fill="none", class_="chart-line chart-stroke-0")
    canvas.add("circle", cx=drawn[-1][0], cy=drawn[-1][1], r=3, class_="chart-fill-0")
    last, most = (numbers.written(one, lang) for one in (values[-1], max(values)))
    told = either(lang, f"Gần nhất {last}, cao nhất {most}.", f"Latest {last}, highest {most}.")
    return Chart(svg(canvas, "chart-spark", title, told), table)
