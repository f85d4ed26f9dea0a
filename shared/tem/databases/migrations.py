"""Migrations: one Alembic history for each service, and one for the published tables.

A history only ever adds (tables, columns with a default, indexes): the version before goes on
working on a database already migrated, so services are changed one after the other while it is
in use. What is no longer needed goes in the release after the one that stopped using it.

SQLite files are brought up to date by whoever opens them; on PostgreSQL ``tem migrate`` does it,
with the account that owns the tables, and no service has the right to.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from tem.databases import grants, published, replica
from tem.databases.database import lacking_columns, open_engine, writing
from tem.databases.grants import Grants
from tem.errors import Conflict, Unavailable

# Migrations wait this long for running acts, then give way to them and try again.
LOCK_MILLISECONDS = 2000
TRIES = 30
# What PostgreSQL says when acts leave no moment for a lock, and when two migrate for the first time
# at once: unique violation; duplicate table, schema or object.
_BUSY, _TWO_AT_ONCE = "55P03", {"23505", "42P07", "42P06", "42710"}


@dataclass(frozen=True, slots=True)
class History:
    """One line of revisions: ``package`` holds its files, ``metadata`` what the newest one makes.

    ``own_table`` is one that no other history has, and had from the first revision on;
    ``grants`` says what each account may do with the tables on PostgreSQL.
    """

    name: str
    package: str
    own_table: str
    metadata: tuple[MetaData, ...]
    grants: Grants = ()

    @property
    def version_table(self) -> str:
        """Where a database keeps its revision: two histories may live in one."""
        return f"{self.name}_version"

    @property
    def folder(self) -> Path:
        """The files of the revisions."""
        return Path(str(resources.files(self.package)))

    @property
    def revisions(self) -> list[str]:
        """All revisions this version knows, oldest first."""
        return sorted(path.name[:4] for path in self.folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


PUBLISHED = History(
    "published",
    "tem.databases.schema_history.published",
    "published_state",
    (published.metadata,),
    (
        *grants.work(
            grants.REGISTRY,
            published.metadata,
            deletes=frozenset(
                {
                    *("published_interval", "published_image"),
                    *("published_pack", "published_pack_piece"),
                }
            ),
        ),
        *grants.read(grants.VERIFIER, published.metadata),
        *grants.read(grants.REPLICATION, published.metadata),
    ),
)


@dataclass(frozen=True, slots=True)
class Database:
    """A database of an installation: its name for ``tem migrate``, and what lives in it."""

    name: str
    url: str
    histories: tuple[History, ...]
    publishes: bool = False  # replicas may subscribe to its published tables


def revision(connection: Connection, history: History) -> str | None:
    """The revision a database is at; None if it has none of the history's tables.

    Databases made before there were histories have tables, but no revision: they are at the first.
    """
    there = inspect(connection)
    if there.has_table(history.version_table):
        found: str | None = connection.execute(
            text(f"SELECT version_num FROM {history.version_table}")  # noqa: S608
        ).scalar()
        if found is not None:
            return found
    return history.revisions[0] if there.has_table(history.own_table) else None


def pending(connection: Connection, history: History) -> list[str]:
    """Revisions still to be applied; none for a database that a newer version migrated."""
    at = revision(connection, history)
    return [one for one in history.revisions if at is None or one > at]


def require_own_database(connection: Connection, histories: tuple[History, ...]) -> None:
    """Raises Conflict where a database belongs to another service: its address is mistaken."""
    there = {name for name in inspect(connection).get_table_names() if name.endswith("_version")}
    known = {history.version_table for history in histories}
    record = {"registry_version", PUBLISHED.version_table}
    foreign = sorted(there - known - (record if known & record else set()))
    if not foreign and "registry_version" in known - there:
        foreign = sorted(there)  # a copy of the published tables is no registry
    if foreign:
        raise Conflict(
            "another_services_database",
            f"{connection.engine.url.database} belongs to another service: it has "
            f"{', '.join(foreign)}. Nothing was changed. Is its TEM_…_DATABASE_URL right?",
        )


def apply(connection: Connection, history: History) -> list[str]:
    """Bring a database up to date in the caller's transaction; the revisions applied."""
    missing = pending(connection, history)
    unmarked = not inspect(connection).has_table(history.version_table)
    if not missing and not unmarked:
        return []
    from alembic import command  # only here: it is slow to load, and seldom needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("tem.databases.schema_history")))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(history.folder))
    config.attributes.update(connection=connection, version_table=history.version_table)
    if unmarked and missing != history.revisions:
        command.stamp(config, history.revisions[0])
    command.upgrade(config, "head")
    return missing


