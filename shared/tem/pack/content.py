"""What a pack says about every stamp, laid out to be asked: cards, bindings, batches by number."""

import base64
import binascii
from array import array
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from tem.answer import Card
from tem.stampcode import MAX_BATCH, MAX_INDEX
from tem.vocabulary import StampState

CARDS = ("products", "producers", "lots")
NAMES = (*CARDS, "bindings", "batches", "unavailable")
NOTHING = -1  # a binding about which the record says nothing, a stamp never tied to a lot


@dataclass(frozen=True, slots=True)
class Binding:
    """What a run of stamps stands for; ``lot`` is a place among the lots or NOTHING."""

    state: StampState
    lot: int
    revoked_on: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: its key, where its product and producer stand, and its runs by their last stamp."""

    public_key: bytes
    quantity: int
    product: int
    producer: int
    lasts: "array[int]"
    bindings: "array[int]"

    def binding_at(self, index: int) -> int:
        """The place of the binding of a stamp within the quantity; NOTHING if there is none."""
        return self.bindings[bisect_left(self.lasts, index)]


@dataclass(frozen=True, slots=True)
class Content:
    """The payloads of a pack, put together."""

    products: list[Card]
    producers: list[Card]
    lots: list[Card]
    bindings: list[Binding]
    batches: dict[int, Batch]
    unavailable: frozenset[int]


def full(payload: Any) -> Content:
    """The content of a full payload. Raises ValueError or TypeError where it does not fit."""
    if set(payload) != set(NAMES):
        raise ValueError("other names")
    content = Content(
        _cards(payload["products"]),
        _cards(payload["producers"]),
        _cards(payload["lots"]),
        [_binding(one) for one in payload["bindings"]],
        dict(map(_batch, payload["batches"])),
        frozenset(payload["unavailable"]),
    )
    return _fitting(content)


def with_delta(content: Content, payload: Any) -> Content:
    """The content after a delta, which leaves the one before as it was. Raises likewise."""
    if set(payload) != {*NAMES, "removed"}:
        raise ValueError("other names")
    lists = {name: _placed(getattr(content, name), payload[name], _card) for name in CARDS}
    removed = set(payload["removed"])
    kept = {number: one for number, one in content.batches.items() if number not in removed}
    return _fitting(
        replace(
            content,
            **lists,
            bindings=_placed(content.bindings, payload["bindings"], _binding),
            batches=kept | dict(map(_batch, payload["batches"])),
            unavailable=frozenset(payload["unavailable"]),
        )
    )


def _placed(before: list[Any], changes: list[Any], read: Any) -> list[Any]:
    after = list(before)
    for place, one in changes:
        if type(place) is not int or not 0 <= place <= len(after):
            raise ValueError("a gap between places")
        after[place : place + 1] = [read(one)]
    return after


def _card(card: Any) -> Card:
    if type(card) is not dict:
        raise TypeError("a card is an object")
    return card


def _cards(cards: list[Any]) -> list[Card]:
    return [_card(card) for card in cards]


def _binding(fields: list[Any]) -> Binding:
    state, lot, revoked_on = fields
    return Binding(StampState(state), lot, revoked_on)


def _batch(fields: list[Any]) -> tuple[int, Batch]:
    number, key, quantity, product, producer, runs = fields
    try:
        public_key = base64.b64decode(key + "=", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("a key is base64url") from error
    lasts = array("I", accumulate(runs[::2]))
    batch = Batch(public_key, quantity, product, producer, lasts, array("i", runs[1::2]))
    if not 1 <= number <= MAX_BATCH or not 1 <= quantity <= MAX_INDEX or len(public_key) != 32:
        raise ValueError("no such batch")
    if lasts[-1] != quantity or len(runs) % 2 or min(runs[::2]) < 1:
        raise ValueError("runs that do not cover their batch")
    return number, batch


def _fitting(content: Content) -> Content:
    """Raises ValueError unless every place that is named is there."""
    bindings = len(content.bindings)
    for batch in content.batches.values():
        named = -1 < batch.product < len(content.products)
        named = named and -1 < batch.producer < len(content.producers)
        if not named or min(batch.bindings) < NOTHING or max(batch.bindings) >= bindings:
            raise ValueError("a place that is not there")
    if not all(NOTHING <= one.lot < len(content.lots) for one in content.bindings):
        raise ValueError("a lot that is not there")
    return content
