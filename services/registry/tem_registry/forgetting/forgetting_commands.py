"""``tem registry purge``: destroy the records of lots that nobody has to keep any longer."""

import contextlib
import os
from datetime import date, timedelta

import click
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from tem.clock import Clock, system_clock
from tem.commandline import Day, existing_data_option, for_this_command
from tem.databases.database import reading, writing
from tem.dates import vietnam_day
from tem.errors import TemError
from tem.installation import Installation
from tem_registry import settings
from tem_registry.forgetting import forgetting, purging
from tem_registry.settings import Settings
from tem_registry.store import open_store

ACTOR = "tem registry purge"


@click.command()
@click.option(
    "--until",
    type=Day(),
    help="Only records whose period ended on this day or before.  [default: yesterday]",
)
@click.option("--dry-run", is_flag=True, help="Only list what would be destroyed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@existing_data_option
def purge(until: date | None, dry_run: bool, yes: bool, installation: Installation) -> None:
    """Destroy the records of lots whose record period is over.

    Their stamps go on answering that their information is no longer published. Records of lots
    under recall stay. This cannot be undone.
    """
    config = settings.read(os.environ, installation)
    with contextlib.ExitStack() as opened:
        engine = for_this_command(open_store(config))
        opened.callback(engine.dispose)
        found = _due(engine, config, until, system_clock)
        for one in found:
            click.echo(f"{one.id}  of {one.product_id}, kept until {one.record_ends_on}")
        click.echo(f"{len(found)} record(s) whose period is over")
        if dry_run:
            return
        if found and not yes:
            click.confirm("Destroy them? This cannot be undone", abort=True)
        done = _purge(engine, config, [one.id for one in found], system_clock)
        if found:
            click.echo(f"{done} record(s) destroyed")


def _due(engine: Engine, config: Settings, until: date | None, clock: Clock) -> list[purging.Due]:
    """What may go. Raises BadParameter for a day that is not over."""
    yesterday = vietnam_day(clock()) - timedelta(days=1)
    if until is not None and until > yesterday:
        raise click.BadParameter(f"{until} is not over yet: {yesterday} is the latest day.")
    with reading(engine) as connection:
        return list(purging.due(connection, config, until or yesterday, clock()))


def _purge(engine: Engine, config: Settings, ids: list[str], clock: Clock) -> int:
    """Each lot is a transaction of its own; one that may no longer go is told and left.

    A busy database is told too, and waited for once only: what is left goes with the next run.
    """
    done = 0
    for id in ids:
        try:
            with writing(engine) as connection:
                purging.purge(connection, clock(), ACTOR, config, id)
            done += 1
        except TemError as error:
            click.echo(f"{id} was left: {error.detail}", err=True)
        except OperationalError as error:
            click.echo(f"{id} was left, and all after it: {error.orig}. Run it again.", err=True)
            return done
    if not forgetting.rebuild(engine):
        click.echo("The file still holds old pages: run the command again later.", err=True)
    return done
