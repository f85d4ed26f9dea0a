"""The one command ``tem``: a thin group that finds each service's commands by entry points."""

import os
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

import click

from tem import up as running
from tem.commandline import PlainErrors, data_option, existing_data_option
from tem.installation import Installation


class Services(PlainErrors):
    """Commands of this package, and one group per installed service."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own commands, then the services."""
        return [*super().list_commands(ctx), *sorted(e.name for e in _services())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a service only when it is asked for."""
        for entry in _services():
            if entry.name == cmd_name:
                command: click.Command = entry.load()
                return command
        return super().get_command(ctx, cmd_name)


def _faults(entry: EntryPoint, installation: Installation) -> Iterator[str]:
    """What a service's check finds; damage it stumbles over is one more fault, not an end."""
    try:
        yield from entry.load()(installation)
    except Exception as error:
        yield f"the check could not go on: {type(error).__name__}: {error}"


def _services() -> list[EntryPoint]:
    return list(entry_points(group="tem.commands"))


@click.group(cls=Services)
@click.version_option(package_name="tem")
def main() -> None:
    """Traceability stamps for OCOP products: issue, activate, look up.

    \b
    tem up                       start issuer, registry and verifier on this machine
    tem registry import DIR      load a folder of producers, products, batches and lots
    tem registry verdict 12 345  what a scan of stamp 345 of batch 12 would say, and why
    tem fsck                     check every invariant of the stored state
    """
    os.umask(0o077)  # databases and logs are their owner's alone


@main.command()
@click.option(
    "--base-port",
    type=click.IntRange(1024, 65000),
    default=8100,
    show_default=True,
    help="Issuer on this + 1, registry on + 2, verifier on + 3.",
)
@data_option
def up(base_port: int, installation: Installation) -> None:
    """Run all services on the embedded default (SQLite), until Ctrl-C.

    The first start makes keys and an office account and says where they are.
    """
    running.serve(installation, base_port)


@main.command()
@existing_data_option
def fsck(installation: Installation) -> None:
    """Check every invariant of the stored state; exit status 1 if one does not hold."""
    faults = 0
    for entry in sorted(entry_points(group="tem.fsck"), key=lambda e: e.name):
        for fault in _faults(entry, installation):
            faults += 1
            click.echo(f"{entry.name}: {fault}")
    if faults:
        click.echo(f"{faults} faults", err=True)
        sys.exit(1)
    click.echo("every invariant holds")
