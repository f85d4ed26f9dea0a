"""Names beside points so that none covers another, nor a point. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tem_registry.portal.charts import letters
from tem_registry.portal.charts.drawing import TEXT

_APART = 3.0


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether two have a place in common."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)

    def within(self, other: "Box") -> bool:
        """Whether it lies wholly in the other."""
        sides = self.left >= other.left and self.right <= other.right
        return sides and self.top >= other.top and self.bottom <= other.bottom


@dataclass(frozen=True, slots=True)
class Spot:
    """A round mark and what it is called."""

    x: float
    y: float
    radius: float
    name: str

    @property
    def box(self) -> Box:
        """The square around it."""
        r = self.radius
        return Box(self.x - r, self.y - r, self.x + r, self.y + r)


def placed(spots: Sequence[Spot], inside: Box, most: int) -> list[tuple[Spot, Box]]:
    """Places for the names of the first ``most`` spots; one that finds none has no name.

    Earlier spots choose first: right, left, above, below, then the corners.
    """
    taken = [spot.box for spot in spots]
    found: list[tuple[Spot, Box]] = []
    for spot in spots[:most]:
        for box in _around(spot):
            if box.within(inside) and not any(map(box.meets, taken)):
                taken.append(box)
                found.append((spot, box))
                break
    return found


def _around(spot: Spot) -> Iterator[Box]:
    wide, high = letters.width(spot.name), TEXT + 2.0
    r, x, y = spot.radius + _APART, spot.x, spot.y
    slant = r * 0.75
    for left, top in (
        (x + r, y - high / 2),
        (x - r - wide, y - high / 2),
        (x - wide / 2, y - r - high),
        (x - wide / 2, y + r),
        (x + slant, y - slant - high),
        (x + slant, y + slant),
        (x - slant - wide, y - slant - high),
        (x - slant - wide, y + slant),
    ):
        yield Box(left, top, left + wide, top + high)
