"""Recognitions: added by the programme's rules, changed, withdrawn with what follows.

A withdrawal takes the product's unused stamps along, in one transaction: hold the product's row,
lock its batches in order of number, change the certificate, revoke, publish, record. The
product's row is the gate: a batch, an order or a certificate of it recorded at the same moment
is either seen here or comes after. An import calls the catalogue instead and triggers nothing.
"""

import json
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from tem.dates import vietnam_day
from tem.errors import Conflict
from tem.trail import audit
from tem.verdict import certificate_at
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.catalogue.catalogue import Kind, Record
from tem_registry.certificates import certificate_papers, certificate_rules
from tem_registry.certificates.certificate_rules import Withdrawal
from tem_registry.stamps import endings, stamps
from tem_registry.stamps.moves import USABLE

KIND = catalogue.KINDS["certificate"]
_OF_THE_RULES = ("stars", "score", "decision_date", "valid_from", "valid_until")


def add(
    connection: Connection,
    now: datetime,
    actor: str,
    kind: Kind,
    record: Record,
    **options: Any,
) -> Record:
    """Store a new certificate, filled in and checked. Raises Invalid or Conflict.

    A re-evaluation is a new certificate: it makes held stamps usable again. One that is added
    as withdrawn has the effects of a withdrawal.
    """
    certificate_papers.check_id(record.get("certificate_id"))
    record = certificate_papers.complete(connection, record)
    certificate_papers.check(record, vietnam_day(now))
    withdrawn = record.get("revoked_on") is not None
    held = hold_for_change(connection, record["product_id"], batches=withdrawn)
    added = catalogue.add(connection, now, actor, kind, record, **options)
    if withdrawn:
        _take_along(connection, now, actor, added, held)
    return added


def change(
    connection: Connection,
    now: datetime,
    actor: str,
    kind: Kind,
    id: str,
    fields: Record,
    **options: Any,
) -> Record:
    """Change some fields; setting ``revoked_on`` has the effects of a withdrawal.

    Setting it to another day gives that day to the stamps the withdrawal had revoked. Raises
    NotFound, or Invalid. Rules are asked only where a field they speak of changes, so that a
    paper taken over as it was printed can still be added to.
    """
    product_id = catalogue.find(connection, kind, id)["product_id"]
    held = hold_for_change(connection, product_id, batches=fields.get("revoked_on") is not None)
    before = catalogue.find(connection, kind, id)
    after = {**before, **fields}
    withdrawn = after.get("revoked_on") not in (None, before.get("revoked_on"))
    if withdrawn or any(after.get(f) != before.get(f) for f in _OF_THE_RULES):
        unchanged = {} if withdrawn else {"revoked_on": None}
        certificate_papers.check({**after, **unchanged}, vietnam_day(now))
    changed = catalogue.change(connection, now, actor, kind, id, fields, **options)
    if withdrawn:
        _take_along(connection, now, actor, changed, held)
    return changed


def withdraw(
    connection: Connection,
    now: datetime,
    actor: str,
    id: str,
    *,
    decision_no: str | None = None,
    reason: str | None = None,
    revoked_on: str | None = None,
) -> dict[str, Any]:
    """Withdraw a recognition, from today or from a past day, and say which stamps went along.

    Raises NotFound, Invalid for a day to come, Conflict if it is withdrawn already.
    """
    product_id = catalogue.find(connection, KIND, id)["product_id"]
    held = hold_for_change(connection, product_id, batches=True)
    before = catalogue.find(connection, KIND, id)
    if before.get("revoked_on"):
        raise Conflict("already_withdrawn", f"Withdrawn on {before['revoked_on']} already.")
    day = revoked_on or vietnam_day(now).isoformat()
    dates = Withdrawal(date.fromisoformat(before["decision_date"]), date.fromisoformat(day))
    refused = certificate_rules.withdrawal_refusals(dates, vietnam_day(now))
    certificate_papers.refuse(refused)
    told = {"revocation_decision_no": decision_no, "revocation_reason": reason}
    fields = {"revoked_on": day, **{name: said for name, said in told.items() if said is not None}}
    record = catalogue.change(connection, now, actor, KIND, id, fields)
    return _take_along(connection, now, actor, record, held)


