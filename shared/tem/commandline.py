"""What the services' commands share: the installation they work on, keys, plain errors."""

import functools
import os
import pwd
import re
import signal
import sys
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NoReturn

import click
from sqlalchemy import Connection, Engine

from tem import logs
from tem.clock import system_clock
from tem.databases.database import reading, writing
from tem.dates import parse_instant, rfc3339
from tem.errors import Conflict, NotFound, TemError
from tem.http import auth
from tem.installation import Installation, require_restored
from tem.vocabulary import Role

ACTOR = "command-line"
# What a restore does itself is not held up by its being under way.
RESTORING = "tem.restoring"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
NOBODY_READS = 128 + signal.SIGPIPE  # the exit status a shell gives a filter that was cut off
_STATUS = "tem.exit_status"  # of errors, where a command's own status 1 means something else


class PlainErrors(click.Group):
    """A group whose commands say what is wrong in one line, with exit status 1.

    What a database refuses is told like that too: never a traceback, never a password.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our own errors into click's."""
        try:
            return super().invoke(ctx)
        except TemError as error:
            _end(ctx, error)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # `tem … | head`: who reads has seen enough
            _discard_output()
            ctx.exit(NOBODY_READS)
        except OSError as error:  # a folder that is a file, a disk that is full, no permission
            raise click.ClickException(f"{error.strerror}: {error.filename} [os_error]") from error
        except Exception as error:
            told = _database_refusal(error)
            if told is None:
                raise
            _end(ctx, told)


def _database_refusal(error: Exception) -> TemError | None:
    """Our own error for one of a database's driver, which is imported where there is one."""
    from tem.databases import database_refusals

    return database_refusals.in_plain_words(error)


def errors_end_with(status: int) -> None:
    """The exit status of the present command if it cannot do what it was asked to."""
    click.get_current_context().meta[_STATUS] = status


def _end(ctx: click.Context, error: TemError) -> NoReturn:
    if logs.nobody_reads_along():
        logs.log.critical("ended", code=error.code, detail=error.detail)
        ctx.exit(1)
    click.echo(f"Error: {error.detail} [{error.code}]", err=True)
    ctx.exit(ctx.meta.get(_STATUS, 1))


def _discard_output() -> None:
    """What is still to be written goes nowhere, so that the end of the process is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def for_this_command(engine: Engine) -> Engine:
    """An engine whose connections are given back when the present command ends."""
    click.get_current_context().call_on_close(engine.dispose)
    return engine


class Day(click.ParamType[date]):
    """A day on the command line, as ISO 8601 writes it."""

    name = "DAY"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        """Parse it, or say how it is written."""
        try:
            if not _DAY.fullmatch(value):
                raise ValueError(value)
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day: write it like 2026-10-31.", param, ctx)


class Instant(click.ParamType[datetime]):
    """An RFC 3339 instant on the command line."""

    name = "TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Parse it, or say how it is written."""
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--data DIR``: hands the command its ``installation``, made or yet to be made."""

    @click.option(
        "--data",
        metavar="DIR",
        help="The installation's folder (else TEM_DATA, else var/data).",
    )
    @functools.wraps(command)
    def with_installation(*args: Any, data: str | None, **options: Any) -> Any:
        installation = Installation.at(data)
        _require_right_user(installation)
        return command(*args, installation=installation, **options)

    return with_installation


def _require_right_user(installation: Installation) -> None:
    """Raises Conflict for root in somebody else's folder: the services could not read, nor
    SQLite's files beside a database be written, what root makes there."""
    folder = installation.data
    if os.geteuid() == 0 and folder.exists() and (owner := folder.stat().st_uid) != 0:
        raise Conflict(
            "wrong_user",
            f"{folder} belongs to another user, who could not read what root makes there. "
            f"Nothing was done. Run it as: sudo -u {_name(owner)} tem …",
        )


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"'#{user}'"


def existing_data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--data DIR`` of a command that only asks: a mistyped folder must not look empty."""

    @functools.wraps(command)
    def checked(*args: Any, installation: Installation, **options: Any) -> Any:
        if not click.get_current_context().meta.get(RESTORING):
            require_restored(installation)
        if not installation.exists:
            raise NotFound(
                "no_installation",
                f"There is no installation in {installation.data}: is --data or TEM_DATA right? "
                "`tem up` makes one; on a machine of one service `tem first-start SERVICE` or "
                "`tem serve SERVICE`.",
            )
        return command(*args, installation=installation, **options)

    return data_option(checked)


def stopping_flag(*signals: int) -> Callable[[], bool]:
    """A question that answers yes once one of the signals has arrived."""
    arrived: list[int] = []
    for number in signals:
        signal.signal(number, lambda received, frame: arrived.append(received))
    return lambda: bool(arrived)


def key_line(key: auth.KeyInfo) -> str:
    """A key as it is listed."""
    state = f"revoked {rfc3339(key.revoked_at)}" if key.revoked_at else "live"
    owner = f" {key.producer_id}" if key.producer_id else ""
    return f"{key.id}  {key.role}{owner}  {key.name}  made {rfc3339(key.created_at)}  {state}"


def key_commands(
    service: str,
    roles: tuple[Role, ...],
    open_store: Callable[[Installation], Engine],
    require_producer: Callable[[Connection, str], object] | None = None,
) -> click.Group:
    """``key create|list|revoke`` of one service, on the machine itself.

    ``require_producer`` raises NotFound for an id that is nobody's: a key for a mistyped one
    would be refused everywhere without saying why.
    """

    @click.group()
    def key() -> None:
        """API keys: each is shown once, when it is made."""

    with_producer = Role.PRODUCER in roles

    @key.command()
    @click.option("--role", required=True, type=click.Choice([str(role) for role in roles]))
    @click.option("--name", required=True, help="Whose key it is; two live ones at most.")
    @click.option(
        "--producer",
        metavar="ID",
        help="The producer, for --role producer.",
        hidden=not with_producer,
    )
    @existing_data_option
    def create(role: str, name: str, producer: str | None, installation: Installation) -> None:
        """Make a key and print it: it is the last word printed, and kept nowhere."""
        with writing(open_store(installation)) as connection:
            if producer is not None and require_producer is not None:
                require_producer(connection, producer)
            token = auth.create_key(connection, system_clock(), ACTOR, Role(role), name, producer)
        click.echo(f"Key for {name} ({role}) of the {service}; it is shown this once:", err=True)
        click.echo(token)

    @key.command("list")
    @existing_data_option
    def list_(installation: Installation) -> None:
        """List keys, live and revoked, without their secrets."""
        with reading(open_store(installation)) as connection:
            keys = auth.list_keys(connection)
        for one in keys:
            click.echo(key_line(one))

    @key.command()
    @click.argument("key_id")
    @existing_data_option
    def revoke(key_id: str, installation: Installation) -> None:
        """Revoke a key at once; KEY_ID is the first word of `key list`."""
        with writing(open_store(installation)) as connection:
            auth.revoke_key(connection, system_clock(), ACTOR, key_id)
        click.echo(f"{key_id} is revoked.")

    return key
