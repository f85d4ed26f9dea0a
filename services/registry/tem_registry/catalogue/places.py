"""Communes and categories as the state publishes them, read from the package once.

Communes: 69 units of Hà Tĩnh since 01/07/2025 (QĐ 19/2025/QĐ-TTg, Resolution 1665/NQ-UBTVQH15).
Categories: product groups of QĐ 148/QĐ-TTg; group VI is a service and carries no stamp.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tem_registry.catalogue.names import bare, folded


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune or ward; ``former_units`` are those it was made of, wholly or in part."""

    code: str
    name: str
    former_units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A group or subgroup of products; ``parent`` is None for one of the six groups."""

    code: str
    name_vi: str
    name_en: str
    parent: str | None
    stampable: bool


def _package(name: str) -> Any:
    return json.loads(files("tem_registry.catalogue").joinpath(name).read_text("utf-8"))


@cache
def communes() -> dict[str, Commune]:
    """The communes of Hà Tĩnh by code, in order."""
    rows = _package("communes.json")["communes"]
    return {
        row["code"]: Commune(row["code"], row["name"], tuple(row["former_units"])) for row in rows
    }


@cache
def categories() -> dict[str, Category]:
    """The categories by code, in order."""
    return {row["code"]: Category(**row) for row in _package("categories.json")["categories"]}


def successors(former: str) -> list[Commune]:
    """Every commune that took in a former unit, wholly or in part.

    Old → new is not a function (Kỳ Lợi went to three wards): a person must choose.
    """
    wanted = folded(former)
    return [
        commune
        for commune in communes().values()
        if any(wanted in (folded(unit), folded(bare(unit))) for unit in commune.former_units)
    ]


def named(part: str) -> list[Commune]:
    """Communes whose name contains this, whatever its case and accents."""
    return [one for one in communes().values() if folded(part) in folded(one.name)]
