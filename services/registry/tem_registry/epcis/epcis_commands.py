"""``tem registry epcis``: the whole export as one document."""

import json
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import existing_data_option, for_this_command
from tem.databases.database import reading
from tem.installation import Installation
from tem_registry import settings
from tem_registry.epcis import epcis, epcis_acts
from tem_registry.epcis.epcis_facts import Act
from tem_registry.epcis.epcis_trail import Wanted
from tem_registry.store import open_store
from tem_registry.uris import Uris

PAGE = 500


@click.command("epcis")
@click.option("--after", type=click.IntRange(0), default=0, help="Go on after this entry.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to FILE.")
@click.option("--instances", is_flag=True, help="Name up to 1,000 stamps of an event each.")
@existing_data_option
def export(after: int, out: Path | None, instances: bool, installation: Installation) -> None:
    """Write every act as an EPCIS 2.0 event, one document, oldest first.

    Says on standard error how many events, and the --after with which the next one goes on.
    """
    config = settings.read(os.environ, installation)
    engine, now = for_this_command(open_store(config)), system_clock()
    if out is None:
        with click.open_file("-", "w", encoding="utf-8") as stream:
            told = write(stream, engine, config.uris, now, after, instances=instances)
    else:
        told = _write_file(out, engine, config.uris, now, after, instances)
    click.echo(f"{told[0]} events; go on with --after {told[1]}", err=True)


def _write_file(
    out: Path, engine: Engine, uris: Uris, now: datetime, after: int, instances: bool
) -> tuple[int, int]:
    """Write beside the file and rename: one that was broken off is not taken for a whole."""
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed and renamed below
        "w", encoding="utf-8", dir=out.parent, prefix=f".{out.name}.", delete=False
    )
    try:
        with file:
            told = write(file, engine, uris, now, after, instances=instances)
        Path(file.name).replace(out)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
    return told


def write(
    stream: IO[str], engine: Engine, uris: Uris, now: datetime, after: int, *, instances: bool
) -> tuple[int, int]:
    """Write a document page by page, so that memory stays flat.

    Gives the number of events and the last entry told.
    """
    head = json.dumps(epcis.header(now, uris), ensure_ascii=False)
    stream.write(f'{head[:-1]}, "epcisBody": {{"eventList": [')
    count = 0
    for acts in _pages(engine, after):
        for event in (e for act in acts for e in epcis.events(act, uris, instances=instances)):
            stream.write((",\n" if count else "\n") + json.dumps(event, ensure_ascii=False))
            count += 1
        after = acts[-1].seq if acts else after
    stream.write("\n]}}\n")
    return count, after


def _pages(engine: Engine, after: int) -> Iterator[list[Act]]:
    """Pages of acts, each read for itself: entries are only ever added at the end."""
    following: int | None = after
    while following is not None:
        with reading(engine) as connection:
            page = epcis_acts.page(connection, following, PAGE, Wanted())
        yield page.acts
        following = page.next
