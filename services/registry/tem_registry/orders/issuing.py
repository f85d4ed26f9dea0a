"""From an approved order to a batch on record: ask the issuer, follow, verify, record.

Each step finds in the tables where the last one stopped, so a kill at any point costs nothing:
the order's id is the Idempotency-Key at the issuer, and recording happens in one transaction.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO

from sqlalchemy import Connection, Engine, select

from tem.clock import Clock
from tem.databases import published
from tem.databases.database import reading, writing
from tem.dates import vietnam_day
from tem.errors import Conflict, TemError, Unavailable
from tem.http import correlation
from tem.logs import log
from tem.manifest import FINGERPRINT_BYTES, Manifest, ManifestRefused
from tem.trail import audit
from tem.trust import Trust
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.certificates import certificates
from tem_registry.intervals import Interval
from tem_registry.orders import orders
from tem_registry.orders.issuer_client import IssuedBatch, IssuerClient
from tem_registry.orders.orders import Order
from tem_registry.stamps.stamps import write

ACTOR = "follower"
TAKEN_OVER = "import"  # who asks for what is taken over: states are as the file gives them
WAIT_FOR = ("daily_ceiling",)  # refusals that another day may lift


def advance(engine: Engine, clock: Clock, trust: Trust, issuer: IssuerClient, order: Order) -> None:
    """Take an order one step on. Raises Unavailable if the issuer cannot be reached.

    All that is done for an order, here and at the issuer, bears the order's one request id.
    """
    with correlation.under(request_id(order.id)):
        _advance(engine, clock, trust, issuer, order)


def request_id(order_id: str) -> str:
    """What names the following of an order in logs and audit entries, of the issuer's too."""
    return "order-" + hashlib.sha256(order_id.encode()).hexdigest()[:16]


def _advance(
    engine: Engine, clock: Clock, trust: Trust, issuer: IssuerClient, order: Order
) -> None:
    if order.batch is None:
        _reserve(engine, clock, issuer, order)
        return
    batch = issuer.find(order.batch)
    if batch.state == "failed":
        _fail(engine, clock, order, "the issuer could not sign the batch")
    elif batch.state == "released":
        record(engine, clock(), trust, issuer, order, batch)


def _reserve(engine: Engine, clock: Clock, issuer: IssuerClient, order: Order) -> None:
    if not order.sent and not _send(engine, clock, order):
        return
    try:
        batch = issuer.reserve(order.id, order.product_id, order.producer_id, order.quantity)
    except Conflict as refusal:
        if refusal.code in WAIT_FOR:
            with writing(engine) as connection:
                orders.send_later(connection, order.id)
            raise Unavailable(refusal.code, refusal.detail) from refusal
        _fail(engine, clock, order, f"{refusal.code}: {refusal.detail}")
        return
    with writing(engine) as connection:
        if orders.set_state(connection, order.id, "approved", "issuing", batch=batch.number):
            details = {"batch": batch.number}
            audit.record(connection, clock(), ACTOR, "order.sent", f"order:{order.id}", details)


def _send(engine: Engine, clock: Clock, order: Order) -> bool:
    """Put the intent on record before the issuer hears of it; False if nothing is to be sent.

    What held at the approval may have ended since: then the order fails. What an import takes
    over was issued long ago.
    """
    with writing(engine) as connection:
        try:
            if order.requested_by != TAKEN_OVER:
                orders.orderable(connection, order.product_id, clock())
        except Conflict as refusal:
            why = f"{refusal.code}: {refusal.detail}"
        else:
            # False: rejected, or taken on by somebody else meanwhile
            return orders.send(connection, order.id)
    _fail(engine, clock, order, why)
    return False


def _fail(engine: Engine, clock: Clock, order: Order, why: str) -> None:
    with writing(engine) as connection:
        if not orders.set_state(connection, order.id, order.state, "failed", failure=why):
            return  # somebody else has taken it on meanwhile
        audit.record(connection, clock(), ACTOR, "order.failed", f"order:{order.id}", {"why": why})
    log.error("order_failed", alarm="order_failed", order=order.id, why=why)


