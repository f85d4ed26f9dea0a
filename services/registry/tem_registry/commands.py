"""``tem registry …``: import, verdict, keys, and the follower of orders."""

import json
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from tem import logs, trust, up
from tem.clock import system_clock
from tem.commandline import data_option, existing_data_option, key_commands, stopping_flag
from tem.database import reading
from tem.dates import parse_instant
from tem.installation import Installation
from tem.vocabulary import Role
from tem_registry import import_folder, importing, issuing, settings, verdicts
from tem_registry.app import open_store
from tem_registry.issuer_client import IssuerClient

POLL_SECONDS = 0.2


@click.group()
def registry() -> None:
    """The registry (record): the state of every stamp."""


def _store(installation: Installation) -> Engine:
    return open_store(settings.read(os.environ, installation))


registry.add_command(key_commands("registry", (Role.OFFICE, Role.PRODUCER, Role.AUDITOR), _store))


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
@click.argument("index", type=click.IntRange(1, 2**24))
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


@registry.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_option
def import_(folder: Path, installation: Installation) -> None:
    """Load a FOLDER laid out like shared/sample, really issuing its batches.

    It can be killed and run again; a second run changes nothing. A row that has changed since
    it was imported is reported and not applied. Exit status 1 if anything was not taken over.
    """
    logs.configure("import")
    report = importing.Report()
    import_folder.read_folder(folder)  # a broken folder is refused before anything is started
    with up.issuer_of(installation) as issuer_url:
        config = settings.read(os.environ, installation)
        client = IssuerClient.from_key_file(issuer_url, config.issuer_key_file)
        with client as issuer:
            importing.Import(
                open_store(config),
                config,
                system_clock,
                trust.load(config.trust_file),
                issuer,
                report,
                _progress(),
            ).run(folder)
    for title, counts in (("added", report.added), ("unchanged", report.unchanged)):
        told = ", ".join(f"{number} × {kind}" for kind, number in counts.items())
        click.echo(f"{title}: {told or 'nothing'}")
    if report.problems:
        click.echo(f"not taken over ({len(report.problems)}):")
        for problem in report.problems:
            click.echo(f"  {problem}")
        sys.exit(1)


def _progress() -> importing.Progress:
    """A line that counts, on a terminal; elsewhere one line when a step is done."""
    terminal = sys.stderr.isatty()
    last: list[str] = []

    def show(step: str, done: int, total: int) -> None:
        text = f"  {step}: {done}/{total}"
        if terminal:
            click.echo(f"\r{text:50}", nl=done >= total, err=True)
        elif done >= total and text not in last:
            click.echo(text, err=True)
        last[:] = [text]

    return show


@registry.command()
@data_option
def follow(installation: Installation) -> None:
    """Take approved orders to the issuer and record what it releases, until stopped.

    `tem up` starts it beside the registry.
    """
    logs.configure("follower")
    stopping = stopping_flag(signal.SIGTERM, signal.SIGINT)
    config = settings.read(os.environ, installation)
    engine, trusted = open_store(config), trust.load(config.trust_file)
    with IssuerClient.from_key_file(config.issuer_url, config.issuer_key_file) as issuer:
        while not stopping():
            try:
                trusted = trust.load(config.trust_file)  # a key may have been frozen meanwhile
            except (OSError, ValueError) as error:
                logs.log.error("alarm", alarm="trust_unreadable", error=str(error))
            issuing.advance_all(engine, system_clock, trusted, issuer)
            time.sleep(POLL_SECONDS)
