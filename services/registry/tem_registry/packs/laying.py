"""A record laid out as payloads: a full one, and what has changed since it. Pure.

Cards and bindings have places, which a delta keeps: it replaces what changed and appends what is
new. So places are remembered for as long as a full frame is the newest.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tem.pack.content import NOTHING
from tem_registry.packs.pack_cards import TRIMMED, Card

Payload = dict[str, list[Any]]
NAMES = {"product": "products", "producer": "producers", "lot": "lots"}


@dataclass(frozen=True, slots=True)
class Run:
    """An interval as published."""

    first: int
    last: int
    state: str
    lot_id: str | None
    revoked_on: str | None


@dataclass(frozen=True, slots=True)
class Laid:
    """A batch as published, its signature in base64url, its runs in order."""

    number: int
    manifest: str
    signature: str
    quantity: int
    product_id: str
    producer_id: str
    runs: tuple[Run, ...]


@dataclass(slots=True)
class Places:
    """Which card and which binding stands where."""

    cards: dict[str, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in NAMES})
    bindings: dict[tuple[str, int, str | None], int] = field(default_factory=dict)

    def copy(self) -> "Places":
        """The same, to be added to."""
        return Places({kind: dict(one) for kind, one in self.cards.items()}, dict(self.bindings))

    def card(self, kind: str, id: str) -> int:
        """Where a card stands; one that is new comes last."""
        known = self.cards[kind]
        return known.setdefault(id, len(known))

    def binding(self, state: str, lot: int, revoked_on: str | None) -> int:
        """Where a binding stands; one that is new comes last."""
        return self.bindings.setdefault((state, lot, revoked_on), len(self.bindings))


Cards = Mapping[str, Mapping[str, Card]]  # by kind and id


def full(
    batches: Iterable[Laid], cards: Cards, unavailable: Iterable[int]
) -> tuple[Payload, Places]:
    """The payload of a full frame, and where everything in it stands."""
    places, silent = Places(), set(unavailable)
    laid = _batches(batches, cards, places, silent)
    payload: Payload = {
        name: [TRIMMED[kind](cards[kind][id]) for id in places.cards[kind]]
        for kind, name in NAMES.items()
    }
    bindings = [list(binding) for binding in places.bindings]
    return payload | {"bindings": bindings, "batches": laid, "unavailable": sorted(silent)}, places


def delta(
    base: Places, touched: Iterable[Laid], cards: Cards, unavailable: Iterable[int]
) -> Payload:
    """What has changed since the full frame whose places are given: the batches touched, and of
    ``cards`` those that it has, and those that the batches name."""
    places, silent = base.copy(), set(unavailable)
    laid = _batches(touched, cards, places, silent)
    payload: Payload = {
        name: [
            [place, TRIMMED[kind](cards[kind][id])]
            for id, place in places.cards[kind].items()
            if id in cards[kind]
        ]
        for kind, name in NAMES.items()
    }
    new = [[place, list(one)] for one, place in places.bindings.items() if one not in base.bindings]
    removed = sorted(silent)  # whatever the full frame says of them no longer stands
    return payload | {
        "bindings": new,
        "batches": laid,
        "removed": removed,
        "unavailable": sorted(silent),
    }


def _batches(
    batches: Iterable[Laid], cards: Cards, places: Places, silent: set[int]
) -> list[list[Any]]:
    """The batches laid out; one without its cards is unavailable."""
    laid = []
    for batch in batches:
        if not _has_cards(batch, cards, places):
            silent.add(batch.number)
        if batch.number in silent:
            continue
        owner = (
            places.card("product", batch.product_id),
            places.card("producer", batch.producer_id),
        )
        runs = list(_runs(batch, cards, places))
        laid.append([batch.number, batch.manifest, batch.signature, *owner, runs])
    return laid


def _has_cards(batch: Laid, cards: Cards, places: Places) -> bool:
    return _is_known("product", batch.product_id, cards, places) and _is_known(
        "producer", batch.producer_id, cards, places
    )


def _is_known(kind: str, id: str, cards: Cards, places: Places) -> bool:
    return id in places.cards[kind] or id in cards[kind]


def _runs(batch: Laid, cards: Cards, places: Places) -> Iterator[int]:
    """Lengths and bindings from index 1 to the quantity; a hole in the record says nothing."""
    following = 1
    for run in batch.runs:
        last = min(run.last, batch.quantity)
        if run.first > following:
            yield from (run.first - following, NOTHING)
        if last >= run.first:
            yield from (last - run.first + 1, _binding(run, cards, places))
        following = max(following, last + 1)
    if following <= batch.quantity:
        yield from (batch.quantity - following + 1, NOTHING)


def _binding(run: Run, cards: Cards, places: Places) -> int:
    if run.lot_id is None:
        return places.binding(run.state, NOTHING, run.revoked_on)
    if not _is_known("lot", run.lot_id, cards, places):
        return NOTHING
    return places.binding(run.state, places.card("lot", run.lot_id), run.revoked_on)
