"""``tem registry …``: keys and the audit trail; the other commands have files of their own."""

import os
from pathlib import Path

import click
from sqlalchemy import Connection, Engine

from tem.commandline import for_this_command, key_commands
from tem.errors import NotFound
from tem.installation import Installation
from tem.lazy_commands import LazyCommands
from tem.upkeep.audit_commands import audit_commands
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.store import open_store

COMMANDS = {
    "account": "tem_registry.accounts.account_commands:account",
    "accept-restore": "tem_registry.restore_commands:accept_restore",
    "council-results": "tem_registry.council.council_commands:council_results",
    "epcis": "tem_registry.epcis.epcis_commands:export",
    "follow": "tem_registry.follow_command:follow",
    "import": "tem_registry.importing.import_commands:import_",
    "purge": "tem_registry.forgetting.forgetting_commands:purge",
    "verdict": "tem_registry.verdict_command:verdict",
}


@click.group(cls=LazyCommands, lazy=COMMANDS)
def registry() -> None:
    """The registry (record): the state of every stamp."""


def _store(installation: Installation) -> Engine:
    return for_this_command(open_store(settings.read(os.environ, installation)))


def _checkpoints(installation: Installation) -> Path:
    return settings.read(os.environ, installation).checkpoints


def _require_producer(connection: Connection, id: str) -> None:
    from tem_registry.catalogue import catalogue  # a tenth of a second that few commands need

    try:
        catalogue.find(connection, catalogue.KINDS["producer"], id)
    except NotFound as error:
        raise NotFound(
            "no_such_producer", f"There is no producer {id} on record: is the id right?"
        ) from error


_ROLES = (Role.OFFICE, Role.PRODUCER, Role.AUDITOR)
registry.add_command(key_commands("registry", _ROLES, _store, _require_producer))
registry.add_command(audit_commands("registry", _store, _checkpoints))
