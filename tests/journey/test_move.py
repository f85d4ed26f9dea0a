"""`tem move`: a SQLite installation on PostgreSQL, whole and the same, or not there at all."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from tests.journey.on_postgresql import Databases, databases
from tests.postgres import PostgresServer
from tests.running import environment

from tem.cli import main
from tem.databases.database import open_engine, reading, sqlite_url, writing
from tem.installation import Installation
from tem.process import die_with_parent, hold_lock


@pytest.fixture
def data(imported: Path, tmp_path: Path) -> Path:
    """A copy of the imported sample, not running."""
    shutil.copytree(imported, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def empty(postgres: PostgresServer, data: Path) -> Iterator[Databases]:
    """Databases that `tem migrate` has prepared."""
    with databases(postgres) as made:
        made.migrate(data)
        yield made


Settings = dict[str, str]


def run(data: Path, settings: Settings, *words: str) -> Result:
    """A command of `tem` in this process, under these settings."""
    return CliRunner().invoke(
        main, [*words, "--data", str(data)], env=settings, catch_exceptions=False
    )


def move(data: Path, there: Databases, *words: str, **changed: str) -> Result:
    """`tem move` as the owner, with some settings changed."""
    return run(data, there.as_owner | changed, "move", *words)


def digests(data: Path, settings: Settings) -> str:
    done = run(data, settings, "fsck", "--digest")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 3
    return done.stdout


def rows(there: Databases, service: str, table: str) -> int:
    engine = open_engine(there.as_owner[f"TEM_{service.upper()}_DATABASE_URL"])
    with reading(engine) as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    engine.dispose()
    return found


def change(url: str, statement: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def sqlite_of(data: Path, service: str) -> str:
    return sqlite_url(Installation.at(data).database(service))


def test_the_same_state_on_another_engine(data: Path, empty: Databases) -> None:
    """A rehearsal changes nothing; the move gives the same digests and every invariant holds, the
    files stay as they were; a second move finds all of it there."""
    before = digests(data, {})
    rehearsed = move(data, empty, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert rehearsed.stdout == "nothing was changed\n"
    assert [rows(empty, service, "audit_entry") for service in empty.names] == [0, 0, 0]

    moved = move(data, empty)
    assert moved.exit_code == 0, moved.output
    assert digests(data, empty.settings) == before == digests(data, {})
    assert rows(empty, "registry", "published.published_card") > 0
    checked = run(data, empty.settings, "fsck")
    assert checked.stdout == "every invariant holds\n", checked.output

    again = move(data, empty)
    assert again.exit_code == 0 and again.stderr.count("there already") == 3, again.output


def test_a_move_killed_in_the_middle_goes_on(data: Path, empty: Databases) -> None:
    """After kill -9 a service is moved or empty; the same command again does the rest."""
    killed = subprocess.Popen(
        [sys.executable, "-m", "tem", "move", "--data", str(data)],
        env=environment(data, empty.as_owner),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    assert killed.stderr is not None
    with killed.stderr as told:
        assert any(line.startswith("registry: product,") for line in told)
        killed.kill()
    assert killed.wait(20) == -signal.SIGKILL
    assert rows(empty, "issuer", "batch") > 0
    assert rows(empty, "registry", "product") == rows(empty, "verifier", "audit_entry") == 0

    again = move(data, empty)
    assert again.exit_code == 0, again.output
    assert "issuer: there already" in again.stderr and "registry: moved" in again.stderr
    assert digests(data, empty.settings) == digests(data, {})


def test_a_target_that_holds_something_is_left_alone(data: Path, empty: Databases) -> None:
    """One service's database with a row of its own is enough: no service is moved."""
    sql = "INSERT INTO api_key VALUES ('a', 'b', 'office', NULL, 'c', now(), NULL)"
    change(empty.as_owner["TEM_VERIFIER_DATABASE_URL"], sql)
    refused = move(data, empty)
    assert refused.exit_code == 1 and "(api_key)" in refused.output, refused.output
    assert "target_not_empty" in refused.output
    assert rows(empty, "issuer", "batch") == rows(empty, "registry", "product") == 0


def test_a_faulty_state_is_not_moved(data: Path, empty: Databases) -> None:
    """What `tem fsck` finds in the files is said, and nothing is moved."""
    change(sqlite_of(data, "registry"), "UPDATE stamp_batch SET quantity = quantity + 1")
    refused = move(data, empty)
    assert refused.exit_code == 1 and "source_faulty" in refused.output
    assert "registry: " in refused.output
    assert rows(empty, "issuer", "batch") == 0


TRIGGER = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.seq = 5 THEN NEW.request_id := 'x'; END IF; RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION spoil();
"""


def test_what_arrives_otherwise_than_it_was_sent_is_not_kept(data: Path, empty: Databases) -> None:
    """One cell that is another in the database than in the file, and the service is not moved."""
    with psycopg.connect(empty.as_owner["TEM_ISSUER_DATABASE_URL"].replace("+psycopg", "")) as own:
        own.execute(TRIGGER)
    refused = move(data, empty, "issuer")
    assert refused.exit_code == 1 and "[digest_differs]" in refused.output, refused.output
    assert "(audit_entry)" in refused.output
    assert rows(empty, "issuer", "audit_entry") == rows(empty, "issuer", "batch") == 0


def test_what_postgresql_refuses_is_found_by_a_rehearsal(data: Path, empty: Databases) -> None:
    """SQLite keeps a text longer than its column: the rehearsal says where, and what was in the
    way can be mended before anything is moved."""
    wide = f"UPDATE import_ledger SET digest = '{'x' * 65}' WHERE kind = 'producer'"
    change(sqlite_of(data, "registry"), wide)
    refused = move(data, empty, "--dry-run")
    assert refused.exit_code == 1 and "move_refused" in refused.output
    assert "import_ledger" in refused.output, refused.output
    assert rows(empty, "issuer", "batch") == 0
    whole = move(data, empty, "issuer")
    assert whole.exit_code == 0, whole.output
    assert rows(empty, "issuer", "batch") > 0 and rows(empty, "registry", "product") == 0


def test_what_the_settings_must_say(data: Path, empty: Databases, postgres: PostgresServer) -> None:
    """No target, one for two, one that is away or was not migrated, services that run: each is
    told by its code, and nothing is moved."""
    issuer, registry = "TEM_ISSUER_DATABASE_URL", "TEM_REGISTRY_DATABASE_URL"
    urls = empty.as_owner

    def code(**changed: str) -> str:
        refused = move(data, empty, "issuer", "registry", **changed)
        assert refused.exit_code == 1
        return refused.output.strip().rpartition(" ")[2]

    lock = hold_lock(Installation.at(data).lock_file)
    assert code() == "[already_running]"
    os.close(lock)
    assert code(**{registry: ""}) == "[no_target]"
    other_account = postgres.url(empty.names["issuer"])
    assert code(**{registry: other_account}) == "[one_target_for_two]"
    assert code(**{issuer: urls[issuer].replace(str(postgres.port), "1")}) == "[target_unavailable]"
    assert code(**{issuer: postgres.url("postgres")}) == "[database_of_another_version]"
    assert rows(empty, "issuer", "batch") == rows(empty, "registry", "product") == 0
    Installation.at(data).database("issuer").unlink()
    assert code() == "[source_missing]"