def hold(connection: Connection, product_id: str) -> None:
    """Keep a product's certificates as they are until the caller's transaction ends.

    Taken before the locks of batches; several acts may hold them at once.
    """
    c = tables.product.c
    locked = select(c.id).where(c.id == product_id).with_for_update(key_share=True, read=True)
    connection.execute(locked)


def hold_for_change(connection: Connection, product_id: str, *, batches: bool) -> list[int]:
    """Hold a product's certificates against everybody, then lock its batches if asked.

    Gives the numbers of the batches locked.
    """
    c = tables.product.c
    connection.execute(select(c.id).where(c.id == product_id).with_for_update())
    if not batches:
        return []
    b = tables.stamp_batch.c
    query = select(b.number).where(b.product_id == product_id).order_by(b.number)
    numbers = list(connection.execute(query).scalars())
    for number in numbers:
        stamps.lock(connection, number, None)
    return numbers


def _take_along(
    connection: Connection, now: datetime, actor: str, record: Record, batches: list[int]
) -> dict[str, Any]:
    """Revoke what is unused in locked batches, unless the product is recognised today.

    Activated stamps stay (they answer OK with CERT_REVOKED), void ones stay void; those that
    this withdrawal revoked under another date follow it.
    """
    day, today = date.fromisoformat(record["revoked_on"]), vietnam_day(now)
    certificates = catalogue.certificates_of(connection, record["product_id"])
    recognised = certificate_at(certificates, today) is not None
    for number in batches:
        endings.redate(connection, now, actor, number, partial(_took_along, record), day)
    revoked = []
    if not recognised:
        reason = _reason(record)
        for number in batches:
            revoked += _revoke_usable(connection, now, actor, number, reason, day)
    told = {
        "product_id": record["product_id"],
        "revoked_on": record["revoked_on"],
        "revocation_decision_no": record.get("revocation_decision_no"),
        "still_recognised": recognised,
        "stamps_revoked": sum(part["last"] - part["first"] + 1 for part in revoked),
    }
    id = record["certificate_id"]
    audit.record(connection, now, actor, "certificate.withdrawn", f"certificate:{id}", told)
    out = {"certificate_id": id, **told, "ranges": revoked}
    return {**out, "revocation_reason": record.get("revocation_reason")}


def _reason(record: Record) -> str:
    decision = record.get("revocation_decision_no")
    by = f" by {decision}" if decision else ""
    return f"{_withdrawn(record)}{by}"


def _withdrawn(record: Record) -> str:
    return f"certificate {record['certificate_id']} withdrawn"


def _took_along(record: Record, reason: str) -> bool:
    """Whether stamps were revoked because this certificate was withdrawn."""
    return f"{reason} ".startswith(f"{_withdrawn(record)} ")


def _revoke_usable(
    connection: Connection, now: datetime, actor: str, batch: int, reason: str, day: date
) -> list[dict[str, int]]:
    parts = [p for p in stamps.intervals(connection, batch) if p.state in USABLE]
    for part in parts:
        endings.revoke(connection, now, actor, batch, part.first, part.last, reason, day)
    return [{"batch": batch, "first": part.first, "last": part.last} for part in parts]


def revoke_late_batch(
    connection: Connection, now: datetime, actor: str, batch: int, product_id: str
) -> None:
    """A batch recorded after its product's recognition was withdrawn goes the same way.

    Its order was approved while the certificate stood; the issuer signed it meanwhile.
    """
    today = vietnam_day(now)
    c = tables.certificate.c
    query = select(c.record).where(c.product_id == product_id).order_by(c.id)
    records = [json.loads(text) for text in connection.execute(query).scalars()]
    certificates = catalogue.certificates_of(connection, product_id)
    if certificate_at(certificates, today) is not None or not records:
        return
    newest = max(records, key=lambda record: str(record["valid_from"]))
    day = newest.get("revoked_on")
    if day is not None and date.fromisoformat(day) <= today:
        reason = f"{_withdrawn(newest)} while the batch was being issued"
        _revoke_usable(connection, now, actor, batch, reason, date.fromisoformat(day))
