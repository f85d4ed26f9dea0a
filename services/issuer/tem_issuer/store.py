"""The issuer's database, opened. Commands and the signer do so without loading the web app."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from tem.databases.migrations import open_migrated
from tem_issuer.history import HISTORIES
from tem_issuer.settings import Settings


def open_store(config: Settings) -> Engine:
    """The database with its tables. Raises Conflict for one at another version."""
    if config.database_url.startswith("sqlite"):
        Path(config.folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    return open_migrated(config.database_url, HISTORIES)


@contextlib.contextmanager
def opened_store(config: Settings) -> Iterator[Engine]:
    """The issuer's database, for as long as the block lasts."""
    engine = open_store(config)
    try:
        yield engine
    finally:
        engine.dispose()
