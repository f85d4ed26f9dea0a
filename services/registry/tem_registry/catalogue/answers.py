"""Stored answers of the catalogue's calls: they repeat names, telephones and consents.

They are there for those who send a request again, which is a matter of hours; the answers of acts
on stamps, lots and orders tell of no person and stay.
"""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from tem.databases.database import writing
from tem.http import idempotency
from tem_registry.catalogue.kinds import KINDS

KEPT = timedelta(days=30)
_PATHS = [f"/v1/{kind.path}" for kind in KINDS.values()]
ADDED = [f"POST {path}" for path in (*_PATHS, "/v1/files")]
CHANGED = [f"PATCH {path}/" for path in _PATHS]


def forget(engine: Engine, now: datetime) -> int:
    """Delete those given more than 30 days ago, and give their number."""
    with writing(engine) as connection:
        return idempotency.forget(connection, now - KEPT, ADDED, CHANGED)
