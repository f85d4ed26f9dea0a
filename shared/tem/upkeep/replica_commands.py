"""``tem replica …``: verifiers' own copy of the published tables, on PostgreSQL."""

from pathlib import Path

import click
import psycopg
from sqlalchemy import make_url

from tem.clock import system_clock
from tem.commandline import data_option
from tem.databases import subscription
from tem.databases.replica import SUBSCRIPTION
from tem.dates import rfc3339
from tem.errors import Invalid, NotFound, Unavailable
from tem.installation import Installation
from tem.upkeep.migrate_command import databases

_STATES = {"i": "to be copied", "d": "being copied", "f": "copied", "s": "copied", "r": "following"}


@click.group()
def replica() -> None:
    """Verifiers' own copy of the published tables (logical replication of PostgreSQL).

    The copy is the database that TEM_PUBLISHED_DATABASE_URL names, here with the account that
    owns it. First: tem migrate published.
    """


@replica.command()
@click.argument("source")
@click.option(
    "--password-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file with the password of the account in SOURCE.",
)
@click.option(
    "--name",
    default="edge",
    show_default=True,
    help="This copy's name at the source: each copy of one record has its own.",
)
@click.option("--anew", is_flag=True, help="Empty the copy first, and begin from nothing.")
@data_option
def subscribe(
    source: str, password_file: Path, name: str, anew: bool, installation: Installation
) -> None:
    """Begin to follow the registry's database SOURCE, or go on with another address or password.

    SOURCE is like postgresql://tem_replication@record/tem_registry. The copy of what is there
    begins at once; `tem replica status` tells how far it is.

    --anew is for a copy that its source does not know any more: the record was restored, or the
    copy was away for too long. Running verifiers answer from memory until it is complete.
    """
    if not (name.isascii() and name.isidentifier() and name == name.lower()):
        raise Invalid("bad_name", "--name takes lower-case letters, digits and underscores.")
    address = subscription.address(source, password_file.read_text("utf-8").strip())
    act = subscription.subscribe_anew if anew else subscription.subscribe
    with _opened(installation) as connection:
        said = act(connection, address, name)
    click.echo(said)


@replica.command()
@data_option
def status(installation: Installation) -> None:
    """Which tables are copied, up to when they are complete, and what stands in the way.

    Exit status 1 while there is no subscription, nothing comes from its source, or the first copy
    is not complete.
    """
    with _opened(installation) as connection:
        found = subscription.state(connection)
    click.echo(f"subscription {SUBSCRIPTION} ({found.slot}): {'on' if found.enabled else 'off'}")
    heard = f"last heard at {rfc3339(found.heard_at)}" if found.heard_at else "not connected"
    click.echo(f"source: {heard}")
    for table, letter in found.tables.items():
        click.echo(f"  {table}: {_STATES.get(letter, letter)}")
    if found.beat is None:
        click.echo("complete up to no time yet: no heartbeat has come")
    else:
        ago = (system_clock() - found.beat).total_seconds()
        click.echo(f"complete up to {rfc3339(found.beat)}, {ago:.1f} s ago")
    if not found.is_complete or found.heard_at is None:
        raise click.exceptions.Exit(1)


@replica.command()
@click.option("--source-gone", is_flag=True, help="The source cannot be told, nor ever will be.")
@click.confirmation_option(prompt="Verifiers will answer from what they know. Stop following?")
@data_option
def unsubscribe(source_gone: bool, installation: Installation) -> None:
    """Stop following for good; the source keeps nothing for this copy any more."""
    with _opened(installation) as connection:
        if source_gone:
            slot = subscription.give_up(connection)
            click.echo(f"should the source come back, drop its slot {slot}: it keeps WAL for it")
        else:
            subscription.unsubscribe(connection)
    click.echo("it follows nothing any more; the tables stay as they are, and grow old")


def _opened(installation: Installation) -> psycopg.Connection:
    """The database of the copy. Raises NotFound where there is none."""
    found = databases(installation).get("published")
    if found is None:
        raise NotFound(
            "no_such_database", "TEM_PUBLISHED_DATABASE_URL has to name the copy, on PostgreSQL."
        )
    url = make_url(found.url).set(drivername="postgresql")
    try:
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
    except psycopg.OperationalError as error:
        why = str(error).splitlines()[0]
        raise Unavailable("database_unavailable", f"The copy cannot be opened: {why}") from error
