"""Pictures of products in the published tables: put there with the card that shows them, taken
away with the last one that did."""

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, select

from tem import pictures
from tem_registry import publication, tables

Card = dict[str, Any]


def shown(connection: Connection, file_id: str) -> Card:
    """What a product's card says of its picture: id (SHA-256 of its bytes), type and size."""
    picture = _picture(connection, file_id)
    width, height = pictures.size(picture)
    return {
        "id": hashlib.sha256(picture).hexdigest(),
        "content_type": pictures.CONTENT_TYPE,
        "width": width,
        "height": height,
    }


def publish(connection: Connection, change: int, product_id: str, card: Card) -> None:
    """Publish a product's card with its picture, and drop the picture it had until now."""
    old = _id(publication.card(connection, "product", product_id) or {})
    new = _id(card)
    if new is not None and new != old:
        picture = _picture(connection, _file_of(connection, product_id))
        publication.put_image(connection, new, pictures.CONTENT_TYPE, picture)
    publication.put_card(connection, change, "product", product_id, card)
    if old is not None and old != new:
        publication.drop_image_unless_named(connection, old)


def _id(card: Card) -> str | None:
    image: Card | None = card.get("image")
    return image["id"] if image else None


def _file_of(connection: Connection, product_id: str) -> str:
    c = tables.product.c
    record = connection.execute(select(c.record).where(c.id == product_id)).scalar_one()
    return str(json.loads(record)["image"])


def _picture(connection: Connection, file_id: str) -> bytes:
    c = tables.stored_file.c
    picture = connection.execute(select(c.picture).where(c.id == file_id)).scalar_one()
    return bytes(picture)
