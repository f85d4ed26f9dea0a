"""``tem registry …``: import, verdict, keys, and the follower of orders."""

import json
import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tem import logs, metrics, trust
from tem.clock import system_clock
from tem.commandline import existing_data_option, for_this_command, key_commands, stopping_flag
from tem.databases.database import reading
from tem.dates import parse_instant
from tem.errors import NotFound
from tem.installation import Installation
from tem.stampcode import MAX_INDEX
from tem.trail import kept_checkpoints
from tem.upkeep.audit_commands import audit_commands
from tem.vocabulary import Role
from tem_registry import heartbeat, restore_commands, settings, verdicts
from tem_registry.catalogue import catalogue
from tem_registry.council import council_commands
from tem_registry.epcis import epcis_commands
from tem_registry.forgetting import forgetting, forgetting_commands
from tem_registry.importing import import_commands
from tem_registry.metrics import Told
from tem_registry.orders import issuing
from tem_registry.orders.issuer_client import IssuerClient
from tem_registry.store import open_store

POLL_SECONDS = 0.2


@click.group()
def registry() -> None:
    """The registry (record): the state of every stamp."""


def _store(installation: Installation) -> Engine:
    return for_this_command(open_store(settings.read(os.environ, installation)))


def _checkpoints(installation: Installation) -> Path:
    return settings.read(os.environ, installation).checkpoints


def _require_producer(connection: Connection, id: str) -> None:
    try:
        catalogue.find(connection, catalogue.KINDS["producer"], id)
    except NotFound as error:
        raise NotFound(
            "no_such_producer", f"There is no producer {id} on record: is the id right?"
        ) from error


_ROLES = (Role.OFFICE, Role.PRODUCER, Role.AUDITOR)
registry.add_command(key_commands("registry", _ROLES, _store, _require_producer))
registry.add_command(council_commands.council_results)
registry.add_command(epcis_commands.export)
registry.add_command(import_commands.import_)
registry.add_command(forgetting_commands.purge)
registry.add_command(restore_commands.accept_restore)
registry.add_command(audit_commands("registry", _store, _checkpoints))


class Instant(click.ParamType[datetime]):
    """An RFC 3339 instant on the command line."""

    name = "TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Parse it, or say how it is written."""
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


@registry.command()
@click.argument("batch")
@click.argument("index", type=click.IntRange(1, MAX_INDEX))
@click.option("--at", type=Instant(), help="Move the clock: 2026-11-20T09:00:00+07:00")
@click.option("--json", "as_json", is_flag=True, help="The answer of a look-up, with its facts.")
@existing_data_option
def verdict(
    batch: str, index: int, at: datetime | None, as_json: bool, installation: Installation
) -> None:
    """What a scan of a stamp would say, now or at an instant, and why.

    BATCH is a number or an imported id. --at moves only the clock: today's ranges and lots,
    with certificates, producer's status and recalls read at that instant.
    """
    with reading(_store(installation)) as connection:
        answer = verdicts.ask(connection, batch, index, at or system_clock())
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    notes = f" ({', '.join(answer['notes'])})" if answer["notes"] else ""
    click.echo(f"{answer['verdict']}{notes}: {answer['reason']}")
    for name, value in answer.get("facts", {}).items():
        if value not in (None, []):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            click.echo(f"  {name.replace('_', ' ')}: {text}")


@registry.command()
@existing_data_option
def follow(installation: Installation) -> None:
    """Take approved orders to the issuer and record what it releases, until stopped.

    `tem up` starts it beside the registry.
    """
    logs.configure("follower")
    logs.log_crashes()
    metrics.alone("follower")
    stopping = stopping_flag(signal.SIGTERM, signal.SIGINT)
    config = settings.read(os.environ, installation)
    engine, trusted = open_store(config), trust.load(config.trust_file)
    keep_checkpoint = kept_checkpoints.keeping(
        engine, system_clock, "registry", config.audit_key_file, config.checkpoints
    )
    sweep = forgetting.HourlySweep(engine, system_clock, config.window_months)
    with IssuerClient.from_key_file(config.issuer_url, config.issuer_key_file) as issuer:
        told = Told(engine, issuer.is_ready)
        heartbeat.start(engine, system_clock)
        while not stopping():
            told.if_due()
            sweep.if_due()
            keep_checkpoint()
            try:
                trusted = trust.load(config.trust_file)  # a key may have been frozen meanwhile
            except (OSError, ValueError) as error:
                logs.log.error("alarm", alarm="trust_unreadable", error=str(error))
            try:
                issuing.advance_all(engine, system_clock, trusted, issuer)
            except SQLAlchemyError as error:  # busy for long, or its server starts anew
                logs.log.error("alarm", alarm="orders_unreadable", error=type(error).__name__)
            time.sleep(POLL_SECONDS)
