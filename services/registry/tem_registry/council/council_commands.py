"""``tem registry council-results``: a file of scoring software, taken over on the machine."""

import os
import sys
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from tem import logs
from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option, for_this_command
from tem.databases.database import writing
from tem.errors import Invalid
from tem.http.strictjson import loads
from tem.http.wire import pointers
from tem.installation import Installation
from tem_registry import settings
from tem_registry.council import council
from tem_registry.council.schemas import CouncilResults
from tem_registry.store import open_store


class _OnlyTried(Exception):
    """Rolls a dry run back, with what it would have answered."""


@click.command("council-results")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@existing_data_option
def council_results(file: Path, dry_run: bool, installation: Installation) -> None:
    """Take over the results of an evaluation council: all rows of FILE, or none.

    The format is docs/council-results.md. Every row refused is named with the reason, and the
    exit status is 1. A file that is sent again changes nothing.
    """
    logs.configure("council-results")
    try:
        taken = _taken(file, dry_run, installation)
    except Invalid as error:
        click.echo(f"{error.detail} [{error.code}]", err=True)
        for fault in error.extra.get("errors", []):
            click.echo(f"  {fault['pointer']}: {fault['detail']} [{fault['code']}]", err=True)
        sys.exit(1)
    would = "would be " if dry_run else ""
    click.echo(
        f"{would}recorded: {taken['recorded']} ({taken['certificates']} certificates); "
        f"unchanged: {taken['unchanged']}"
    )
    for one in taken["results"]:
        made = one["certificate_id"] or "no certificate"
        click.echo(f"  {one['product_id']}: {one['stars']} stars, {made}, {one['outcome']}")


def _taken(file: Path, dry_run: bool, installation: Installation) -> dict[str, Any]:
    body = read(file.read_bytes())
    engine = for_this_command(open_store(settings.read(os.environ, installation)))
    try:
        with writing(engine) as connection:
            taken = council.take_over(connection, system_clock(), ACTOR, body)
            if dry_run:
                raise _OnlyTried
    except _OnlyTried:
        pass
    return taken


def read(content: bytes) -> dict[str, Any]:
    """A file as the schema loads it. Raises Invalid with every fault of its form."""
    try:
        body: dict[str, Any] = CouncilResults().load(loads(content))
    except ValidationError as error:
        faults = list(pointers(error.messages))
        raise Invalid(
            "validation_failed", "Nothing was recorded: the file is not of its form.", errors=faults
        ) from error
    return body
