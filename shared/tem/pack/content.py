"""What a pack says about every stamp, laid out to be asked: cards, bindings, batches by number."""

from dataclasses import dataclass, replace
from typing import Any

from tem.answer import Card
from tem.pack import batch
from tem.pack.batch import Batch
from tem.stampcode import MAX_BATCH
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
class Content:
    """The payloads of a pack, put together."""

    products: list[Card]
    producers: list[Card]
    lots: list[Card]
    bindings: list[Binding]
    batches: dict[int, Batch]
    unavailable: frozenset[int]


def full(payload: Any) -> Content:
    """The content of a full payload. Raises ValueError, TypeError, LookupError, AttributeError or
    OverflowError where it does not fit."""
    _require_lists(payload, NAMES)
    content = Content(
        _cards(payload["products"]),
        _cards(payload["producers"]),
        _cards(payload["lots"]),
        [_binding(one) for one in payload["bindings"]],
        _batches(payload["batches"]),
        _numbers(payload["unavailable"]),
    )
    return _fitting(content)


def with_delta(content: Content, payload: Any) -> Content:
    """The content after a delta, which leaves the one before as it was. Raises likewise."""
    _require_lists(payload, (*NAMES, "removed"))
    lists = {name: _placed(getattr(content, name), payload[name], _card) for name in CARDS}
    removed = _numbers(payload["removed"])
    kept = {number: one for number, one in content.batches.items() if number not in removed}
    return _fitting(
        replace(
            content,
            **lists,
            bindings=_placed(content.bindings, payload["bindings"], _binding),
            batches=kept | _batches(payload["batches"]),
            unavailable=_numbers(payload["unavailable"]),
        )
    )


def _require_lists(payload: Any, names: tuple[str, ...]) -> None:
    if set(payload) != set(names) or not all(type(payload[name]) is list for name in names):
        raise ValueError("other names, or no lists")


def _placed(before: list[Any], changes: list[Any], read: Any) -> list[Any]:
    after, last = list(before), -1
    for place, one in changes:
        if type(place) is not int or not last < place <= len(after):
            raise ValueError("places that do not rise, or a gap between them")
        after[place : place + 1] = [read(one)]
        last = place
    return after


def _card(card: Any) -> Card:
    if type(card) is not dict:
        raise TypeError("a card is an object")
    return card


def _cards(cards: list[Any]) -> list[Card]:
    return [_card(card) for card in cards]


def _binding(fields: list[Any]) -> Binding:
    state, lot, revoked_on = fields
    if type(lot) is not int or not isinstance(revoked_on, str | None):
        raise TypeError("a place is a number, a day a text")
    return Binding(StampState(state), lot, revoked_on)


def _batches(rows: list[Any]) -> dict[int, Batch]:
    found = [batch.read(row) for row in rows]
    by_number = {one.number: one for one in found}
    if len(by_number) != len(found):
        raise ValueError("a batch stands twice")
    return by_number


def _numbers(numbers: list[Any]) -> frozenset[int]:
    if not all(type(one) is int and 1 <= one <= MAX_BATCH for one in numbers):
        raise ValueError("no number of a batch")
    return frozenset(numbers)


def _fitting(content: Content) -> Content:
    """Raises ValueError unless every place that is named is there."""
    bindings = len(content.bindings)
    for one in content.batches.values():
        named = -1 < one.product < len(content.products)
        named = named and -1 < one.producer < len(content.producers)
        if not named or min(one.bindings) < NOTHING or max(one.bindings) >= bindings:
            raise ValueError("a place that is not there")
    if not all(NOTHING <= one.lot < len(content.lots) for one in content.bindings):
        raise ValueError("a lot that is not there")
    return content
