"""What the commands about office keys share: options, the database, what people read aloud."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from tem.databases.database import is_missing
from tem.errors import Invalid
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey
from tem_issuer import keys
from tem_issuer.settings import Settings
from tem_issuer.store import opened_store

FILE = click.Path(path_type=Path, dir_okay=False)
FIRST_BATCH = click.option("--first-batch", type=click.IntRange(1, MAX_BATCH), metavar="N")
GROUP_DIGITS = 8


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


def batches(key: OfficeKey) -> str:
    """The numbers that a key is trusted for."""
    end = "on" if key.last_batch == MAX_BATCH else f"to {key.last_batch}"
    return f"from {key.first_batch} {end}"


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


def tell_ceremony(config: Settings, key: OfficeKey) -> None:
    """What the two people do now."""
    click.echo(f"public part:  {config.trust_file}, batches {batches(key)}")
    click.echo(f"key id:       {fingerprint(key)}")
    click.echo(
        "Two people: one reads the key id aloud from here, the other compares it with the "
        "copy of trust.json\nat the registry and at each verifier (`GET /v1/trust`); both sign "
        "the minutes. Then a copy for the safe:\n"
        f"tem issuer office-key export {key.id[:16]} FILE --passphrase-file OTHER"
    )
