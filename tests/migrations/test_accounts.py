"""Accounts on PostgreSQL: each may do what its service needs and nothing else, tried out."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import errors
from sqlalchemy import make_url
from tests.migrations.keep_release import FILL, HISTORIES, open_schema
from tests.postgres import PostgresServer

from tem.cli import main
from tem.databases import grants, migrations, published
from tem.databases.database import open_engine, plumbing
from tem.databases.migrations import Database
from tem.errors import Conflict
from tem.upkeep.provision import DATABASES

ACCOUNTS = ("tem_owner", "tem_issuer", "tem_registry", "tem_verifier", "tem_replication")
Refused = errors.InsufficientPrivilege
ONLY_ADDED = {
    "verifier": (
        "UPDATE sale_event SET store = 'x'",
        "DELETE FROM sale_event",
        "UPDATE retailer_key SET scopes = 'sell'",
        "DELETE FROM retailer_key",
    )
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own: accounts belong to a server."""
    with PostgresServer() as started:
        yield started


@pytest.fixture(scope="module")
def provisioned(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> PostgresServer:
    """One server with everything: provisioned twice, migrated, and with some rows in it."""
    folder = tmp_path_factory.mktemp("passwords")
    password = make_url(server.url("postgres")).password or ""
    command = ["provision", server.url("postgres"), "--passwords", str(folder)]
    for name in DATABASES:
        command += ["--for", name]
    early = CliRunner().invoke(main, command)
    assert early.exit_code == 1
    assert "[no_password]" in early.output
    assert all(account in early.output for account in ACCOUNTS)
    for account in ACCOUNTS:
        (folder / account).write_text(f"{password}\n")
    for word in ("made", "its password is set"):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert f"account tem_owner: {word}" in done.output
        assert password not in done.output
    for name, histories in {**HISTORIES, "published": (migrations.PUBLISHED,)}.items():
        url = server.url(DATABASES[name][0], "tem_owner")
        target = Database(name, url, histories, publishes=name == "registry")
        said = " ".join(migrations.migrate(target))
        assert "there is no account" not in said
        if name in FILL:
            engine = open_engine(url)
            open_schema(name, engine)
            FILL[name](engine)
            engine.dispose()
    return server


def connect(server: PostgresServer, database: str, account: str) -> psycopg.Connection:
    address = server.url(database, account).replace("+psycopg", "")
    return psycopg.connect(address, autocommit=True)


@pytest.mark.parametrize("account", ACCOUNTS[1:])
@pytest.mark.parametrize("name", DATABASES)
def test_an_account_connects_only_where_it_has_work(
    provisioned: PostgresServer, name: str, account: str
) -> None:
    """To any other database it is refused at the door, with the right password too."""
    database, users = DATABASES[name]
    if account in users:
        connect(provisioned, database, account).close()
    else:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(provisioned, database, account)


def test_the_verifier_reads_the_published_tables_and_nothing_else(
    provisioned: PostgresServer,
) -> None:
    """Every table of the registry's database is tried with every verb."""
    names = {table.fullname for table in published.metadata.sorted_tables}
    with connect(provisioned, "tem_registry", "tem_verifier") as connection:
        query = (
            "SELECT schemaname || '.' || tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
            "UNION SELECT schemaname || '.' || viewname FROM pg_views "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        there = {row[0] for row in connection.execute(query)}
        assert names < there
        assert {"public.audit_entry", "public.api_key", "public.published_card"} < there
        for table in sorted(there):
            reading = f"SELECT * FROM {table} LIMIT 1"
            if table in names:
                connection.execute(reading.encode())
            else:
                with pytest.raises(Refused):
                    connection.execute(reading.encode())
            for writing in (
                f"DELETE FROM {table}",
                f"INSERT INTO {table} DEFAULT VALUES",
                f"TRUNCATE {table}",
                f"DO $$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; END $$",
                f"DROP TABLE {table}",
                f"ALTER TABLE {table} ADD COLUMN x int",
                f"CREATE INDEX ON {table} ((1))",
                f"COPY {table} FROM PROGRAM 'true'",
                f"CREATE TRIGGER t BEFORE UPDATE ON {table} EXECUTE FUNCTION x()",
            ):
                with pytest.raises((Refused, errors.WrongObjectType, errors.UndefinedFunction)):
                    connection.execute(writing.encode())
        for statement in (
            "CREATE TABLE public.mine (id int)",
            "CREATE TABLE published.mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE TEMP TABLE mine (id int)",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT * FROM pg_authid",
            "SELECT lo_import('/etc/passwd')",
            "COPY (SELECT 1) TO '/tmp/x'",
            "SELECT lo_create(0)",
            "SELECT lo_from_bytea(0, 'x')",
            "SELECT pg_logical_emit_message(false, 'a', 'b')",
            "SELECT pg_advisory_lock(1)",
            "SET ROLE tem_owner",
            "SET ROLE tem_registry",
            "SET SESSION AUTHORIZATION tem_owner",
            "CREATE ROLE thief SUPERUSER",
            "ALTER ROLE tem_verifier SUPERUSER",
            "ALTER SYSTEM SET fsync = off",
            "SELECT nextval('public.activation_id_seq')",
            "CREATE EXTENSION dblink",
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
            "CREATE PUBLICATION p FOR ALL TABLES",
            "SELECT pg_create_physical_replication_slot('s')",
        ):
            with pytest.raises(
                (Refused, errors.FeatureNotSupported, errors.ObjectNotInPrerequisiteState)
            ):
                connection.execute(statement.encode())


@pytest.mark.parametrize("service", HISTORIES)
def test_a_service_works_and_changes_no_table(provisioned: PostgresServer, service: str) -> None:
    """It reads and writes rows of its tables; entries of the trail, and what tills told, it can
    only add."""
    database, account = DATABASES[service][0], f"tem_{service}"
    with connect(provisioned, database, account) as connection:
        for table in (t for h in HISTORIES[service] for m in h.metadata for t in m.sorted_tables):
            connection.execute(f"SELECT * FROM {table.fullname} LIMIT 1".encode())
            with pytest.raises(Refused):
                connection.execute(f"DROP TABLE {table.fullname}".encode())
            with pytest.raises(Refused):
                connection.execute(f"TRUNCATE {table.fullname}".encode())
        for statement in (
            "UPDATE audit_entry SET actor = 'x'",
            "DELETE FROM audit_entry",
            "DELETE FROM audit_head",
            "DELETE FROM api_key",
            "CREATE TABLE mine (id int)",
            f"UPDATE {service}_version SET version_num = '9'",
            *ONLY_ADDED.get(service, ()),
        ):
            with pytest.raises(Refused):
                connection.execute(statement.encode())
        rows = connection.execute("UPDATE api_key SET name = name").rowcount
        assert rows == 1


def test_the_replica_is_for_reading(provisioned: PostgresServer) -> None:
    """On the verifiers' server too their account only reads what was published."""
    with connect(provisioned, "tem_published", "tem_verifier") as connection:
        for table in published.metadata.sorted_tables:
            connection.execute(f"SELECT count(*) FROM {table.fullname}".encode())
            with pytest.raises(Refused):
                connection.execute(f"DELETE FROM {table.fullname}".encode())


def test_what_is_granted_names_every_table() -> None:
    """A table added to a service is granted with it."""
    for service, histories in HISTORIES.items():
        tables = {t for h in histories for m in h.metadata for t in m.sorted_tables}
        granted = {g.table for h in histories for g in h.grants if g.account == f"tem_{service}"}
        assert granted == tables
    assert "audit_entry" in plumbing.tables
    assert {g.privileges for g in migrations.PUBLISHED.grants if g.account == grants.VERIFIER} == {
        "SELECT"
    }


def test_a_server_that_is_away_is_said(tmp_path: Path) -> None:
    """Without the address's password in what is said."""
    (tmp_path / "tem_owner").write_text("x")
    (tmp_path / "tem_issuer").write_text("y")
    url = "postgresql://postgres:geheim@127.0.0.1:9/postgres"
    command = ["provision", url, "--for", "issuer", "--passwords", str(tmp_path)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "[database_unavailable]" in done.output
    assert "geheim" not in done.output


def test_no_account_works_in_a_database_that_is_nobodys(provisioned: PostgresServer) -> None:
    """What comes with every server is closed."""
    for account in ACCOUNTS[1:]:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(provisioned, "postgres", account)


def test_a_database_of_another_service_is_not_migrated(provisioned: PostgresServer) -> None:
    """A mistaken address changes nothing, and is no database that is up to date either."""
    for service, other in (
        ("registry", "tem_verifier"),
        ("registry", "tem_published"),
        ("verifier", "tem_issuer"),
        ("published", "tem_issuer"),
    ):
        histories = {**HISTORIES, "published": (migrations.PUBLISHED,)}[service]
        target = Database(service, provisioned.url(other, "tem_owner"), histories)
        with pytest.raises(Conflict) as refused:
            list(migrations.migrate(target))
        assert refused.value.code == "another_services_database"
    list(
        migrations.migrate(
            Database(
                "published", provisioned.url("tem_registry", "tem_owner"), (migrations.PUBLISHED,)
            )
        )
    )


WRONG = {
    "another account": ("tem_issuer", "tem_registry", "", "not_the_owner", 2),
    "no such database": ("tem_nothing", "tem_owner", "", "database_unavailable", 2),
    "a wrong password": ("tem_issuer", "tem_owner", "x", "database_unavailable", 2),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_a_database_refuses_is_told_in_a_line(
    provisioned: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A code, no traceback, no password; a check that cannot be made is not one that found work."""
    database, account, tail, code, status = WRONG[fault]
    with psycopg.connect(provisioned.url("postgres").replace("+psycopg", "")) as connection:
        connection.execute("GRANT CONNECT ON DATABASE tem_issuer TO tem_registry")
    url = make_url(provisioned.url(database, account))
    address = url.set(password=f"{url.password}{tail}").render_as_string(hide_password=False)
    monkeypatch.setenv("TEM_ISSUER_DATABASE_URL", address)
    words = ["migrate", "issuer", "--data", str(tmp_path)]
    for more, expected in (["--check"], status), ([], 1):
        done = CliRunner().invoke(main, [*words, *more])
        assert (done.exit_code, f"[{code}]" in done.stderr) == (expected, True), done.output
        assert isinstance(done.exception, SystemExit)
        assert (url.password or "") not in done.output


def test_the_password_of_a_source_is_not_in_the_log(
    provisioned: PostgresServer, tmp_path: Path
) -> None:
    """A subscription that the source refuses leaves its address in no line of the server."""
    (tmp_path / "password").write_text("B1-m4t-nh4n-b4n")
    source = "postgresql://tem_replication@127.0.0.1:1/tem_registry"
    copy = {"TEM_PUBLISHED_DATABASE_URL": provisioned.url("tem_published", "tem_owner")}
    command = ["replica", "subscribe", source, "--password-file", str(tmp_path / "password")]
    done = CliRunner().invoke(main, [*command, "--data", str(tmp_path)], env=copy)
    assert done.exit_code == 1 and "[source_unavailable]" in done.output
    assert provisioned.folder is not None
    log = (provisioned.folder / "log").read_text(errors="replace")
    assert "B1-m4t-nh4n-b4n" not in log + done.output and "could not connect" in log
