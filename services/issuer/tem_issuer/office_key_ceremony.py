"""``tem issuer office-key create|export|restore``: what two people do with a key and a safe."""

import os
from pathlib import Path

import click

from tem.clock import system_clock
from tem.commandline import ACTOR, data_option, existing_data_option
from tem.errors import Conflict, Invalid
from tem.installation import Installation
from tem_issuer import keys, office_key_copies, office_key_making, settings
from tem_issuer.office_key_options import (
    FILE,
    FIRST_BATCH,
    fingerprint,
    passphrase,
    passphrase_options,
    store_if_here,
    tell_ceremony,
)
from tem_issuer.store import opened_store


@click.command()
@passphrase_options
@FIRST_BATCH
@data_option
def create(
    passphrase_file: Path | None,
    unsealed: bool,
    first_batch: int | None,
    installation: Installation,
) -> None:
    """Make the office's key before the first start, or one in place of a key that is gone.

    Before the first start any machine will do, best one that has never seen a network: carry
    the folder to the issuer afterwards. Do it with two people.
    """
    config = settings.read(os.environ, installation)
    secret = passphrase(config, passphrase_file, unsealed)
    if not config.trust_file.exists():
        if any(config.folder.glob("office-key-*.pem")) or any(config.hashes.glob("*")):
            raise Conflict("lost", f"{config.trust_file} is missing: restore it from a backup.")
        first = config.first_number if first_batch is None else first_batch
        key = office_key_making.found(config, secret, first)
        click.echo(f"private part: {config.office_key}")
        click.echo("It signs from the first start on.")
    else:
        now = system_clock()
        with store_if_here(config) as engine:
            key = office_key_making.replace(engine, config, now, ACTOR, secret, first_batch)
        click.echo("It does not sign yet: `tem issuer office-key activate`.")
    tell_ceremony(config, key)


@click.command()
@click.argument("key_id")
@click.argument("file", type=FILE)
@click.option("--passphrase-file", type=FILE, required=True, help="Seals the copy alone.")
@existing_data_option
def export(key_id: str, file: Path, passphrase_file: Path, installation: Installation) -> None:
    """Write a sealed copy of a private part for the safe: a few lines, fit for paper.

    Keep its passphrase apart from it, with another person.
    """
    config = settings.read(os.environ, installation)
    secret = keys.passphrase_from(passphrase_file) or b""
    if file.absolute().is_relative_to(installation.data):
        raise Invalid("bad_place", f"{installation.data} goes into backups: name another place.")
    with store_if_here(config) as engine:
        now = system_clock()
        key = office_key_copies.export(engine, config, now, ACTOR, key_id, file, secret)
    click.echo(f"{file} holds {fingerprint(key)}, sealed. `restore` brings it back.")


@click.command()
@click.argument("file", type=FILE)
@click.option("--passphrase-file", type=FILE, required=True, help="What the copy is sealed under.")
@existing_data_option
def restore(file: Path, passphrase_file: Path, installation: Installation) -> None:
    """Put a copy from the safe in its place again."""
    config = settings.read(os.environ, installation)
    secret = keys.passphrase_from(passphrase_file) or b""
    with opened_store(config) as engine:
        key = office_key_copies.restore(engine, config, system_clock(), ACTOR, file, secret)
    click.echo(f"{fingerprint(key)} is here again.")
