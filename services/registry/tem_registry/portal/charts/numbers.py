"""Numbers for the eye: written by language, ticks of an axis, shares that add up. Pure."""

import math
from collections.abc import Sequence
from fractions import Fraction

from tem.language import Lang


def written(value: float | None, lang: Lang, places: int = 0) -> str:
    """1.234.567,5 in Vietnamese, 1,234,567.5 in English; a dash for none."""
    if value is None:
        return "–"
    english = f"{value:,.{places}f}"
    return english if lang == "en" else english.translate(str.maketrans(",.", ".,"))


def step_above(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50… (and 0.5, 0.2, 0.1…) that is not below a number."""
    if least <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(least))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= least * (1 - 1e-9))


def ticks(top: float, most: int = 5) -> list[int]:
    """Marks of an axis of counts, from 0 to at least ``top``, at most ``most`` steps."""
    step = max(1, round(step_above(top / most)))
    return [step * n for n in range(max(1, math.ceil(top / step)) + 1)]


def shares(values: Sequence[int]) -> list[Fraction]:
    """Each value's percentage in whole tenths; together exactly 100, or 0 where all are 0.

    What rounding down leaves goes to those that lost most (largest remainder).
    """
    total = sum(values)
    if not total:
        return [Fraction(0)] * len(values)
    exact = [Fraction(1000 * value, total) for value in values]
    tenths = [math.floor(one) for one in exact]
    by_loss = sorted(range(len(values)), key=lambda n: (tenths[n] - exact[n], n))
    for n in by_loss[: 1000 - sum(tenths)]:
        tenths[n] += 1
    return [Fraction(one, 10) for one in tenths]
