"""``tem provision``: the databases and accounts that a PostgreSQL server has to have, once.

It needs an account that may make others (``postgres``) and is the only command that does; it can
be repeated, to take up changed passwords too. What each account may do with tables is said by
``tem migrate`` (:mod:`tem.databases.grants`).
"""

from collections.abc import Iterator
from pathlib import Path

import click
import psycopg
from psycopg import sql

from tem.databases.grants import ISSUER, OWNER, REGISTRY, REPLICATION, VERIFIER
from tem.errors import Invalid, Unavailable

# A database, and who may connect to it beside its owner.
DATABASES = {
    "issuer": ("tem_issuer", (ISSUER,)),
    "registry": ("tem_registry", (REGISTRY, VERIFIER, REPLICATION)),
    "verifier": ("tem_verifier", (VERIFIER,)),
    "published": ("tem_published", (VERIFIER,)),
}


def provision(admin_url: str, names: tuple[str, ...], passwords: Path) -> Iterator[str]:
    """Make what is missing on one server; a line for each database and account.

    ``passwords`` is a folder with one file for each account. Raises Invalid naming every missing
    or empty one, Unavailable if the server cannot be reached.
    """
    accounts = [OWNER, *dict.fromkeys(a for name in names for a in DATABASES[name][1])]
    secret = _passwords(passwords, accounts)
    try:
        address = admin_url.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext('tem provision'))")
            for account in accounts:
                yield _account(connection, account, secret[account])
            if "published" in names:
                connection.execute(f"GRANT pg_create_subscription TO {OWNER}")
                # A subscription's address holds a password: see tem.databases.subscription.
                connection.execute(f"GRANT SET ON PARAMETER log_min_error_statement TO {OWNER}")
            for name in names:
                yield _database(connection, *DATABASES[name])
            for database in ("postgres", "template1"):
                connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
        for name in names:
            with psycopg.connect(address, dbname=DATABASES[name][0], autocommit=True) as connection:
                _take_away(connection)
    except psycopg.OperationalError as error:
        raise Unavailable(
            "database_unavailable", f"The server cannot be used: {str(error).splitlines()[0]}"
        ) from error


def _passwords(folder: Path, accounts: list[str]) -> dict[str, str]:
    there = (account for account in accounts if (folder / account).exists())
    found = {account: (folder / account).read_text("utf-8").strip() for account in there}
    if missing := [account for account in accounts if not found.get(account)]:
        raise Invalid(
            "no_password",
            f"Passwords are missing in {folder}: put each into a file of the account's name: "
            f"{', '.join(missing)}. Nothing was changed.",
        )
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


# What every account may call by PostgreSQL's default, and none of ours needs: it writes into the
# database, or can keep others waiting.
_NOT_FOR_ALL = (
    "lo_%",
    "lowrite",
    "pg_logical_emit_message",
    "pg_notify",
    "pg_advisory_%",
    "pg_try_advisory_%",
)


def _take_away(connection: psycopg.Connection) -> None:
    """Leave to everybody what reads; the issuer keeps advisory locks: its signer needs one."""
    query = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace::regnamespace::text = "
    query += "'pg_catalog'"
    for pattern in _NOT_FOR_ALL:
        found = connection.execute(f"{query} AND proname LIKE %s".encode(), [pattern]).fetchall()
        for (function,) in found:
            connection.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC".encode())
            if "advisory" in pattern and connection.info.dbname == DATABASES["issuer"][0]:
                connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {ISSUER}".encode())


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
