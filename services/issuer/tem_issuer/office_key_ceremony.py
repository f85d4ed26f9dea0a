"""``tem issuer office-key create|export|restore``: what two people do with a key and a safe."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import ACTOR, data_option, existing_data_option
from tem.database import is_missing
from tem.errors import Conflict, Invalid
from tem.installation import Installation
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey
from tem_issuer import keys, office_key_acts, settings
from tem_issuer.app import open_store
from tem_issuer.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)
GROUP_DIGITS = 8


@contextlib.contextmanager
def opened_store(config: Settings) -> Iterator[Engine]:
    """The issuer's database, for as long as the block lasts."""
    engine = open_store(config)
    try:
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def store_if_here(config: Settings) -> Iterator[Engine | None]:
    """The same, or None on a machine that has no database: none is made there."""
    if is_missing(config.database_url):
        yield None
        return
    with opened_store(config) as engine:
        yield engine


def fingerprint(key: OfficeKey) -> str:
    """A key's id in groups, to be read aloud."""
    return " ".join(key.id[at : at + GROUP_DIGITS] for at in range(0, 64, GROUP_DIGITS))


def passphrase_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--passphrase-file`` and ``--unsealed`` of a command that makes a key."""
    file = click.option(
        "--passphrase-file", type=FILE, help="Seals the key; else TEM_ISSUER_PASSPHRASE_FILE."
    )
    unsealed = click.option("--unsealed", is_flag=True, help="Leave it unsealed: for trials.")
    return file(unsealed(command))


def passphrase(config: Settings, file: Path | None, unsealed: bool) -> bytes | None:
    """What seals a new key. Raises Invalid unless it is said, once and the same everywhere."""
    used = keys.passphrase_from(config.passphrase_file)
    given = keys.passphrase_from(file)
    if used is not None and given not in (None, used):
        raise Invalid(
            "other_passphrase",
            f"The signer opens keys with {config.passphrase_file}, which says another passphrase.",
        )
    if used is None and given is None and not unsealed:
        raise Invalid(
            "passphrase_missing",
            "Say with --passphrase-file what seals the key, or --unsealed for a trial.",
        )
    return given or used


@click.command()
@passphrase_options
@click.option("--first-batch", type=click.IntRange(1, MAX_BATCH), metavar="N")
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
        key = office_key_acts.found(config, secret, first)
        click.echo(f"private part: {config.office_key}")
        click.echo("It signs from the first start on.")
    else:
        now = system_clock()
        with store_if_here(config) as engine:
            key = office_key_acts.replace_lost(engine, config, now, ACTOR, secret, first_batch)
        click.echo("It does not sign yet: `tem issuer office-key activate`.")
    tell_ceremony(config, key)


def tell_ceremony(config: Settings, key: OfficeKey) -> None:
    """What the two people do now."""
    click.echo(f"public part:  {config.trust_file}, batches from {key.first_batch} on")
    click.echo(f"key id:       {fingerprint(key)}")
    click.echo(
        "Two people: one reads the key id aloud from here, the other compares it with the "
        "copy of trust.json\nat the registry and at each verifier (`GET /v1/trust`); both sign "
        "the minutes. Then a copy for the safe:\n"
        f"tem issuer office-key export {key.id[:16]} FILE --passphrase-file OTHER"
    )


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
        key = office_key_acts.export(engine, config, now, ACTOR, key_id, file, secret)
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
        key = office_key_acts.restore(engine, config, system_clock(), ACTOR, file, secret)
    click.echo(f"{fingerprint(key)} is here again.")
