"""What the audit trail tells of office keys: each act once, however often it is run again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.trail import audit
from tem.trust import OfficeKey
from tem_issuer import office_keys
from tem_issuer.settings import Settings


def tell(
    connection: Connection, now: datetime, actor: str, word: str, key: OfficeKey, **details: Any
) -> None:
    """Record what was done to a key, once."""
    name = f"office-key:{key.id}"
    if all(e.action != f"office_key.{word}" for e in audit.entries(connection, object=name)):
        audit.record(connection, now, actor, f"office_key.{word}", name, details)


def tell_of_all(connection: Connection, now: datetime, actor: str, config: Settings) -> None:
    """Record the keys of ``trust.json`` that the trail tells nothing of: made elsewhere."""
    for key in office_keys.load(config).keys.values():
        if not audit.entries(connection, limit=1, object=f"office-key:{key.id}"):
            tell(connection, now, actor, "made", key, first_batch=key.first_batch)
