"""``tem registry account``: inviting people on the machine itself, the first of all."""

import os
from typing import Any

import click
from sqlalchemy import Engine

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option, for_this_command
from tem.databases.database import reading, writing
from tem.errors import NotFound
from tem.installation import Installation
from tem.vocabulary import Role
from tem_registry import settings
from tem_registry.accounts import account_records, account_rules, accounts
from tem_registry.store import open_store

AT_ONCE = 200


@click.group()
def account() -> None:
    """People who sign in to the registry's pages.

    Each is invited with a code, good once and for seven days, with which the person sets a
    password on the page /invitation.
    """


@account.command()
@click.option("--role", required=True, type=click.Choice([str(role) for role in accounts.ROLES]))
@click.option("--login", required=True, help="What the person types: telephone, e-mail or a word.")
@click.option("--name", required=True, help="What others see.")
@click.option("--producer", metavar="ID", help="The producer, for --role producer.")
@existing_data_option
def invite(
    role: str, login: str, name: str, producer: str | None, installation: Installation
) -> None:
    """Invite a person; the code is the last word printed, and kept nowhere."""
    with writing(_store(installation)) as connection:
        made, code = accounts.invite(
            connection,
            system_clock(),
            ACTOR,
            login=login,
            name=name,
            role=Role(role),
            producer_id=producer,
        )
    _tell(made, code, installation)


@account.command()
@click.argument("login")
@existing_data_option
def reset(login: str, installation: Installation) -> None:
    """A new invitation in place of the password of LOGIN; signs out everywhere."""
    with writing(_store(installation)) as connection:
        made, code = accounts.reset(connection, system_clock(), ACTOR, _id(connection, login))
    _tell(made, code, installation)


@account.command()
@click.argument("login")
@existing_data_option
def disable(login: str, installation: Installation) -> None:
    """Let LOGIN do nothing any more, at once."""
    with writing(_store(installation)) as connection:
        accounts.disable(connection, system_clock(), ACTOR, _id(connection, login))
    click.echo(f"{login} is disabled.")


@account.command("list")
@existing_data_option
def list_(installation: Installation) -> None:
    """List accounts and their states."""
    now, after = system_clock(), ""
    with reading(_store(installation)) as connection:
        while found := account_records.page(connection, after=after, limit=AT_ONCE):
            for one in found:
                owner = f" {one.producer_id}" if one.producer_id else ""
                click.echo(f"{one.login}  {one.role}{owner}  {one.name}  {one.state(now)}")
            after = found[-1].login


def _store(installation: Installation) -> Engine:
    return for_this_command(open_store(settings.read(os.environ, installation)))


def _id(connection: Any, login: str) -> str:
    """Raises NotFound for a login that nobody has."""
    folded = account_rules.fold_login(login)
    found = account_records.by_login(connection, folded)
    if found is None:
        raise NotFound("no_such_account", f"Nobody has the login {folded}: see `account list`.")
    return found.id


def _tell(made: account_records.Account, code: str, installation: Installation) -> None:
    place = installation.addresses().get("registry_url", "the registry's address")
    click.echo(
        f"{made.login} may set a password at {place}/invitation within seven days.", err=True
    )
    click.echo("The code, shown this once:", err=True)
    click.echo(code)
