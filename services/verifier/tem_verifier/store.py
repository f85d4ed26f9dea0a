"""Opening the verifier's own database."""

from pathlib import Path

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from tem import logs
from tem.databases.database import open_engine
from tem.databases.migrations import open_migrated
from tem_verifier.history import HISTORIES
from tem_verifier.settings import Settings


def open_store(config: Settings) -> Engine:
    """The verifier's own database, with its tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_migrated(config.database_url, HISTORIES)


def open_store_whenever(config: Settings) -> Engine:
    """The same, also while its server is away: what has to be read there is tried again.

    A verifier without a database says so and waits; one that died would be started for ever.
    """
    try:
        return open_store(config)
    except OperationalError as error:
        if make_url(config.database_url).get_backend_name() == "sqlite":
            raise  # a folder that is missing or another's does not mend itself
        logs.log.error("database_unavailable", error=str(error.orig).partition("\n")[0][:200])
        return open_engine(config.database_url)
