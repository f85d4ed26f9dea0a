"""Publishing: what the public may see goes into the published tables, in the act's transaction.

Each publishing transaction raises the change number by an UPDATE of one locked row, so numbers
become visible in order and without gaps that a reader could miss.
"""

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from tem.databases import published
from tem.databases.database import insert_or_ignore
from tem.manifest import Manifest
from tem_registry.intervals import Interval

# Clocks of several registries differ by less; a beat further ahead is of a clock since set right.
CLOCKS_DIFFER = timedelta(seconds=60)


def begin(connection: Connection, now: datetime) -> None:
    """Begin an epoch, unless one has begun: readers then know that nothing is published yet."""
    start = {"id": 1, "epoch": secrets.token_hex(16), "change": 0, "changed_at": now}
    insert_or_ignore(connection, published.state, start)


def next_change(connection: Connection, now: datetime) -> int:
    """Raise the change number."""
    begin(connection, now)
    c = published.state.c
    raised = update(published.state).where(c.id == 1)
    return int(
        connection.execute(
            raised.values(change=c.change + 1, changed_at=now).returning(c.change)
        ).scalar_one()
    )


def beat(connection: Connection, now: datetime, every: float = 0.0) -> None:
    """Tell replicas that all that was committed before ``now`` comes before this.

    Unless somebody did within the last ``every`` seconds. A beat of a clock that was set back
    since is taken back: it would vouch for hours to come.
    """
    if not insert_or_ignore(connection, published.beat, {"id": 1, "at": now}):
        at = published.beat.c.at
        due = or_(at <= now - timedelta(seconds=every), at > now + CLOCKS_DIFFER)
        connection.execute(update(published.beat).where(due).values(at=now))


def put_card(connection: Connection, change: int, kind: str, id: str, body: dict[str, Any]) -> None:
    """Write a card, unless it says the same already."""
    c = published.card.c
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    row = {"kind": kind, "id": id, "body": text, "change": change}
    if insert_or_ignore(connection, published.card, row):
        return
    connection.execute(
        update(published.card)
        .where(c.kind == kind, c.id == id, c.body != text)
        .values(body=text, change=change)
    )


def put_image(connection: Connection, id: str, content_type: str, content: bytes) -> None:
    """Publish a picture, once: its id is the SHA-256 of its bytes."""
    row = {"id": id, "content_type": content_type, "content": content}
    insert_or_ignore(connection, published.image, row)


def drop_image_unless_named(connection: Connection, id: str) -> None:
    """Take a picture away that no product's card names any more.

    Publishing transactions come one after the other, so no card can come to name it meanwhile.
    """
    c = published.card.c
    naming = select(c.body).where(c.kind == "product", c.body.contains(id))
    bodies = connection.execute(naming).scalars()
    if not any((json.loads(body).get("image") or {}).get("id") == id for body in bodies):
        connection.execute(delete(published.image).where(published.image.c.id == id))


def put_batch(
    connection: Connection,
    change: int,
    made: Manifest,
    manifest: str,
    signature: bytes,
    fingerprints: Iterable[bytes],
) -> None:
    """Publish a batch once: manifest, signature, and fingerprints in pieces of 1 MiB."""
    connection.execute(
        published.batch.insert().values(
            number=made.batch,
            manifest=manifest,
            signature=signature,
            product_id=made.product,
            producer_id=made.producer,
            change=change,
        )
    )
    for piece, content in enumerate(fingerprints):
        connection.execute(
            published.fingerprints.insert().values(batch=made.batch, piece=piece, content=content)
        )


def replace_intervals(
    connection: Connection, change: int, batch: int, after: Sequence[Interval]
) -> None:
    """Publish intervals that cover exactly what the rows they overlap had covered."""
    c = published.interval.c
    start, end = after[0].first, after[-1].last
    connection.execute(
        delete(published.interval).where(c.batch == batch, c.first <= end, c.last >= start)
    )
    connection.execute(
        published.interval.insert(),
        [
            {
                "batch": batch,
                "first": one.first,
                "last": one.last,
                "state": str(one.state),
                "lot_id": one.lot_id,
                "revoked_on": one.revoked_on.isoformat() if one.revoked_on else None,
                "change": change,
            }
            for one in after
        ],
    )


def card(connection: Connection, kind: str, id: str) -> dict[str, Any] | None:
    """A card as published."""
    c = published.card.c
    text = connection.execute(select(c.body).where(c.kind == kind, c.id == id)).scalar()
    return None if text is None else json.loads(text)