def migrate(database: Database) -> Iterator[str]:
    """Bring a database up to date beside services that use it; a line for each thing done.

    Each history in one transaction: all or nothing. Raises Unavailable if the services leave no
    moment for it.
    """
    engine, histories = open_engine(database.url), database.histories
    try:
        with engine.connect() as connection:
            require_own_database(connection, histories)
        for history in histories:
            applied = _patiently(engine, history)
            with engine.connect() as connection:
                at = revision(connection, history)
            told = f"applied {', '.join(applied)}" if applied else "nothing to do"
            yield f"{history.name}: {told}; the database is at {at}"
        with writing(engine) as connection:
            everything = tuple(grant for history in histories for grant in history.grants)
            yield from grants.apply(connection, everything)
            if database.publishes:
                yield from replica.offer(connection)
    finally:
        engine.dispose()


def _patiently(engine: Engine, history: History) -> list[str]:
    for attempt in range(TRIES):
        try:
            with writing(engine) as connection:
                if connection.dialect.name == "postgresql":
                    _one_at_a_time(connection, history)
                return apply(connection, history)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state != _BUSY and (state not in _TWO_AT_ONCE or attempt > 2):
                raise
            time.sleep(0.2)
    raise Unavailable(
        "database_busy",
        f"The {history.name} tables are never free for a moment: nothing was changed. "
        "Try again when less is going on.",
    )


def _one_at_a_time(connection: Connection, history: History) -> None:
    """Wait for others who migrate: by a lock that only the tables' owner can take."""
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
    if inspect(connection).has_table(history.version_table):
        connection.exec_driver_sql(f"LOCK TABLE {history.version_table} IN EXCLUSIVE MODE")


def open_migrated(url: str, histories: tuple[History, ...]) -> Engine:
    """A service's database, ready for use: a SQLite file is brought up to date first.

    Raises Conflict where columns are missing that this version names.
    """
    engine = open_engine(url)
    try:
        with writing(engine) as connection:
            if engine.dialect.name == "sqlite":
                bring_up_to_date(connection, histories)
            require_columns(connection, metadata_of(histories))
    except BaseException:
        engine.dispose()
        raise
    return engine


def bring_up_to_date(connection: Connection, histories: tuple[History, ...]) -> None:
    """Apply what is missing of each history, in the caller's transaction."""
    for history in histories:
        apply(connection, history)


def metadata_of(histories: Iterable[History]) -> tuple[MetaData, ...]:
    """All tables of some histories, as their newest revisions make them."""
    return tuple(metadata for history in histories for metadata in history.metadata)


def require_columns(connection: Connection, metadata: Collection[MetaData]) -> None:
    """Raises Conflict naming the columns that this version needs and the database lacks.

    More columns than it knows do no harm: a newer version may have migrated already.
    """
    lacking = lacking_columns(connection, *metadata)
    if not lacking:
        return
    never = len(lacking) == sum(len(table.columns) for m in metadata for table in m.sorted_tables)
    found = (
        "was never migrated: none of its tables is there"
        if never
        else f"is not at this version: it has no {', '.join(lacking)}"
    )
    raise Conflict(
        "database_of_another_version",
        f"{connection.engine.url.render_as_string()} {found}. Nothing was changed. Run `tem "
        "migrate` with the account that owns the tables: docs/operations.md.",
    )
