"""``tem verifier key``: as in every service, and of a retailer's key what it is for."""

from collections.abc import Callable

import click
from sqlalchemy import Connection, Engine

from tem.clock import system_clock
from tem.commandline import ACTOR, existing_data_option, key_commands, key_line
from tem.databases.database import reading, writing
from tem.errors import Invalid
from tem.http import auth
from tem.installation import Installation
from tem.trail import audit
from tem.vocabulary import Role
from tem_verifier.retail import tills
from tem_verifier.retail.tills import Scope

ROLES = (Role.RETAILER, Role.SERVICE)


def make_key(
    connection: Connection,
    role: Role,
    name: str,
    chain: str | None,
    store: str | None,
    scopes: tuple[Scope, ...],
) -> str:
    """Make a key and give its only copy. Without chain, store and scopes a retailer's is for the
    chain of its name, in every store and for everything. Raises Invalid or Conflict."""
    token = auth.create_key(connection, system_clock(), ACTOR, role, name)
    if not (chain or store or scopes):
        return token
    if role is not Role.RETAILER:
        raise Invalid("not_a_retailer", "--chain, --store and --scope are for --role retailer.")
    limits = chain or name, store, scopes or tuple(Scope)
    key_id = token.split("_")[1]
    tills.keep(connection, key_id, *limits)
    told = {"chain": limits[0], "store": store, "scopes": sorted(limits[2])}
    audit.record(connection, system_clock(), ACTOR, "key.limited", f"key:{key_id}", told)
    return token


def commands(open_store: Callable[[Installation], Engine]) -> click.Group:
    """``key create|list|revoke`` of the verifier."""
    group = key_commands("verifier", ROLES, open_store)
    scope_words = click.Choice([str(scope) for scope in Scope])

    @group.command()
    @click.option("--role", required=True, type=click.Choice([str(role) for role in ROLES]))
    @click.option("--name", required=True, help="Whose key it is; two live ones at most.")
    @click.option("--chain", help="A retailer's chain; the name if left out.")
    @click.option("--store", help="The only store it may sell for; every one if left out.")
    @click.option("--scope", "scopes", multiple=True, type=scope_words, help="All if left out.")
    @existing_data_option
    def create(
        role: str,
        name: str,
        chain: str | None,
        store: str | None,
        scopes: tuple[str, ...],
        installation: Installation,
    ) -> None:
        """Make a key and print it: it is the last word printed, and kept nowhere."""
        allowed = tuple(Scope(one) for one in scopes)
        with writing(open_store(installation)) as connection:
            token = make_key(connection, Role(role), name, chain, store, allowed)
        click.echo(f"Key for {name} ({role}) of the verifier; it is shown this once:", err=True)
        click.echo(token)

    @group.command("list")
    @existing_data_option
    def list_(installation: Installation) -> None:
        """List keys, live and revoked, without their secrets; retailers' with what they are for."""
        with reading(open_store(installation)) as connection:
            for one in auth.list_keys(connection):
                click.echo(key_line(one) + _limits(connection, one))

    return group


def _limits(connection: Connection, key: auth.KeyInfo) -> str:
    if key.role != Role.RETAILER:
        return ""
    till = tills.till_of(connection, auth.Principal(key.id, key.name, Role.RETAILER))
    store = till.store or "every store"
    return f"  chain {till.chain}, {store}, {' '.join(s for s in Scope if s in till.scopes)}"
