"""Months by category of product. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Months:
    """Months by category: the longest code that a category is, or lies under; "" is the rest."""

    by_category: Mapping[str, int]

    def of(self, category: str) -> int:
        """For one category: ``I.1.a`` lies under ``I.1``, ``I.10`` does not."""
        parts = category.split(".")
        known = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        return next(
            (self.by_category[code] for code in known if code in self.by_category),
            self.by_category[""],
        )
