"""The registry's database: its own tables, the published ones, and what all services keep."""

from pathlib import Path

from sqlalchemy import Engine, make_url

from tem import published
from tem.clock import system_clock
from tem.database import make_tables, open_engine, plumbing, writing
from tem_registry import publication, tables
from tem_registry.settings import Settings


def open_store(config: Settings) -> Engine:
    """The registry's database, with its own and the published tables."""
    url = make_url(config.database_url)
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(config.database_url)
    with writing(engine) as connection:
        make_tables(connection, plumbing, tables.metadata, published.metadata)
        publication.begin(connection, system_clock())
    return engine
