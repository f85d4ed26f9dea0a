"""``tem issuer …``: keys, the printed URL of a stamp, and the signer."""

import os
import signal

import click
from sqlalchemy import Engine

from tem import digital_link, logs, metrics
from tem.clock import system_clock
from tem.commandline import (
    ACTOR,
    existing_data_option,
    for_this_command,
    key_commands,
    stopping_flag,
)
from tem.databases.database import reading, writing
from tem.errors import Conflict
from tem.installation import Installation
from tem.lazy_commands import LazyCommands
from tem.process import LockHeld
from tem.stampcode import MAX_BATCH, parse
from tem.upkeep.audit_commands import audit_commands
from tem.vocabulary import Role
from tem_issuer import prints, restoring, settings
from tem_issuer.domain import check_codes_kept, check_range
from tem_issuer.signer import Signer
from tem_issuer.store import open_store

COMMANDS = {
    "office-key": "tem_issuer.office_key_commands:office_key",
    "pack-key": "tem_issuer.pack_key_commands:pack_keys",
    "wrapping-key": "tem_issuer.wrapping_key_commands:wrapping_keys",
}


@click.group(cls=LazyCommands, lazy=COMMANDS)
def issuer() -> None:
    """The issuer (mint): which stamps exist."""


def _store(installation: Installation) -> Engine:
    return for_this_command(open_store(settings.read(os.environ, installation)))


issuer.add_command(key_commands("issuer", (Role.SERVICE, Role.OFFICE), _store))
issuer.add_command(audit_commands("issuer", _store))


@issuer.command()
@click.argument("batch")
@click.argument("index", type=click.IntRange(1, 2**24))
@click.option("--gtin", metavar="GTIN", help="As a GS1 Digital Link of the product that bears it.")
@existing_data_option
def url(batch: str, index: int, gtin: str | None, installation: Installation) -> None:
    """Print the URL of a stamp, while its codes are kept; the audit trail notes that it left.

    BATCH is a number or the order's reference; INDEX is the stamp's place in the batch.
    """
    if gtin is not None:
        digital_link.gtin14(gtin)  # a wrong one is told before anything leaves
    config = settings.read(os.environ, installation)
    engine = for_this_command(open_store(config))
    with reading(engine) as connection:
        found = prints.batch_named(connection, batch)
    check_codes_kept(found)
    check_range(found, index, index)
    with prints.open_codes(config, found) as reader:
        ((_, printed),) = prints.stamps(reader, found, index, index)
    with writing(engine) as connection:
        prints.export(connection, system_clock(), ACTOR, found, index, index, "url")
    base, _, digits = printed.rpartition("/s/")
    click.echo(printed if gtin is None else digital_link.link_of(base, gtin, parse(digits)))


@issuer.command("accept-restore")
@click.option(
    "--past",
    type=click.IntRange(0, MAX_BATCH),
    metavar="NUMBER",
    help="The highest batch number known elsewhere; needed if the high-water mark is lost.",
)
@click.confirmation_option(
    prompt="Go on with this older copy? Numbers given since are used up; batches that may have "
    "been signed since fail and need new orders."
)
@existing_data_option
def accept_restore(past: int | None, installation: Installation) -> None:
    """After restoring the issuer's database: let it go on behind every number given since."""
    config = settings.read(os.environ, installation)
    engine = open_store(config)
    try:
        done = restoring.accept(engine, config, system_clock(), ACTOR, past)
    finally:
        engine.dispose()
    if done.failed:
        click.echo(f"Failed for good: batches {', '.join(map(str, done.failed))}.")
    click.echo(f"The next batch gets number {done.last + 1}.")


@issuer.command()
@click.option("--cores", type=click.IntRange(1, 256), help="Cores to sign with (default: all).")
@existing_data_option
def sign(cores: int | None, installation: Installation) -> None:
    """Run the signer: it signs and releases reserved batches, until it is stopped.

    `tem up` starts it beside the issuer; one runs for an installation at a time.
    """
    logs.configure("signer")
    logs.log_crashes()
    metrics.alone("signer")
    config = settings.read(os.environ, installation)
    stopping = stopping_flag(signal.SIGTERM, signal.SIGINT)
    available = len(os.sched_getaffinity(0))
    signer = Signer(config, lambda: open_store(config), system_clock, cores or available)
    try:
        signer.serve(stopping)
    except LockHeld as error:
        raise Conflict(
            "already_running", f"A signer works on {installation.data} already."
        ) from error
