"""A map of our own places: producers, communes, points of sale, with bubbles by quantity. Pure.

Nothing but our own coordinates is drawn: no tiles, no borders, nobody else is asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tem.language import Lang
from tem_registry.portal.charts import geography, letters, numbers, placement
from tem_registry.portal.charts.drawing import Canvas, Chart, Table, drawn_twice, either, nothing
from tem_registry.portal.charts.placement import Box, Spot

_LARGEST = {320: 14, 720: 26}  # radius
_PLAIN, _SMALLEST = 4.5, 2.5
_ASPECT = {320: (0.62, 1.3), 720: (1.1, 2.0)}  # width over height: what a screen has room for
_NAMED = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A place in degrees WGS84; ``quantity`` None where there is nothing to count."""

    name: str
    lat: float
    lon: float
    quantity: int | None = None


def spots(
    name: str, lang: Lang, title: str, of: str, places: Sequence[Place], counted: str = ""
) -> Chart:
    """A map; the area of a bubble is its quantity, none at all a ring.

    ``of`` heads the names in the table, ``counted`` the quantities.
    """
    head = (of, either(lang, "Vĩ độ", "Latitude"), either(lang, "Kinh độ", "Longitude"))
    rows = tuple(
        (
            one.name,
            geography.degrees(round(one.lat, 4), lang, latitude=True),
            geography.degrees(round(one.lon, 4), lang, latitude=False),
            *((one.quantity,) if counted else ()),
        )
        for one in places
    )
    table = Table((*head, *((counted,) if counted else ())), rows)
    if not places:
        return nothing(lang, table)
    large_first = sorted(places, key=lambda one: (-(one.quantity or 0), one.name))
    told = _told(lang, large_first, counted)
    return Chart(drawn_twice(name, lang, title, told, lambda c: _draw(c, large_first)), table)


def _told(lang: Lang, places: Sequence[Place], counted: str) -> str:
    count = numbers.written(len(places), lang)
    said = either(lang, f"Bản đồ {count} địa điểm.", f"A map of {count} places.")
    if places[0].quantity:
        most = f"{places[0].name}, {numbers.written(places[0].quantity, lang)}"
        said += either(lang, f" Nhiều nhất: {most} ({counted}).", f" Most: {most} ({counted}).")
    return said


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where on the drawing the map lies, and how degrees become places in it."""

    box: Box
    shown: geography.Extent

    def x(self, lon: float) -> float:
        part = (lon - self.shown.west) / (self.shown.east - self.shown.west)
        return self.box.left + part * (self.box.right - self.box.left)

    def y(self, lat: float) -> float:
        part = (self.shown.north - lat) / (self.shown.north - self.shown.south)
        return self.box.top + part * (self.box.bottom - self.box.top)

    @property
    def per_km(self) -> float:
        tall = (self.shown.north - self.shown.south) * geography.KM_PER_DEGREE
        return (self.box.bottom - self.box.top) / tall


def _draw(canvas: Canvas, places: Sequence[Place]) -> None:
    shown = geography.extent([(one.lat, one.lon) for one in places], *_ASPECT[canvas.width])
    tall = geography.graticule(shown.south, shown.north)
    north = [geography.degrees(lat, canvas.lang, latitude=True) for lat in tall]
    left = max(map(letters.width, north), default=0) + 6
    wide = canvas.width - left - 1
    frame = _Frame(Box(left, 1, left + wide, 1 + wide / shown.aspect), shown)
    _graticule(canvas, frame, tall, north)
    largest = max(one.quantity or 0 for one in places)
    made = [
        Spot(frame.x(one.lon), frame.y(one.lat), _radius(canvas, one.quantity, largest), one.name)
        for one in places
    ]
    for one, spot in zip(places, made, strict=True):
        class_ = "chart-ring" if one.quantity == 0 else "chart-bubble"
        canvas.add("circle", cx=spot.x, cy=spot.y, r=spot.radius, class_=class_)
    _names(canvas, frame.box, made)
    _key(canvas, frame, largest)


def _radius(canvas: Canvas, quantity: int | None, largest: int) -> float:
    if quantity is None:
        return _PLAIN
    if quantity <= 0:
        return _SMALLEST + 1
    return max(_SMALLEST, _LARGEST[canvas.width] * math.sqrt(quantity / largest))


def _graticule(canvas: Canvas, frame: _Frame, tall: Sequence[float], north: Sequence[str]) -> None:
    box = frame.box
    canvas.add(
        "rect",
        x=box.left,
        y=box.top,
        width=box.right - box.left,
        height=box.bottom - box.top,
        class_="chart-map",
    )
    for lat, words in zip(tall, north, strict=True):
        y = frame.y(lat)
        canvas.add("line", x1=box.left, y1=y, x2=box.right, y2=y, class_="chart-grid")
        at = min(max(y + 4.5, box.top + 11), box.bottom - 1)
        canvas.text(box.left - 5, at, words, "end", "number")
    free = 0.0
    for lon in geography.graticule(frame.shown.west, frame.shown.east):
        x, words = frame.x(lon), geography.degrees(lon, canvas.lang, latitude=False)
        canvas.add("line", x1=x, y1=box.top, x2=x, y2=box.bottom, class_="chart-grid")
        half = letters.width(words) / 2
        x = min(max(x, half), canvas.width - half)
        if x - half > free:
            canvas.text(x, box.bottom + 16, words, "middle", "number")
            free = x + half + 8


def _names(canvas: Canvas, box: Box, made: Sequence[Spot]) -> None:
    room = canvas.width * (0.45 if canvas.width < 500 else 0.35)
    short = [Spot(one.x, one.y, one.radius, letters.shortened(one.name, room)) for one in made]
    for spot, where in placement.placed(short, box, _NAMED):
        canvas.text(where.left, where.bottom - 4, spot.name, kind="label chart-halo")


def _key(canvas: Canvas, frame: _Frame, largest: int) -> None:
    """Below the map: how long a kilometre is, where north lies, how much a bubble is."""
    y = frame.box.bottom + 30
    km = geography.scale_km((frame.box.right - frame.box.left) / 4 / frame.per_km)
    long = km * frame.per_km
    left = frame.box.left
    path = f"M{left:.1f} {y:.1f}v6h{long:.1f}v-6"
    canvas.add("path", d=path, fill="none", class_="chart-axis")
    words = numbers.written(km, canvas.lang, 0 if km >= 1 else 1)
    canvas.text(left + long + 8, y + 8, f"{words} km")
    x = canvas.width - 12.0
    canvas.add("path", d=f"M{x:.1f} {y - 8:.1f}l6 18l-6 -4l-6 4z", class_="chart-north")
    canvas.text(x - 12, y + 8, either(canvas.lang, "Bắc", "N"), "end")
    canvas.height = y + 16
    if largest:
        _sizes(canvas, largest, y + 18)


def _sizes(canvas: Canvas, largest: int, y: float) -> None:
    most = int(max(1, geography.scale_km(largest)))
    x, r = 0.0, _radius(canvas, most, largest)
    for number in sorted({most, max(1, most // 5)}, reverse=True):
        radius = _radius(canvas, number, largest)
        canvas.add("circle", cx=x + radius + 1, cy=y + r + 1, r=radius, class_="chart-bubble")
        words = numbers.written(number, canvas.lang)
        canvas.text(x + 2 * radius + 8, y + r + 5.5, words, kind="number")
        x += 2 * radius + 8 + letters.width(words) + 16
    canvas.height = y + 2 * r + 4
