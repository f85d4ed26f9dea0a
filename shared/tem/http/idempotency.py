"""Once, however often it is sent: the answer is stored in the transaction of its effect.

After draft-ietf-httpapi-idempotency-key-header-07: same key and same request, same answer;
same key and another request is refused. Only committed outcomes are stored, so a refused
request may be sent again with the same key once its cause is gone.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    delete,
    or_,
    select,
    update,
)

from tem.databases.database import UtcDateTime, insert_or_ignore, plumbing
from tem.errors import Invalid

_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_LONGEST_CALL = 200

idempotency_table = Table(
    "idempotency",
    plumbing,
    Column("tenant", String(100), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("operation", String(_LONGEST_CALL), nullable=False),  # method and path
)


def check_key(key: str | None, *, demanded: bool) -> str | None:
    """The key as sent. Raises Invalid if it is missing where demanded, or not printable."""
    if key is None:
        if demanded:
            raise Invalid(
                "idempotency_key_missing",
                "Send an Idempotency-Key of your own making, and the same one when you retry.",
            )
        return None
    if not _KEY.fullmatch(key):
        raise Invalid("idempotency_key_invalid", "An Idempotency-Key is 1 to 200 printable ASCII.")
    return key


def request_hash(operation: str, body: Any) -> str:
    """What makes two requests the same: the call and its canonical body."""
    text = json.dumps([operation, body], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    connection: Connection,
    now: datetime,
    tenant: str,
    key: str | None,
    request: str,
    act: Callable[[], dict[str, Any]],
    *,
    operation: str = "",
) -> dict[str, Any]:
    """Run ``act`` unless this key has run it before; then give the stored answer.

    ``operation``, method and path, is kept beside it: :func:`forget` goes by it.

    Both happen in the caller's transaction. A concurrent request with the same key waits
    here for the first one to commit. Raises Invalid when the key was used for another request.
    """
    if key is None:
        return act()
    row = {
        "tenant": tenant,
        "key": key,
        "request_hash": request,
        "answer": "",
        "created_at": now,
        "operation": operation[:_LONGEST_CALL],
    }
    c = idempotency_table.c
    mine = (c.tenant == tenant, c.key == key)
    if not insert_or_ignore(connection, idempotency_table, row):
        require_same(connection, tenant, key, request)
        stored = connection.execute(select(c.answer).where(*mine)).scalar_one()
        return _answer(stored)
    text = json.dumps(act(), ensure_ascii=False)
    connection.execute(update(idempotency_table).where(*mine).values(answer=text))
    return _answer(text)


def require_same(connection: Connection, tenant: str, key: str | None, request: str) -> None:
    """Raises Invalid when the key was used for another request.

    :func:`once` does so itself; this is for what has an effect elsewhere before.
    """
    c = idempotency_table.c
    used = select(c.request_hash).where(c.tenant == tenant, c.key == key)
    if connection.execute(used).scalar() not in (None, request):
        raise Invalid(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request: make a new one.",
        )


def _answer(text: str) -> dict[str, Any]:
    """The first answer and every repetition come out of the same text."""
    answer: dict[str, Any] = json.loads(text)
    return answer


def forget(
    connection: Connection,
    before: datetime,
    operations: Collection[str],
    under: Collection[str] = (),
) -> int:
    """Delete the answers of some calls given before an instant, and give their number.

    ``operations`` are method and path, to the letter; ``under`` are beginnings of such. A key whose
    answer is gone counts as new.
    """
    c = idempotency_table.c
    meant: list[ColumnElement[bool]] = [c.operation.in_(operations)]
    meant += [c.operation.startswith(one, autoescape=True) for one in under]
    gone = delete(idempotency_table).where(c.created_at < before, or_(*meant))
    return connection.execute(gone).rowcount
