"""What tells series apart beside colour: shapes of points, dashes of lines, patterns. Pure."""

from markupsafe import Markup

from tem_registry.portal.charts.drawing import Canvas, element

DASHES = (None, "7 4", "2 4", "10 4 2 4")
MOST = len(DASHES)  # series of a chart


def point(canvas: Canvas, n: int, x: float, y: float, size: float = 4) -> None:
    """The nth series' point: circle, square, triangle, diamond."""
    class_ = f"chart-point chart-fill-{n}"
    if n == 0:
        canvas.add("circle", cx=x, cy=y, r=size, class_=class_)
        return
    s = size
    corners = {
        1: [(-s, -s), (s, -s), (s, s), (-s, s)],
        2: [(0, -s * 1.2), (s * 1.1, s), (-s * 1.1, s)],
        3: [(0, -s * 1.3), (s * 1.3, 0), (0, s * 1.3), (-s * 1.3, 0)],
    }[n]
    path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    canvas.add("polygon", points=path, class_=class_)


def patterns(canvas: Canvas) -> None:
    """Stripes, dots and a lattice that lie over the colours of parts 1 to 3; part 0 is plain."""
    drawn = (
        Markup("").join([_line("M-2 2L2 -2M0 8L8 0M6 10L10 6")]),
        Markup("").join([element("circle", cx=4, cy=4, r=1.7, class_="chart-dot")]),
        Markup("").join([_line("M0 4H8M4 0V8")]),
    )
    made = [
        element(
            "pattern",
            inside,
            id=f"{canvas.name}-p{n}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
        )
        for n, inside in enumerate(drawn, start=1)
    ]
    canvas.add("defs", Markup("").join(made))


def _line(path: str) -> Markup:
    return element("path", d=path, class_="chart-hatch", fill="none")


def block(canvas: Canvas, n: int, x: float, y: float, width: float, height: float) -> None:
    """A rectangle of the nth part: its colour, and its pattern above."""
    coloured = (f"chart-block chart-fill-{n}", None)
    patterned = (None, f"url(#{canvas.name}-p{n})")
    for class_, fill in (coloured, patterned) if n else (coloured,):
        canvas.add("rect", x=x, y=y, width=width, height=height, class_=class_, fill=fill)


def swatch(canvas: Canvas, n: int, x: float, y: float) -> None:
    """The nth part in a legend."""
    block(canvas, n, x - 10, y - 7, 20, 14)
