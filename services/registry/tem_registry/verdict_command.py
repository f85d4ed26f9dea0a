"""``tem registry verdict``: what a scan would say, asked on the registry's own machine."""

import json
import os
from datetime import datetime

import click

from tem.clock import system_clock
from tem.commandline import Instant, existing_data_option, for_this_command
from tem.databases.database import reading
from tem.installation import Installation
from tem.stampcode import MAX_INDEX
from tem_registry import settings, verdicts
from tem_registry.store import open_store


@click.command()
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
    engine = for_this_command(open_store(settings.read(os.environ, installation)))
    with reading(engine) as connection:
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
