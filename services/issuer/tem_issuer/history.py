"""What lives in the issuer's database, and where that is."""

import os

from tem.databases import grants
from tem.databases.database import plumbing
from tem.databases.migrations import Database, History
from tem.http import auth, idempotency  # noqa: F401 -- their tables are the plumbing
from tem.installation import Installation
from tem.trail import audit  # noqa: F401 -- their tables are the plumbing
from tem_issuer import settings, storage

_TABLES = (plumbing, storage.metadata)
# Rows go from these tables alone.
_DELETED = frozenset({"idempotency"})
ISSUER = History(
    "issuer",
    "tem_issuer.migrations",
    "batch_counter",
    _TABLES,
    grants.work(grants.ISSUER, *_TABLES, deletes=_DELETED),
)
HISTORIES = (ISSUER,)


def databases(installation: Installation) -> list[Database]:
    """What ``tem migrate`` brings up to date for the issuer."""
    return [Database("issuer", settings.read(os.environ, installation).database_url, HISTORIES)]
