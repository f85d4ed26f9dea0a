"""What a form offers to choose from: words of ours, communes, categories, records by name."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tem_registry.catalogue.names import folded
from tem_registry.portal.office.records.words import WORDS
from tem_registry.portal.visits import Visit


class Choice(NamedTuple):
    """A value, its words, the heading it stands under in a long list, and a record's bare name."""

    value: str
    words: str
    group: str = ""
    name: str = ""


def words_of(choices: Sequence[Choice]) -> dict[str, str]:
    """Value -> words."""
    return {one.value: one.words for one in choices}


def names_of(choices: Sequence[Choice]) -> dict[str, str]:
    """Id -> bare name, of records."""
    return {one.value: one.name for one in choices}


def of_words(at: Visit, name: str) -> list[Choice]:
    """The words of a list of ours."""
    return [Choice(code, at.t(one.vi, one.en)) for code, one in WORDS[name].items()]


def communes(at: Visit) -> list[Choice]:
    """All communes, wards first, each kind in the order of the alphabet."""
    found = at.api.every("/v1/communes", limit=200)
    kinds = {"Phường": at.t("Phường", "Wards (phường)"), "Xã": at.t("Xã", "Communes (xã)")}
    listed = [
        Choice(one["code"], one["name"], kinds.get(one["name"].split()[0], "")) for one in found
    ]
    return sorted(listed, key=lambda one: (one.words.split()[0], folded(one.words)))


def categories(at: Visit, *, stems: bool = False) -> list[Choice]:
    """The product groups that have none below them; with ``stems`` those that have, too."""
    found = at.api.every("/v1/categories", limit=200)
    parents = {one["parent"] for one in found}
    named = {one["code"]: at.t(one["name_vi"], one["name_en"]) for one in found}
    return [
        Choice(code, f"{code} – {name}", f"{code.split('.')[0]} – {named[code.split('.')[0]]}")
        for code, name in named.items()
        if stems or code not in parents
    ]


def producers(at: Visit) -> list[Choice]:
    """All producers by name."""
    return _named(at.api.every("/v1/producers", limit=500), "producer_id")


def products(at: Visit, producer: str | None = None) -> list[Choice]:
    """All products by name, or those of a producer."""
    return _named(at.api.every("/v1/products", limit=500, producer=producer), "product_id")


def points_of_sale(at: Visit) -> list[Choice]:
    """All points of sale by name."""
    return _named(at.api.every("/v1/points-of-sale", limit=500), "pos_id")


def _named(records: list[dict[str, Any]], id_field: str) -> list[Choice]:
    listed = [
        Choice(one[id_field], f"{one['name']} ({one[id_field]})", name=one["name"])
        for one in records
    ]
    return sorted(listed, key=lambda one: folded(one.words))
