"""What lives in the registry's database, and where that is."""

import os

from tem.databases import grants
from tem.databases.database import plumbing
from tem.databases.migrations import PUBLISHED, Database, History
from tem.http import auth, idempotency  # noqa: F401 -- their tables are the plumbing
from tem.installation import Installation
from tem.trail import audit  # noqa: F401 -- their tables are the plumbing
from tem_registry import (
    account_tables,  # noqa: F401 -- of the same metadata
    settings,
    suspect_tables,  # noqa: F401
    tables,
)

_TABLES = (plumbing, tables.metadata)
# Rows go from these tables alone.
_DELETED = frozenset(
    {
        *("idempotency", "producer_status", "recall", "stamp_interval"),
        *("portal_session", "known_browser", "sign_in_failure", "sign_in_key"),
    }
)
REGISTRY = History(
    "registry",
    "tem_registry.migrations",
    "stamp_order",
    _TABLES,
    grants.work(grants.REGISTRY, *_TABLES, deletes=_DELETED),
)
HISTORIES = (REGISTRY, PUBLISHED)


def databases(installation: Installation) -> list[Database]:
    """What ``tem migrate`` brings up to date for the registry."""
    url = settings.read(os.environ, installation).database_url
    return [Database("registry", url, HISTORIES, publishes=True)]
