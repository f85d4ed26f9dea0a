"""``tem backup`` and ``tem restore``: copies of an installation on SQLite."""

import sys
from importlib.metadata import entry_points
from pathlib import Path

import click

from tem.clock import system_clock
from tem.commandline import RESTORING, data_option
from tem.errors import NotFound
from tem.installation import Installation, require_restored
from tem.upkeep import backup, backup_contents, restoring
from tem.upkeep.backup_contents import SERVICES, Contents


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Read a backup that is there; copy nothing.")
@data_option
def take(folder: Path, check: bool, installation: Installation) -> None:
    """Copy databases, hashes and the list of keys into a new FOLDER, beside running services.

    Codes, private keys and the issuer's high-water mark are not in it. Databases on PostgreSQL
    are backed up by PostgreSQL's own means: docs/operations.md.
    """
    if check:
        _check(folder)
        return
    if not installation.exists:
        raise NotFound(
            "no_installation",
            f"There is no installation in {installation.data}: is --data or TEM_DATA right?",
        )
    require_restored(installation)
    taken = backup.take(installation, folder, system_clock)
    _tell(taken.contents)
    for path in taken.for_the_safe:
        click.echo(f"not in it, for the safe: {path}")
    click.echo(f"complete and checked{_without(taken.contents)}: {taken.folder}")


def _check(folder: Path) -> None:
    contents = backup_contents.read(folder)
    found = list(backup_contents.faults(folder, contents))
    for fault in found:
        click.echo(fault)
    if found:
        click.echo(f"{len(found)} faults: do not rely on this backup", err=True)
        sys.exit(1)
    _tell(contents)
    click.echo(f"every file is as it was copied{_without(contents)}: {folder}")


def _without(contents: Contents) -> str:
    """What nobody must overlook in the last line."""
    missing = [service for service in SERVICES if service not in contents.databases]
    return f", WITHOUT the databases of {', '.join(missing)}" if missing else ""


def _tell(contents: Contents) -> None:
    for service, one in contents.databases.items():
        size = contents.files[backup_contents.database(service)].bytes
        click.echo(f"{service:9} {size:>12} bytes, {one.audit_entries} audit entries")
    for service in contents.elsewhere:
        click.echo(f"{service:9} NOT IN IT: its database is on a server, see docs/operations.md")
    total = sum(file.bytes for file in contents.files.values())
    click.echo(f"{'in all':9} {total:>12} bytes in {len(contents.files)} files, {contents.began}")


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(SERVICES),
    help="One service's database alone; may be given again. Else all that the backup has.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
@click.pass_context
def restore(
    ctx: click.Context, folder: Path, only: tuple[str, ...], yes: bool, installation: Installation
) -> None:
    """Put the backup in FOLDER in the place of a stopped installation, or into a new folder.

    What is there now is kept beside it under another name. Acts after the backup are lost: every
    verifier stops following until `tem verifier accept-restore`.
    """
    services = only or tuple(backup_contents.read(folder).databases)
    restoring.require_stopped(installation)
    if not yes:
        click.confirm(f"Restore {', '.join(services)} in {installation.data}?", abort=True)
    steps = restoring.restore(
        installation, folder, services, system_clock(), lambda: _accept(ctx, installation)
    )
    for step in steps:
        click.echo(step)
    click.echo("restored; what remains to be done:")
    for step in _next(services):
        click.echo(f"  {step}")


def _accept(ctx: click.Context, installation: Installation) -> None:
    """Let the registry begin a new epoch: its own command, found by name."""
    (registry,) = entry_points(group="tem.commands", name="registry")
    command = registry.load().get_command(ctx, "accept-restore")
    ctx.meta[RESTORING] = True
    ctx.invoke(command, data=str(installation.data))


def _next(services: tuple[str, ...]) -> list[str]:
    return [
        *(
            ["tem issuer accept-restore     (no number is given out twice)"]
            * ("issuer" in services)
        ),
        "tem verifier accept-restore   (on every verifier's machine)",
        "tem fsck",
        "tem up",
    ]
