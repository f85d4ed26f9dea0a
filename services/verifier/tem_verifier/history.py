"""What lives in the verifier's own database and in its replica, and where these are."""

import os

from sqlalchemy import make_url

from tem.databases import grants
from tem.databases.database import plumbing
from tem.databases.migrations import PUBLISHED, Database, History
from tem.http import auth, idempotency  # noqa: F401 -- their tables are the plumbing
from tem.installation import Installation
from tem.trail import audit  # noqa: F401 -- their tables are the plumbing
from tem_verifier import settings, storage
from tem_verifier.copies import tables as copies_tables  # noqa: F401 -- among the verifier's own
from tem_verifier.reports import tables  # noqa: F401
from tem_verifier.retail import tables as retail_tables  # noqa: F401
from tem_verifier.webhooks import tables as webhook_tables  # noqa: F401

_TABLES = (plumbing, storage.metadata)
# Rows go from these tables alone.
_DELETED = frozenset(
    {
        *("idempotency", "report", "report_photo", "scan_day", "scan_key", "scan_origin"),
        *("sale", "scan_parcel", "scanned_often"),
        *("webhook", "webhook_delivery", "webhook_message"),
    }
)
VERIFIER = History(
    "verifier",
    "tem_verifier.migrations",
    "accepted_manifest",
    _TABLES,
    grants.work(grants.VERIFIER, *_TABLES, deletes=_DELETED),
)
HISTORIES = (VERIFIER,)


def databases(installation: Installation) -> list[Database]:
    """What ``tem migrate`` brings up to date for the verifier, its replica first if it has one.

    In SQLite the published tables are in the registry's file, which is the registry's to change.
    """
    config = settings.read(os.environ, installation)
    own = Database("verifier", config.database_url, HISTORIES)
    if make_url(config.published_url).get_backend_name() == "sqlite":
        return [own]
    return [Database("published", config.published_url, (PUBLISHED,)), own]
