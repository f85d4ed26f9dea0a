"""What products, producers and lots are called, asked once a page for each that it names."""

from dataclasses import dataclass, field
from typing import Any

from tem.http.inside import Api, Refused


@dataclass
class Names:
    """Names by id. What cannot be read any more (a purged lot) is called by its id."""

    api: Api
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def product(self, id: str) -> str:
        """A product's name."""
        return self._name(f"/v1/products/{id}", "name", id)

    def producer(self, id: str) -> str:
        """A producer's name."""
        return self._name(f"/v1/producers/{id}", "name", id)

    def lot(self, id: str) -> str:
        """A lot's code."""
        return self._name(f"/v1/lots/{id}", "lot_code", id)

    def _name(self, path: str, member: str, id: str) -> str:
        if path not in self._known:
            try:
                self._known[path] = self.api.get(path)
            except Refused:
                self._known[path] = {}
        return str(self._known[path].get(member) or id)
