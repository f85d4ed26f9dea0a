"""After a restore of the registry: a new epoch of the publication, so that every verifier notices.

A restored database counts its changes on from where the backup stood. Once its numbers have caught
up they no longer show that they count other changes; the epoch does.
"""

import secrets
from datetime import datetime

from sqlalchemy import Connection, update

from tem.databases import published
from tem.dates import rfc3339
from tem.trail import audit
from tem_registry import publication
from tem_registry.lost_entries import Lost

ACTION = "restore.accepted"


def accept(connection: Connection, now: datetime, actor: str, lost: Lost | None) -> str:
    """Begin a new epoch, and record what the restore lost; gives the epoch.

    The change number goes on rising: no row says that it was published later than now.
    """
    publication.next_change(connection, now)
    epoch = secrets.token_hex(16)
    row = published.state.c.id == 1
    connection.execute(update(published.state).where(row).values(epoch=epoch))
    details = {"epoch": epoch, **(_told(lost) if lost else {})}
    audit.record(connection, now, actor, ACTION, "registry:1", details)
    return epoch


def _told(lost: Lost) -> dict[str, object]:
    return {
        "lost_after": lost.agreed,
        "entries_known": lost.size,
        "last_hash": lost.hash,
        "last_known_at": rfc3339(lost.at),
    }
