"""From degrees to a drawing: equirectangular, true to shape in the middle of the map. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tem.language import Lang
from tem_registry.portal.charts import numbers

KM_PER_DEGREE = 111.195  # of latitude: mean radius of the Earth 6371.009 km
_LEAST_SPAN = 0.04  # degrees: a single place still stands in some four kilometres around it
Point = tuple[float, float]  # latitude, longitude


@dataclass(frozen=True, slots=True)
class Extent:
    """What a map shows, degrees WGS84."""

    south: float
    north: float
    west: float
    east: float

    @property
    def aspect(self) -> float:
        """Width over height on the ground: a degree of longitude shrinks by cos(latitude)."""
        shrunk = math.cos(math.radians((self.south + self.north) / 2))
        return (self.east - self.west) * shrunk / (self.north - self.south)


def extent(places: Sequence[Point], lowest: float, highest: float) -> Extent:
    """All places with some room around them, widened to an aspect between two bounds."""
    lats, lons = [lat for lat, _ in places], [lon for _, lon in places]
    tall = max((max(lats) - min(lats)) * 1.2, _LEAST_SPAN)
    broad = max((max(lons) - min(lons)) * 1.2, _LEAST_SPAN)
    lat, lon = (min(lats) + max(lats)) / 2, (min(lons) + max(lons)) / 2
    shrunk = math.cos(math.radians(lat))
    broad = max(broad, lowest * tall / shrunk)
    tall = max(tall, broad * shrunk / highest)
    return Extent(lat - tall / 2, lat + tall / 2, lon - broad / 2, lon + broad / 2)


def graticule(low: float, high: float, most: int = 4) -> list[float]:
    """Round degrees between two, a 1-2-5 step apart."""
    step = numbers.step_above((high - low) / most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 6) for n in range(first, last + 1)]


def degrees(value: float, lang: Lang, *, latitude: bool) -> str:
    """18.5 → 18,5°B in Vietnamese (bắc, nam, đông, tây), 18.5°N in English."""
    letters = ("BN" if latitude else "ĐT") if lang == "vi" else ("NS" if latitude else "EW")
    number = f"{abs(value):.4f}".rstrip("0").rstrip(".")
    return f"{number.replace('.', ',') if lang == 'vi' else number}°{letters[value < 0]}"


def scale_km(room_km: float) -> float:
    """The longest of 1, 2, 5, 10… km that fits into a room."""
    up = numbers.step_above(room_km)
    power = 10.0 ** math.floor(math.log10(room_km))
    return up if up <= room_km else max(n * power for n in (1, 2, 5) if n * power <= room_km)


def centres(located: Iterable[tuple[str, Point]]) -> dict[str, Point]:
    """Where each key's points have their mean: a commune stands amid its producers."""
    found: dict[str, list[Point]] = {}
    for key, point in located:
        found.setdefault(key, []).append(point)
    return {
        key: (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))
        for key, points in found.items()
    }
