"""The one command ``tem``: a thin group that finds each service's commands by entry points."""

import os
from importlib.metadata import EntryPoint, entry_points

import click

from tem import serve as alone
from tem.commandline import PlainErrors, data_option
from tem.installation import Installation
from tem.lazy_commands import LazyCommands

LAZY = {
    "backup": "tem.upkeep.backup_commands:take",
    "fsck": "tem.upkeep.state_commands:fsck",
    "migrate": "tem.upkeep.migrate_command:migrate",
    "move": "tem.upkeep.state_commands:move",
    "provision": "tem.upkeep.provision:command",
    "replica": "tem.upkeep.replica_commands:replica",
    "restore": "tem.upkeep.backup_commands:restore",
    "up": "tem.up_command:command",
}


class Services(PlainErrors, LazyCommands):
    """Commands of this package, and one group per installed service."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own commands, then the services."""
        return [*super().list_commands(ctx), *sorted(e.name for e in _services())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a service only when it is asked for."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        for entry in _services():
            if entry.name == cmd_name:
                command: click.Command = entry.load()
                return command
        return None


def _services() -> list[EntryPoint]:
    return list(entry_points(group="tem.commands"))


@click.group(cls=Services, lazy=LAZY)
@click.version_option(package_name="tem")
def main() -> None:
    """Traceability stamps for OCOP products: issue, activate, look up.

    \b
    tem up                       start issuer, registry and verifier on this machine
    tem registry import DIR      load a folder of producers, products, batches and lots
    tem registry verdict 12 345  what a scan of stamp 345 of batch 12 would say, and why
    tem fsck                     check every invariant of the stored state
    tem move                     take a SQLite installation to PostgreSQL
    """
    os.umask(0o077)  # databases and logs are their owner's alone


@main.command()
@click.argument("service", type=click.Choice(alone.SERVICES))
@click.option(
    "--bind",
    "binds",
    metavar="HOST:PORT",
    multiple=True,
    help="Default: TEM_BIND and the usual port. Repeat it for several.",
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer.")
@data_option
def serve(
    service: str, binds: tuple[str, ...], workers: int | None, installation: Installation
) -> None:
    """Run the web server of one service in the foreground, as a container does.

    It makes what its first start makes. Signer and follower are `tem issuer sign` and
    `tem registry follow`.
    """
    alone.serve(installation, service, binds, workers)


@main.command("first-start")
@click.argument("service", type=click.Choice(alone.SERVICES))
@data_option
def first_start(service: str, installation: Installation) -> None:
    """Make what the first start of one service makes, and nothing again the next time."""
    for line in alone.first_start_alone(installation, service):
        click.echo(f"made the {line}")
