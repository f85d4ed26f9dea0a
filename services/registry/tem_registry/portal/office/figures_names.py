"""What the groups of the figures are called: communes, products, producers, batches, months."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tem.http.inside import Api
from tem_registry.portal import paging
from tem_registry.portal.charts import times
from tem_registry.portal.visits import Visit

_LISTS = {
    "producer": ("/v1/producers", "producer_id"),
    "product": ("/v1/products", "product_id"),
    "commune": ("/v1/communes", "code"),
}


@dataclass(frozen=True)
class Known:
    """Producers, products and communes on record, each asked for once."""

    lists: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, api: Api) -> "Known":
        """All of them."""
        return cls({name: api.every(path, limit=500) for name, (path, _) in _LISTS.items()})

    def choices(self, name: str) -> list[tuple[str, str]]:
        """Pairs for a select, by name."""
        _, id = _LISTS[name]
        if name == "commune":
            named = sorted(self.lists[name], key=lambda one: str(one["name"]))
            return [(one[id], one["name"]) for one in named]
        return paging.choices(self.lists[name], id)

    def names(self, at: Visit, group: str, rows: Sequence[dict[str, Any]]) -> list[str]:
        """What the groups of a report are called, in the order of its rows."""
        if group in _LISTS:
            _, id = _LISTS[group]
            by_id = {one[id]: str(one["name"]) for one in self.lists[group]}
            unknown = at.t("Chưa ghi", "Not on record")
            return [by_id.get(row["key"], row["key"]) or unknown for row in rows]
        if group == "batch":
            return [f"{at.t('Đợt', 'Batch')} {row['key']}" for row in rows]
        return [times.told(row["key"], at.lang) for row in rows]
