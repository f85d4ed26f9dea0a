"""Backups of SQLite installations: whole or refused, nothing overwritten, nothing put back half."""

import json
import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conftest import SetClock

from tem import serve
from tem.cli import main
from tem.errors import Conflict, Invalid, TemError
from tem.installation import Installation
from tem.process import hold_lock
from tem.upkeep import backup, backup_contents, restoring


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation after its first start and a backup of it; for copying only."""
    folder = tmp_path_factory.mktemp("made")
    serve.first_start(Installation(folder / "data"))
    backup.take(Installation(folder / "data"), folder / "backup", SetClock())
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of both: `data` and `backup`."""
    shutil.copytree(made, tmp_path / "here")
    return tmp_path / "here"


def tem(place: Path, *words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words), "--data", str(place / "data")])


def put_back(place: Path, *services: str) -> list[str]:
    """Restore these services (all without any) and give what it said."""
    steps = restoring.restore(
        Installation(place / "data"),
        place / "backup",
        services or backup_contents.SERVICES,
        SetClock()(),
        lambda: None,
    )
    return list(steps)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rename_in_list(folder: Path) -> None:
    """Make the list name a file outside the installation."""
    listed = folder / "backup.json"
    listed.write_text(listed.read_text().replace('"trust.json"', '"../trust.json"'))


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (lambda f: flip(f / "registry/registry.db"), "not the file that was copied"),
    "a file cut short": (lambda f: os.truncate(f / "trust.json", 9), "not the file"),
    "a file too few": (lambda f: (f / "verifier/verifier.db").unlink(), "is missing"),
    "a file too many": (lambda f: (f / "issuer/codes").write_text("x"), "not on the list"),
    "a name that leads elsewhere": (rename_in_list, "[backup_unreadable]"),
    "no list": (lambda f: (f / "backup.json").unlink(), "[no_backup]"),
    "half a list": (lambda f: os.truncate(f / "backup.json", 99), "[backup_unreadable]"),
    "a deep list": (lambda f: (f / "backup.json").write_text("[" * 100_000), "[backup_unreadable]"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_backup_is_found_and_never_restored(place: Path, harm: str) -> None:
    """`--check` ends with status 1 and says what is wrong; a restore of it changes nothing."""
    do, told = HARMS[harm]
    do(place / "backup")
    checked = tem(place, "backup", "--check", place / "backup")
    assert (checked.exit_code, told in checked.output) == (1, True), checked.output
    before = {p: p.read_bytes() for p in (place / "data").rglob("*") if p.is_file()}
    with pytest.raises(TemError):
        put_back(place)
    assert {p: p.read_bytes() for p in (place / "data").rglob("*") if p.is_file()} == before


def test_a_database_that_sqlite_finds_damaged_is_told(place: Path) -> None:
    """Digests may agree with a file that was damaged before it was copied: SQLite is asked too."""
    path = place / "backup" / "registry" / "registry.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'stamp_batch'")
    connection.close()
    assert list(backup_contents.damage(path))
    assert not list(backup_contents.damage(place / "backup" / "issuer" / "issuer.db"))


def test_a_damaged_installation_gives_no_backup(place: Path) -> None:
    """The copy is thrown away, and nothing of it is left beside."""
    path = place / "data" / "registry" / "registry.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'stamp_batch'")
    connection.close()
    refused = tem(place, "backup", place / "second")
    assert (refused.exit_code, "[backup_unsound]" in refused.output) == (1, True), refused.output
    assert {path.name for path in place.iterdir()} == {"data", "backup"}


@pytest.mark.parametrize(
    ("target", "code"), [("backup", "backup_exists"), ("data/issuer/copy", "backup_inside")]
)
def test_where_no_backup_goes(place: Path, target: str, code: str) -> None:
    """Not over something that is there, not into the installation."""
    refused = tem(place, "backup", place / target)
    assert (refused.exit_code, f"[{code}]" in refused.output) == (1, True)


