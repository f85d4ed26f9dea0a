"""``tem <service> audit …``: checkpoints of a service's audit trail, and the trail itself."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import existing_data_option
from tem.databases.database import reading
from tem.dates import rfc3339
from tem.installation import Installation
from tem.trail import audit, checkpoints, kept_checkpoints
from tem.trail.signed_note import NoteKey

PAGE = 500
OpenStore = Callable[[Installation], Engine]


def audit_commands(
    service: str, open_store: OpenStore, kept: Callable[[Installation], Path] | None = None
) -> click.Group:
    """``audit checkpoint|key|verify|export`` of one service; ``kept`` is where it keeps them."""

    @click.group("audit")
    def group() -> None:
        """The audit trail: checkpoints to keep elsewhere, and entries to keep elsewhere."""

    def kept_file(installation: Installation) -> Path:
        if kept is not None:
            return kept(installation)
        return kept_checkpoints.kept_file(installation, service)

    _add_checkpoint(group, service, open_store, kept_file)
    _add_key(group, service)
    _add_verify(group, service, open_store)
    _add_export(group, open_store)
    return group


def _add_checkpoint(
    group: click.Group,
    service: str,
    open_store: OpenStore,
    kept_file: Callable[[Installation], Path],
) -> None:
    @group.command()
    @click.option(
        "--keep", is_flag=True, help="Append it to the installation's own file, if it tells more."
    )
    @existing_data_option
    def checkpoint(keep: bool, installation: Installation) -> None:
        """Print a signed note of how the trail stands now: keep it on another machine."""
        signer = checkpoints.load_key(service, checkpoints.key_file(installation, service))
        engine = open_store(installation)
        if keep:
            kept_checkpoints.keep(engine, system_clock, signer, kept_file(installation))
        with reading(engine) as connection:
            stands = checkpoints.take(connection, system_clock(), service)
        click.echo(signer.sign(stands.text), nl=False)


def _add_key(group: click.Group, service: str) -> None:
    @group.command()
    @existing_data_option
    def key(installation: Installation) -> None:
        """Print the public key of checkpoints: keep it where they are kept."""
        path = checkpoints.key_file(installation, service)
        click.echo(str(checkpoints.load_key(service, path).key))


def _add_verify(group: click.Group, service: str, open_store: OpenStore) -> None:
    @group.command()
    @click.argument("file", type=click.File("rb"))
    @click.option("--key", "public", metavar="KEY", help="The key as `audit key` printed it.")
    @existing_data_option
    def verify(file: IO[bytes], public: str | None, installation: Installation) -> None:
        """Check a FILE of checkpoints against the trail; exit status 1 if it contradicts one.

        Use the copy kept elsewhere, and the --key kept with it: whoever has taken over this
        machine could change those that lie here. FILE may be - for standard input.
        """
        path = checkpoints.key_file(installation, service)
        trusted = NoteKey.parse(public) if public else checkpoints.load_key(service, path).key
        content = file.read()
        with reading(open_store(installation)) as connection:
            found = [
                *audit.faults(connection),
                *kept_checkpoints.faults(connection, content, trusted),
            ]
            size, _ = audit.head(connection)
        count = len(kept_checkpoints.read(content).notes)
        if not count:
            found.append("there is no whole checkpoint in the file")
        for fault in found:
            click.echo(fault)
        if found:
            sys.exit(1)
        click.echo(f"{count} checkpoints hold; the trail has {size} entries")


def _add_export(group: click.Group, open_store: OpenStore) -> None:
    @group.command()
    @click.option("--after", type=click.IntRange(0), default=0, help="From the entry behind this.")
    @existing_data_option
    def export(after: int, installation: Installation) -> None:
        """Print the entries as lines of JSON, oldest first."""
        engine = open_store(installation)
        while True:
            with reading(engine) as connection:
                page = audit.entries(connection, after, PAGE)
            for entry in page:
                row = {**asdict(entry), "at": rfc3339(entry.at)}
                click.echo(json.dumps(row, ensure_ascii=False))
            if len(page) < PAGE:
                return
            after = page[-1].seq
