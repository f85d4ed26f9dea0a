"""``tem issuer pack-key …``: the key that signs offline packs."""

import os

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option
from tem.errors import NotFound
from tem.installation import Installation
from tem_issuer import pack_key, settings
from tem_issuer.store import opened_store


@click.group("pack-key")
def pack_keys() -> None:
    """The key that signs offline packs: docs/operations.md, "Offline packs"."""


@pack_keys.command()
@existing_data_option
def make(installation: Installation) -> None:
    """Make a new one, vouched for by the office key, in the place of the one before.

    The follower signs with it within a minute. Packs signed before stay good until they end.
    """
    config = settings.read(os.environ, installation)
    with opened_store(config) as engine:
        vouched = pack_key.make(engine, config, system_clock(), ACTOR)
    click.echo(f"{pack_key.id_of(vouched)} signs packs until {vouched.valid_until}.")
    click.echo(f"It lies in {config.pack_key_file}, for the registry's follower alone.")


@pack_keys.command()
@existing_data_option
def show(installation: Installation) -> None:
    """Say which key signs packs, who vouches for it and until when."""
    config = settings.read(os.environ, installation)
    found = pack_key.there(config)
    if found is None:
        raise NotFound(
            "no_pack_key",
            f"There is no pack key in {config.pack_key_file}: `tem issuer pack-key make`.",
        )
    click.echo(pack_key.id_of(found.certificate))
    click.echo(f"  {found.certificate.environment}; until {found.certificate.valid_until}")
    click.echo(f"  vouched for by office key {found.certificate.office_key_id}")
    if pack_key.is_needed(config, system_clock()):
        click.echo("  Readers refuse it, or will soon: `tem issuer pack-key make`.")
