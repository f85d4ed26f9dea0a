"""Files that are sent: read once by their content, kept by it, seen by those they concern."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tem import pictures
from tem.databases.database import insert_or_ignore
from tem.errors import Invalid, NotFound, TooLarge
from tem.trail import audit
from tem_registry import tables
from tem_registry.files.file_types import (
    IMAGE_TYPES,
    MAX_FILE_BYTES,
    TYPES,
    id_of,
    is_whole_pdf,
    type_of,
)

Record = dict[str, Any]
# What of an image is published, and how large an image may be sent.
SHOWN = pictures.Frame(max_pixels=20_000_000, max_side=1200, max_bytes=200_000)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent. ``picture`` is what of an image is published, else absent."""

    id: str
    content_type: str
    content: bytes
    picture: bytes | None


def read(content: bytes, claimed: str) -> File:
    """What was sent, once it is known to be what it claims to be. Touches no store.

    Raises TooLarge, or Invalid for what is none of our types, contradicts the type ``claimed``,
    or cannot be read to its end.
    """
    if len(content) > MAX_FILE_BYTES:
        raise TooLarge("file_too_large", f"Send at most {MAX_FILE_BYTES} bytes.")
    found = type_of(content)
    if found is None:
        raise Invalid("file_type_unknown", f"These bytes are none of {', '.join(TYPES)}.")
    if found != claimed:
        raise Invalid("file_type_differs", f"It was sent as {claimed}, but its bytes are {found}.")
    if found in IMAGE_TYPES:
        return File(id_of(content), found, content, pictures.draw(content, found, SHOWN))
    if not is_whole_pdf(content):
        raise Invalid("file_not_readable", "This PDF is cut off or damaged: save it again.")
    return File(id_of(content), found, content, None)


def store(
    connection: Connection, now: datetime, actor: str, file: File, producer_id: str | None
) -> Record:
    """Keep a file, once however often it is sent, and note which producer sent it."""
    row = {
        "id": file.id,
        "content_type": file.content_type,
        "size": len(file.content),
        "content": file.content,
        "picture": file.picture,
        "stored_at": now,
    }
    is_new = insert_or_ignore(connection, tables.stored_file, row)
    if producer_id is not None:
        sent = {"file_id": file.id, "producer_id": producer_id}
        is_new = insert_or_ignore(connection, tables.file_sender, sent) or is_new
    shown = {"file_id": file.id, "content_type": file.content_type, "size": len(file.content)}
    if is_new:
        details = {"content_type": file.content_type, "size": len(file.content)}
        audit.record(connection, now, actor, "file.stored", f"file:{file.id}", details)
    return shown


def find(connection: Connection, id: str, producer_id: str | None = None) -> File:
    """A file. Raises NotFound, also for one that a producer neither sent nor is named by."""
    c = tables.stored_file.c
    row = connection.execute(
        select(c.id, c.content_type, c.content, c.picture).where(c.id == id)
    ).first()
    if row is None or not (producer_id is None or _concerns(connection, id, producer_id)):
        raise NotFound("no_such_file", f"There is no file {id} of yours.")
    return File(*row)


def _concerns(connection: Connection, id: str, producer_id: str) -> bool:
    """Whether a producer sent a file, or one of its products names it."""
    s, p = tables.file_sender.c, tables.product.c
    sent = select(s.file_id).where(s.file_id == id, s.producer_id == producer_id)
    if connection.execute(sent).first() is not None:
        return True
    naming = select(p.record).where(p.producer_id == producer_id, p.record.contains(id))
    found = connection.execute(naming).scalars()
    return any(id in named(json.loads(text)) for text in found)


def named(product: Record) -> set[str]:
    """The files that a product's record names: its image and its test reports."""
    reports = [product.get("quality_test"), *(product.get("quality_tests") or [])]
    ids = {product.get("image"), *((report or {}).get("file") for report in reports)}
    return {id for id in ids if id}


def check_named(connection: Connection, product: Record) -> None:
    """Raises Invalid when a product names a file that is not there, or one that is no image."""
    c = tables.stored_file.c
    wanted = named(product)
    rows = connection.execute(select(c.id, c.content_type).where(c.id.in_(wanted)))
    types: dict[str, str] = {row.id: row.content_type for row in rows}
    for id in sorted(wanted - types.keys()):
        raise Invalid("unknown_reference", f"There is no file {id}: send it to /v1/files first.")
    image = product.get("image")
    if image and types[image] not in IMAGE_TYPES:
        raise Invalid("file_not_an_image", f"File {image} is {types[image]}, not an image.")
