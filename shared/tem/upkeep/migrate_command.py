"""``tem migrate``: bringing databases up to date, those on PostgreSQL above all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from tem.commandline import data_option, errors_end_with
from tem.databases import migrations
from tem.databases.database import is_missing, open_engine
from tem.databases.database_refusals import is_privilege
from tem.databases.migrations import Database
from tem.errors import Forbidden, NotFound
from tem.installation import Installation


def databases(installation: Installation) -> dict[str, Database]:
    """Every database that the services here name, by its name."""
    found = sorted(entry_points(group="tem.databases"), key=lambda entry: entry.name)
    listed = [one for entry in found for one in entry.load()(installation)]
    return {one.name: one for one in listed}


@click.command()
@click.argument("names", nargs=-1, metavar="[DATABASE]...")
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing; exit status 1 if there is work, 2 if that cannot be told.",
)
@data_option
def migrate(names: tuple[str, ...], check: bool, installation: Installation) -> None:
    """Bring databases up to date, beside services that use them.

    DATABASE is issuer, registry (with the published tables), verifier, or published (a replica
    of the published tables); all by default. On PostgreSQL run it with the account that owns
    the tables in TEM_…_DATABASE_URL; it also sets what every account may do.

    \b
    The order of an upgrade: tem migrate, then the services one after the other.
    The version before works on a migrated database, so there is no hurry.
    """
    if check:
        errors_end_with(2)
    known = databases(installation)
    for name in names:
        if name not in known:
            raise NotFound(
                "no_such_database",
                f"There is no database {name} here: {', '.join(known)}. "
                "A replica is named by TEM_PUBLISHED_DATABASE_URL.",
            )
    chosen = [known[name] for name in names or known]
    work = 0
    for one in chosen:
        with _by_its_owner(one):
            work += _check(one) if check else _migrate(one)
    if check and work:
        sys.exit(1)


@contextmanager
def _by_its_owner(database: Database) -> Iterator[None]:
    """Raises Forbidden where the account is another than the one that owns the tables."""
    try:
        yield
    except DBAPIError as error:
        if not is_privilege(error):
            raise
        raise Forbidden(
            "not_the_owner",
            f"{database.name}: the account {make_url(database.url).username} does not own the "
            "tables. Name the owner (tem_owner) in the address, for this command alone.",
        ) from error


def _migrate(database: Database) -> int:
    if is_missing(database.url):
        click.echo(f"{database.name}: there is no file yet: the first start makes it")
        return 0
    for line in migrations.migrate(database):
        click.echo(f"{database.name}: {line}")
    return 0


def _check(database: Database) -> int:
    """How many revisions are missing, told."""
    if is_missing(database.url):
        return 0
    engine = open_engine(database.url)
    try:
        with engine.connect() as connection:
            migrations.require_own_database(connection, database.histories)
            missing = {h.name: migrations.pending(connection, h) for h in database.histories}
    finally:
        engine.dispose()
    for name, revisions in missing.items():
        told = f"to be applied: {', '.join(revisions)}" if revisions else "up to date"
        click.echo(f"{database.name}: {name}: {told}")
    return sum(map(len, missing.values()))