def record(
    engine: Engine,
    now: datetime,
    trust: Trust,
    issuer: IssuerClient,
    order: Order,
    batch: IssuedBatch,
    actor: str = ACTOR,
) -> None:
    """Verify what the issuer vouches for against the order, and put the batch on record.

    A manifest that does not hold marks the order as failed and raises an alarm: nothing of it
    is published.
    """
    with tempfile.TemporaryFile() as file:  # fetched before the transaction begins
        digest = _spool(issuer.fingerprints(batch.number), file)
        try:
            made = _verify(trust, order, batch, digest, file.tell())
            with writing(engine) as connection:
                _store(connection, now, actor, order, batch, made, _pieces(file))
        except ManifestRefused as refusal:
            _fail(engine, lambda: now, order, f"manifest refused: {refusal.detail}")


def _spool(pieces: Iterator[bytes], file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        file.write(piece)
    return digest.hexdigest()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(published.PIECE_BYTES):
        yield piece


def _verify(
    trust: Trust, order: Order, batch: IssuedBatch, fingerprints_sha256: str, length: int
) -> Manifest:
    made = trust.accept(batch.manifest or "", batch.signature or b"")
    ordered = (batch.number, order.product_id, order.producer_id, order.quantity)
    if (made.batch, made.product, made.producer, made.quantity) != ordered:
        raise ManifestRefused("it is not what was ordered")
    if (made.fingerprints_sha256, made.last_index * FINGERPRINT_BYTES) != (
        fingerprints_sha256,
        length,
    ):
        raise ManifestRefused("the fingerprints are not those it describes")
    return made


def _store(
    connection: Connection,
    now: datetime,
    actor: str,
    order: Order,
    batch: IssuedBatch,
    made: Manifest,
    fingerprints: Iterator[bytes],
) -> None:
    """The first manifest of a number is final: another one, or a key seen before, is refused."""
    if not orders.set_state(connection, order.id, "issuing", "issued"):
        return  # recorded meanwhile
    c = tables.stamp_batch.c
    key = bytes.fromhex(made.public_key)
    seen = select(c.number).where((c.number == made.batch) | (c.public_key == key))
    if connection.execute(seen).first() is not None:
        raise ManifestRefused("its number or its batch key is on record already")
    connection.execute(
        tables.stamp_batch.insert().values(
            number=made.batch,
            order_id=order.id,
            product_id=made.product,
            producer_id=made.producer,
            quantity=made.quantity,
            public_key=key,
            manifest=batch.manifest,
            signature=batch.signature,
            issued_on=vietnam_day(now),
            revision=0,
        )
    )
    whole = [Interval(1, made.quantity, StampState.ISSUED)]
    write(connection, made.batch, whole)
    change = publication.next_change(connection, now)
    publication.put_batch(
        connection, change, made, batch.manifest or "", batch.signature or b"", fingerprints
    )
    publication.replace_intervals(connection, change, made.batch, whole)
    details = {"order": order.id, "quantity": made.quantity}
    audit.record(connection, now, actor, "batch.issued", f"batch:{made.batch}", details)
    if order.requested_by != TAKEN_OVER:
        certificates.revoke_late_batch(connection, now, actor, made.batch, made.product)


def advance_all(engine: Engine, clock: Clock, trust: Trust, issuer: IssuerClient) -> int:
    """Take every open order one step on; how many are open.

    One that waits, or that the issuer answers for in no way foreseen, stops no other.
    """
    with reading(engine) as connection:
        waiting = orders.open_orders(connection)
    for order in waiting:
        try:
            advance(engine, clock, trust, issuer, order)
        except TemError as error:
            told = {"order": order.id, "request_id": request_id(order.id)}
            log.warning("order_waits", **told, code=error.code, detail=error.detail)
        except Exception as error:
            log.error("order_stuck", alarm="order_stuck", order=order.id, exc_info=error)
    return len(waiting)
