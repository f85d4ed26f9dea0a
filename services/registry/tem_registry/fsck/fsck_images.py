"""What must hold of files and published pictures: bytes are what their names say, and no picture
is missing or left over."""

import hashlib
import json
from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem.databases import published
from tem_registry import tables
from tem_registry.files.file_types import id_of


def files(connection: Connection) -> Iterator[str]:
    """Each file still is the bytes it is named by."""
    c = tables.stored_file.c
    for id in connection.execute(select(c.id).order_by(c.id)).scalars().all():
        content = connection.execute(select(c.content).where(c.id == id)).scalar_one()
        if id_of(content) != id:
            yield f"file {id} is not what was sent"


def images(connection: Connection) -> Iterator[str]:
    """Each picture that a published card names is there and whole, and there are no others."""
    named: dict[str, str] = {}
    c = published.card.c
    for row in connection.execute(select(c.id, c.body).where(c.kind == "product")):
        image = json.loads(row.body).get("image")
        if image:
            named.setdefault(image["id"], row.id)
    i = published.image.c
    shown = set(connection.execute(select(i.id)).scalars())
    for id in sorted(named.keys() - shown):
        yield f"the picture on the published card of product {named[id]} is missing"
    for id in sorted(shown):
        content = connection.execute(select(i.content).where(i.id == id)).scalar_one()
        if hashlib.sha256(content).hexdigest() != id:
            yield f"the published picture {id} is not the one it is named by"
        if id not in named:
            yield f"the published picture {id} is on no card"
