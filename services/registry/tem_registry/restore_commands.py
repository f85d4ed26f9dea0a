"""``tem registry accept-restore``: what an operator says after restoring the registry."""

import os

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.databases.database import writing
from tem.errors import Invalid, NotFound
from tem.installation import Installation
from tem_registry import lost_entries, restoring, settings
from tem_registry.store import open_store


@click.command("accept-restore")
@click.confirmation_option(
    prompt="Every verifier will stop following until told to accept this. Continue?"
)
@existing_data_option
def accept_restore(installation: Installation) -> None:
    """After restoring the registry from a backup: begin a new epoch of the publication.

    Says which audit entries are lost and puts the file of checkpoints that tells of them aside.
    `tem restore` does this by itself; it is for databases restored by PostgreSQL's own means.
    """
    config = settings.read(os.environ, installation)
    engine, now, lost, told = open_store(config), system_clock(), None, ""
    with writing(engine) as connection:
        try:
            lost = lost_entries.lost(
                connection, "registry", config.audit_key_file, config.checkpoints
            )
            told = lost.told() if lost else ""
        except (NotFound, Invalid) as error:
            told = f"The checkpoints kept so far cannot be checked: {error.detail}"
        epoch = restoring.accept(connection, now, ACTOR, lost)
    engine.dispose()
    if told:
        click.echo(told)
        aside = lost_entries.put_aside(config.checkpoints, now)
        click.echo(f"The file of checkpoints is kept as {aside}.")
    click.echo(f"A new epoch of the publication has begun: {epoch}")
    click.echo("Now, for each verifier's database: tem verifier accept-restore")
