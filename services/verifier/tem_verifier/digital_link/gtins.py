"""Which product bears a GTIN: worked out of the published cards when they have changed."""

from collections.abc import Mapping

from tem.answer import Card
from tem.digital_link import gtin14
from tem.errors import Invalid, NotFound
from tem_verifier.snapshot.snapshot import Snapshot
from tem_verifier.view import View

_KIND = "product"
Cards = Mapping[tuple[str, str], Card]


class Gtins:
    """For any thread: what two of them work out at once is the same."""

    def __init__(self) -> None:
        self._of_base: tuple[Snapshot | None, dict[str, str]] = (None, {})
        self._read: tuple[tuple[Snapshot | None, Cards] | None, dict[str, list[str]]] = (None, {})

    def product(self, view: View, gtin: str) -> Card:
        """The card of the product that bears 14 digits. Raises NotFound if none does, or several:
        then nobody can say which of them is meant."""
        found = self._ids(view).get(gtin, [])
        if not found:
            raise NotFound("gtin_unknown", "No product on record bears this GTIN: read it again.")
        if len(found) > 1:
            raise NotFound(
                "gtin_not_unique",
                "Several products on record bear this GTIN: scan the stamp, and tell the Office.",
            )
        return view.card(_KIND, found[0])

    def _ids(self, view: View) -> dict[str, list[str]]:
        """The products by their GTIN, read anew once for each change of what is published."""
        read, ids = self._read
        if read is None or read[0] is not view.base or read[1] is not view.cards:
            gtins = self._gtins_of_base(view.base) | {
                id: gtin_of(card) for (kind, id), card in view.cards.items() if kind == _KIND
            }
            ids = {}
            for id, gtin in gtins.items():
                ids.setdefault(gtin, []).append(id)
            self._read = (view.base, view.cards), ids
        return ids

    def _gtins_of_base(self, base: Snapshot | None) -> dict[str, str]:
        """GTINs by the id of their product, in a snapshot."""
        if self._of_base[0] is not base:
            cards = base.cards_of(_KIND) if base else ()
            self._of_base = base, {id: gtin_of(card) for id, card in cards}
        return self._of_base[1]


def gtin_of(product: Card) -> str:
    """The GTIN of a product as 14 digits; "" if it has none, which nobody can ask for."""
    try:
        return gtin14(str(product.get("gtin") or ""))
    except Invalid:
        return ""
