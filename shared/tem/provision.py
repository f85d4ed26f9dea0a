"""``tem provision``: the databases and accounts that a PostgreSQL server has to have, once.

It needs an account that may make others (``postgres``) and is the only command that does; it can
be repeated, to take up changed passwords too. What each account may do with tables is said by
``tem migrate`` (:mod:`tem.grants`).
"""

from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
from psycopg import sql

from tem.errors import Invalid, Unavailable
from tem.grants import ISSUER, OWNER, REGISTRY, REPLICATION, VERIFIER

# A database, and who may connect to it beside its owner.
DATABASES = {
    "issuer": ("tem_issuer", (ISSUER,)),
    "registry": ("tem_registry", (REGISTRY, VERIFIER, REPLICATION)),
    "verifier": ("tem_verifier", (VERIFIER,)),
    "published": ("tem_published", (VERIFIER,)),
}


def provision(admin_url: str, names: tuple[str, ...], passwords: Path) -> Iterator[str]:
    """Make what is missing on one server; a line for each database and account.

    ``passwords`` is a folder with one file for each account. Raises Invalid for a missing or
    empty one, Unavailable if the server cannot be reached.
    """
    accounts = [OWNER, *dict.fromkeys(a for name in names for a in DATABASES[name][1])]
    secret = {account: _password(passwords / account) for account in accounts}
    try:
        with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as connection:
            for account in accounts:
                yield _account(connection, account, secret[account])
            if "published" in names:
                connection.execute(f"GRANT pg_create_subscription TO {OWNER}")
            for name in names:
                yield _database(connection, *DATABASES[name])
    except psycopg.OperationalError as error:
        raise Unavailable(
            "database_unavailable", f"The server cannot be used: {str(error).splitlines()[0]}"
        ) from error


def _password(path: Path) -> str:
    try:
        found = path.read_text("utf-8").strip()
    except FileNotFoundError:
        found = ""
    if not found:
        raise Invalid("no_password", f"Put the password of {path.name} into {path}.")
    return found


def _account(connection: psycopg.Connection, account: str, password: str) -> str:
    """Make an account, or give it its password again; the server is told no plain password."""
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
    there = connection.execute(query, [account]).fetchone() is not None
    may = "REPLICATION" if account == REPLICATION else "NOREPLICATION"
    kind = b"scram-sha-256"
    hashed = connection.pgconn.encrypt_password(password.encode(), account.encode(), kind)
    statement = sql.SQL(
        "{verb} ROLE {account} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {may} "
        "PASSWORD {hashed}"
    ).format(
        verb=sql.SQL("ALTER" if there else "CREATE"),
        account=sql.Identifier(account),
        may=sql.SQL(may),
        hashed=sql.Literal(hashed.decode()),
    )
    connection.execute(statement)
    return f"account {account}: {'its password is set' if there else 'made'}"


def _database(connection: psycopg.Connection, name: str, users: tuple[str, ...]) -> str:
    """Make a database that its owner and those who work with it alone can connect to."""
    query = "SELECT 1 FROM pg_database WHERE datname = %s"
    there = connection.execute(query, [name]).fetchone() is not None
    if not there:
        connection.execute(
            f"CREATE DATABASE {name} OWNER {OWNER} ENCODING 'UTF8' TEMPLATE template0"
        )
    connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    for user in users:
        connection.execute(f"GRANT CONNECT ON DATABASE {name} TO {user}")
    return f"database {name}: {'was there' if there else 'made'}, for {', '.join(users)}"


@click.command("provision")
@click.argument("admin_url")
@click.option(
    "--for",
    "names",
    multiple=True,
    required=True,
    type=click.Choice(list(DATABASES)),
    help="A database to make here; repeat it for several.",
)
@click.option(
    "--passwords",
    required=True,
    type=click.Path(path_type=Path),
    help="A folder with one file for each account, its password in it.",
)
def command(admin_url: str, names: tuple[str, ...], passwords: Path) -> None:
    """Make databases and accounts on a PostgreSQL server; it can be repeated.

    ADMIN_URL is like postgresql://postgres@db/postgres; its password belongs into PGPASSFILE.

    \b
    tem provision ADMIN_URL --for issuer --for registry --passwords DIR     the record's server
    tem provision ADMIN_URL --for published --for verifier --passwords DIR  the verifiers' server
    Then, as tem_owner: tem migrate
    """
    for line in provision(admin_url, names, passwords):
        click.echo(line)
