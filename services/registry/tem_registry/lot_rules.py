"""What a lot's dates mean, and for how long they are public. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tem.dates import add_months, info_expires_on, shelf_life_end
from tem.errors import Invalid
from tem.vocabulary import DateKind
from tem_registry.rules import Product


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


@dataclass(frozen=True, slots=True)
class LotDates:
    """A lot's date as stored: how it came about, and whether it passes the shelf life."""

    best_before: date | None
    basis: str
    beyond_shelf_life: bool = False


def lot_dates(product: Product, production: date, declared: date | None) -> LotDates:
    """The best-before of a lot, declared or worked out. Raises Invalid when they contradict."""
    if product.date_kind is DateKind.NONE:
        if declared is not None:
            raise Invalid("no_expiry_product", "This product declares no date: leave it out.")
        return LotDates(None, "no_expiry_declared")
    computed = shelf_life_end(production, *product.shelf_life) if product.shelf_life else None
    if declared is None:
        if computed is None:
            raise Invalid("best_before_missing", "This product has no shelf life: give the date.")
        return LotDates(computed, "computed_from_shelf_life")
    if declared < production:
        raise Invalid("best_before_too_early", "The date lies before production: check both.")
    beyond = computed is not None and declared > computed
    basis = "computed_from_shelf_life" if declared == computed else "declared"
    return LotDates(declared, basis, beyond)


def window_ends_on(best_before: date | None, production: date, months_undated: int) -> date:
    """The last day a lot's information is public; see the settings for undated goods."""
    if best_before is None:
        return add_months(production, months_undated)
    return info_expires_on(best_before)