def test_a_database_on_a_server_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in the backup, which says so to the last line; a restore of it is refused before
    anything moves. While there is a file of it too nobody knows which is in use: no backup."""
    monkeypatch.setenv("TEM_REGISTRY_DATABASE_URL", "postgresql://record/tem_registry")
    refused = tem(place, "backup", place / "second")
    assert refused.exit_code == 1 and "[database_in_two_places]" in refused.output
    assert not (place / "second").exists()
    (place / "data" / "registry" / "registry.db").rename(place / "aside")
    told = tem(place, "backup", place / "second")
    assert told.exit_code == 0 and "registry  NOT IN IT" in told.output
    last = told.output.splitlines()[-1]
    assert last.startswith("complete and checked, WITHOUT the databases of registry:")
    checked = tem(place, "backup", "--check", place / "second").output
    assert "WITHOUT the databases of registry" in checked
    listed = json.loads((place / "second" / "backup.json").read_text())
    assert listed["elsewhere"] == ["registry"] and set(listed["databases"]) == {
        "issuer",
        "verifier",
    }
    with pytest.raises(Conflict, match="own means"):
        put_back(place, "registry")
    assert not list((place / "data").rglob("*before-*"))


def test_a_restore_keeps_what_was_there(place: Path) -> None:
    """Databases go aside with what belongs to them; newer keys and checkpoints stay as they are."""
    data = place / "data"
    (data / "registry" / "registry.db-wal").write_bytes(b"newer")
    (data / "trust.json").write_text('{"newer": true}')
    old = (data / "registry" / "registry.db").read_bytes()
    said = put_back(place, "registry")
    kept = data / "registry" / "registry.db.before-20261120T020000Z"
    assert kept.read_bytes() == old
    assert kept.with_name(kept.name + "-wal").read_bytes() == b"newer"
    assert not (data / "registry" / "registry.db-wal").exists()
    assert (data / "trust.json").read_text() == '{"newer": true}'
    assert any("trust.json" in line and line.startswith("left") for line in said)
    copied = (place / "backup" / "registry" / "registry.db").read_bytes()
    assert (data / "registry" / "registry.db").read_bytes() == copied
    assert not list((data / "issuer").glob("*before*"))


def test_a_running_installation_is_not_restored(place: Path) -> None:
    """Whoever holds its lock keeps its files, and nobody is asked for a yes before."""
    lock = hold_lock(place / "data" / "up.lock")
    refused = tem(place, "restore", place / "backup")
    assert "[already_running]" in refused.output and "Restore" not in refused.stdout
    with pytest.raises(Conflict, match="stop them first"):
        put_back(place)
    os.close(lock)
    assert put_back(place)


def test_nothing_starts_on_half_a_restore(place: Path) -> None:
    """A restore that broke off leaves a mark that no start passes; done again, it goes on, and what
    was there before the first try is what is kept."""
    installation = Installation(place / "data")
    original = (place / "data" / "registry" / "registry.db").read_bytes()

    def broken_off() -> None:
        raise KeyboardInterrupt

    steps = restoring.restore(
        installation, place / "backup", ("registry",), SetClock()(), broken_off
    )
    with pytest.raises(KeyboardInterrupt):
        list(steps)
    with pytest.raises(Conflict, match="broken off"):
        serve.first_start(installation)
    for words in (
        ("issuer", "sign"),
        ("registry", "follow"),
        ("registry", "key", "list"),
        ("registry", "accept-restore", "--yes"),
        ("backup", place / "third"),
    ):
        assert "[restore_unfinished]" in tem(place, *words).output, words
    put_back(place, "registry")
    kept = place / "data" / "registry" / "registry.db.before-20261120T020000Z"
    assert kept.read_bytes() == original
    put_back(place, "registry")
    assert kept.read_bytes() == original
    serve.first_start(installation)


def test_a_service_that_the_backup_lacks(place: Path) -> None:
    """It is named, and nothing is changed."""
    listed = place / "backup" / "backup.json"
    told = json.loads(listed.read_text())
    del told["databases"]["verifier"], told["files"]["verifier/verifier.db"]
    listed.write_text(json.dumps(told))
    (place / "backup" / "verifier" / "verifier.db").unlink()
    with pytest.raises(TemError, match="no database of: verifier"):
        put_back(place, "verifier")
    listed.write_text("{}")
    with pytest.raises(Invalid, match="cannot be read"):
        put_back(place)


def test_checkpoints_that_nobody_can_check_any_more_are_put_aside(place: Path) -> None:
    """The audit key is lost with the machine: accepting goes on and keeps the old file."""
    assert tem(place, "registry", "audit", "checkpoint", "--keep").exit_code == 0
    kept = (place / "data" / "checkpoints" / "registry.txt").read_bytes()
    (place / "data" / "registry" / "audit-key").unlink()
    accepted = tem(place, "registry", "accept-restore", "--yes")
    assert accepted.exit_code == 0 and "cannot be checked" in accepted.output
    (aside,) = (place / "data" / "checkpoints").iterdir()
    assert aside.name.startswith("registry.before-") and aside.read_bytes() == kept


@contextmanager
def small_disk() -> Iterator[None]:
    """No file gets larger than 40 KiB, as if the disk were full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40 * 1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def all_files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_leaves_no_draft_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backup and restore say that there is no room, and where; found in time, nothing changes."""
    before = all_files(place)
    with small_disk():
        told = tem(place, "backup", place / "second").output
    assert "[no_room]" in told and str(place / "second") in told
    assert all_files(place) == before
    with small_disk():
        told = tem(place, "restore", place / "backup", "--yes").output
    assert "[no_room]" in told and str(place / "data/issuer/issuer.db:") in told
    mark, lock = place / "data" / "restore-unfinished", place / "data" / "up.lock"
    assert all_files(place) - before == {mark, lock}
    mark.unlink()
    lock.unlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 10))
    told = tem(place, "restore", place / "backup", "--yes").output
    assert "[no_room]" in told and "nothing was changed" in told
    assert all_files(place) - before == {lock}
