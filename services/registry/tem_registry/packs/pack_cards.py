"""Published cards less what no till needs: no story, no points of sale, no picture, no contact."""

from collections.abc import Callable
from typing import Any

Card = dict[str, Any]

_PRODUCT = (
    "product_id",
    "name",
    "brand",
    "packaging",
    "unit",
    "gtin",
    "category_code",
    "date_kind",
    "certificates",
)
_PRODUCER = ("producer_id", "name", "producer_type", "statuses")
_LOT = (
    "code",
    "production_date",
    "production_date_kind",
    "best_before",
    "precision",
    "info_expires_on",
    "window_ends_on",
    "recalls",
)
_FORGOTTEN = ("closed", "undated", "window_ends_on")


def product(card: Card) -> Card:
    """What a till shows of a product, and its certificates for the notes."""
    return _less(card, _PRODUCT)


def producer(card: Card) -> Card:
    """What a till shows of a producer, and its statuses for the notes."""
    return _less(card, _PRODUCER)


def lot(card: Card) -> Card:
    """A lot's dates and recalls; of a forgotten one what its answer needs."""
    return _less(card, _FORGOTTEN if "closed" in card else _LOT)


def _less(card: Card, fields: tuple[str, ...]) -> Card:
    return {name: card[name] for name in fields if name in card}


TRIMMED: dict[str, Callable[[Card], Card]] = {
    "product": product,
    "producer": producer,
    "lot": lot,
}
