"""``tem verifier …``: keys of retailers and registry, and what is decided after a restore."""

import os

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option, for_this_command
from tem.databases.database import writing
from tem.installation import Installation
from tem.lazy_commands import LazyCommands
from tem.trail import audit
from tem.upkeep.audit_commands import audit_commands
from tem_verifier import retailer_keys, settings, storage
from tem_verifier.deliver_command import deliver
from tem_verifier.store import open_store

COMMANDS = {"check": "tem_verifier.check_command:check"}


@click.group(cls=LazyCommands, lazy=COMMANDS)
def verifier() -> None:
    """The verifier (public answer): what a scan is told."""


def _store(installation: Installation) -> Engine:
    return for_this_command(open_store(settings.read(os.environ, installation)))


verifier.add_command(retailer_keys.commands(_store))
verifier.add_command(audit_commands("verifier", _store))
verifier.add_command(deliver)


@verifier.command("accept-restore")
@click.confirmation_option(prompt="Answers may go back to an older state. Continue?")
@existing_data_option
def accept_restore(installation: Installation) -> None:
    """After restoring the registry from a backup: follow it although it went back."""
    with writing(_store(installation)) as connection:
        storage.accept_restore(connection)
        audit.record(connection, system_clock(), ACTOR, "restore.accepted", "verifier:1")
    click.echo("The verifier takes the registry's present state as it is.")
