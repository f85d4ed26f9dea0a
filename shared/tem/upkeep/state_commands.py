"""``tem fsck`` and ``tem move``: what is stored, as a whole."""

import os
import sys
from functools import partial

import click

from tem.commandline import existing_data_option
from tem.installation import Installation
from tem.upkeep import fsck as checking
from tem.upkeep import move as moving

NEXT = """\
The SQLite files are as they were. Next:
  1. put the files {files} aside: services that went on with them would lead a second life;
  2. let each service's settings name its database, with the service's own account, and
     TEM_PUBLISHED_DATABASE_URL the registry's (or a replica), with the verifier's;
  3. `tem fsck`, then `tem up`, or start the services as you mean to from now on."""


@click.command()
@click.option(
    "--digest",
    is_flag=True,
    help="Check nothing: print one SHA-256 over all that each service's database says.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(moving.URLS)),
    help="Check one service, where the others are elsewhere. Repeat it for several.",
)
@existing_data_option
def fsck(digest: bool, only: tuple[str, ...], installation: Installation) -> None:
    """Check every invariant of the stored state; exit status 1 if one does not hold.

    With --digest, one line for each service: the same state has the same digest on SQLite and
    on PostgreSQL.
    """
    if digest:
        for service, found in checking.state_digests(installation, os.environ, only):
            click.echo(f"{service} {found}")
        return
    faults = 0
    for name, fault in checking.faults(installation, only):
        faults += 1
        click.echo(f"{name}: {fault}")
    if faults:
        click.echo(f"{faults} faults", err=True)
        sys.exit(1)
    click.echo("every invariant holds")


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(list(moving.URLS)), metavar="[SERVICE]...")
@click.option("--dry-run", is_flag=True, help="Do all of it, and undo it: what would be refused?")
@existing_data_option
def move(services: tuple[str, ...], dry_run: bool, installation: Installation) -> None:
    """Take a SQLite installation that does not run to PostgreSQL, all services or those named.

    From the files in --data to the databases that TEM_ISSUER_DATABASE_URL,
    TEM_REGISTRY_DATABASE_URL and TEM_VERIFIER_DATABASE_URL name: migrated, empty, with the account
    that owns the tables. A service is moved whole and with the same digest, or not at all. Cut
    off, run it again.
    """
    say = partial(click.echo, err=True)
    wanted = list(dict.fromkeys(services)) or list(moving.URLS)
    journeys = moving.plan(partial(checking.states, installation), os.environ, wanted)
    moving.move(installation, journeys, checking.faults, say, rehearse=dry_run)
    if dry_run:
        click.echo("nothing was changed")
        return
    files = ", ".join(installation.database(name).name for name in wanted)
    click.echo(NEXT.format(files=files))
