"""The registry's database: its own tables, the published ones, and what all services keep."""

from pathlib import Path

from sqlalchemy import Engine, make_url

from tem.clock import system_clock
from tem.databases.database import writing
from tem.databases.migrations import open_migrated
from tem_registry import publication
from tem_registry.history import HISTORIES
from tem_registry.settings import Settings


def open_store(config: Settings) -> Engine:
    """The registry's database, with its own and the published tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_migrated(config.database_url, HISTORIES)
    with writing(engine) as connection:
        publication.begin(connection, system_clock())
    return engine
