"""``tem issuer wrapping-key change``: another key for the codes at rest."""

import os

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.installation import Installation
from tem_issuer import settings, wrapping_key
from tem_issuer.store import opened_store


@click.group("wrapping-key")
def wrapping_keys() -> None:
    """The key that wraps the data keys of codes at rest."""


@wrapping_keys.command()
@existing_data_option
def change(installation: Installation) -> None:
    """Make a new one and wrap every data key anew. The signer must be stopped meanwhile."""
    config = settings.read(os.environ, installation)
    with opened_store(config) as engine:
        count = wrapping_key.change(engine, config, system_clock(), ACTOR)
    click.echo(f"Changed; {count} data keys are wrapped anew.")
    click.echo(f"Replace the copy of {config.wrapping_key} in the safe.")
