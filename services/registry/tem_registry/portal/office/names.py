"""What products, producers and lots are called, asked once a page: each by itself, or a list."""

from dataclasses import dataclass, field
from typing import Any

from tem.http.inside import Api, Refused


@dataclass
class Names:
    """Names by id. What cannot be read any more (a purged lot) is called by its id."""

    api: Api
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def all_products(self) -> list[dict[str, Any]]:
        """Every product, whose names are known from then on: for a page that names many."""
        return self._all("/v1/products", "product_id")

    def all_producers(self) -> list[dict[str, Any]]:
        """Every producer, in the same way."""
        return self._all("/v1/producers", "producer_id")

    def product(self, id: str) -> str:
        """A product's name."""
        return self._name(f"/v1/products/{id}", "name", id)

    def producer(self, id: str) -> str:
        """A producer's name."""
        return self._name(f"/v1/producers/{id}", "name", id)

    def lot(self, id: str) -> str:
        """A lot's code."""
        return self._name(f"/v1/lots/{id}", "lot_code", id)

    def _all(self, path: str, id: str) -> list[dict[str, Any]]:
        found = self.api.every(path, limit=500)
        self._known |= {f"{path}/{one[id]}": one for one in found}
        return found

    def _name(self, path: str, member: str, id: str) -> str:
        if path not in self._known:
            try:
                self._known[path] = self.api.get(path)
            except Refused:
                self._known[path] = {}
        return str(self._known[path].get(member) or id)
