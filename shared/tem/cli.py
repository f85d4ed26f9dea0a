"""The one command ``tem``: a thin group that finds each service's commands by entry points."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
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


Check = Callable[[Installation], Iterator[str]]


def _check(entry: EntryPoint, installation: Installation) -> Iterator[str]:
    yield from entry.load()(installation)


def _faults(check: Check, installation: Installation) -> Iterator[str]:
    """What a check finds; damage it stumbles over is one more fault, not an end."""
    try:
        yield from check(installation)
    except Exception as error:
        yield f"the check could not go on: {type(error).__name__}: {error}"


def _disagreements(installation: Installation) -> Iterator[str]:
    """What the registry has on record that the issuer beside it never released.

    Each service tells of itself (``manifests`` of its check's module), so that none is imported.
    The registry is asked first: what is recorded meanwhile must not look unknown.
    """
    checks = {entry.name: entry for entry in entry_points(group="tem.fsck")}
    if not {"registry", "issuer"} <= checks.keys():
        return
    told = [
        import_module(checks[name].module).manifests(installation)
        for name in ("registry", "issuer")
    ]
    recorded, released = told
    if recorded is None or released is None:  # the other one has its database elsewhere
        return
    for number, digest in recorded.items():
        if number not in released:
            yield f"batch {number} is on record, but the issuer has not released it"
        elif released[number] != digest:
            yield f"the manifest of batch {number} on record is not the one the issuer released"


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
    checks: list[tuple[str, Check]] = [
        (entry.name, functools.partial(_check, entry))
        for entry in sorted(entry_points(group="tem.fsck"), key=lambda e: e.name)
    ]
    for name, check in [*checks, ("between them", _disagreements)]:
        for fault in _faults(check, installation):
            faults += 1
            click.echo(f"{name}: {fault}")
    if faults:
        click.echo(f"{faults} faults", err=True)
        sys.exit(1)
    click.echo("every invariant holds")
