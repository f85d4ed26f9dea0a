"""What each account may do on PostgreSQL, table by table: ``tem migrate`` sets exactly this.

The tables belong to ``tem_owner``, which alone changes them; services have accounts of their own.
An account that does not exist is left out: one machine may do with the owner's alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, text

OWNER = "tem_owner"
ISSUER, REGISTRY, VERIFIER = "tem_issuer", "tem_registry", "tem_verifier"
REPLICATION = "tem_replication"
ACCOUNTS = (OWNER, ISSUER, REGISTRY, VERIFIER, REPLICATION)

# MAINTAIN allows VACUUM and LOCK TABLE, and no change of any row.
_APPEND = "SELECT, INSERT, MAINTAIN"
_WORK = "SELECT, INSERT, UPDATE, MAINTAIN"
_DELETE = "SELECT, INSERT, UPDATE, DELETE, MAINTAIN"
# Beside the trail, what tills told, and what their keys may do.
_APPEND_ONLY = frozenset({"audit_entry", "retailer_key", "sale_event"})


@dataclass(frozen=True, slots=True)
class Grant:
    """One account's privileges on one table."""

    account: str
    table: Table
    privileges: str


Grants = tuple[Grant, ...]


def work(account: str, *known: MetaData, deletes: frozenset[str] = frozenset()) -> Grants:
    """A service's own tables: it reads and writes rows, but entries of the trail, and what else is
    evidence, only come.

    Rows go from the tables named in ``deletes`` alone.
    """

    def may(name: str) -> str:
        if name in _APPEND_ONLY:
            return _APPEND
        return _DELETE if name in deletes else _WORK

    return tuple(
        Grant(account, table, may(table.name))
        for metadata in known
        for table in metadata.sorted_tables
    )


def read(account: str, *known: MetaData) -> Grants:
    """Tables an account may read and nothing else."""
    return tuple(
        Grant(account, table, "SELECT") for metadata in known for table in metadata.sorted_tables
    )


def apply(connection: Connection, grants: Grants) -> Iterator[str]:
    """Let each account do what is granted and nothing else, in the caller's transaction.

    ``grants`` are all there are in the schemas they name. A line for each account. On SQLite
    there are no accounts: nothing is done.
    """
    if connection.dialect.name != "postgresql":
        return
    there = set(connection.execute(text("SELECT rolname FROM pg_roles")).scalars())
    for schema in sorted({_schema(grant) for grant in grants}):
        for account in (one for one in ACCOUNTS if one != OWNER and one in there):
            connection.exec_driver_sql(
                f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {account}"
            )
    for account in sorted({grant.account for grant in grants}):
        own = [grant for grant in grants if grant.account == account]
        if account in there:
            for statement in _statements(account, own):
                connection.exec_driver_sql(statement)
            yield f"{account} may use {len(own)} tables"
        else:
            yield f"there is no account {account}: it was granted nothing"


def _statements(account: str, own: list[Grant]) -> Iterator[str]:
    for schema in sorted({_schema(grant) for grant in own}):
        yield f"GRANT USAGE ON SCHEMA {schema} TO {account}"
        if any("INSERT" in grant.privileges for grant in own):
            yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {account}"
    for grant in own:
        yield f"GRANT {grant.privileges} ON {_schema(grant)}.{grant.table.name} TO {account}"


def _schema(grant: Grant) -> str:
    return grant.table.schema or "public"
