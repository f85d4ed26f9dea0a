"""An older copy of the issuer's database in place of the present one: refused until accepted."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, delete
from tests.issuer.issuer_support import KILLED, Mint, ended, fork, kill_self, signing, until
from tests.postgres import PostgresServer
from tests.running import Running, running, tem
from werkzeug.test import TestResponse

from tem.cli import main
from tem.databases.database import sqlite_url
from tem.databases.grants import OWNER
from tem.errors import Unavailable
from tem_issuer import first_start, fsck, high_water, restoring, storage
from tem_issuer.store import open_store

ORDER = {"product_id": "sp-1", "producer_id": "cs-1", "quantity": 5}


@dataclass
class Backup:
    """Yesterday's database of a mint, to be put back in its place."""

    mint: Mint
    take: Callable[[], None]
    put_back: Callable[[], None]


@pytest.fixture
def backup(mint_on_each: Mint, tmp_path: Path, request: pytest.FixtureRequest) -> Backup:
    """SQLite's online backup, or a copy of the database on the PostgreSQL server."""
    mint = mint_on_each
    if mint.engine.dialect.name == "sqlite":
        file, copy = Path(str(mint.engine.url.database)), tmp_path / "copy.db"
        return Backup(mint, lambda: online_backup(file, copy), lambda: replace_by(mint, copy, file))
    server: PostgresServer = request.getfixturevalue("postgres")
    name = str(mint.engine.url.database)

    def copied(source: str, target: str) -> None:
        mint.engine.dispose()
        server.drop_database(target)
        server.create_database(target, like=source)

    request.addfinalizer(lambda: server.drop_database(f"{name}_copy"))
    return Backup(mint, lambda: copied(name, f"{name}_copy"), lambda: copied(f"{name}_copy", name))


def online_backup(file: Path, copy: Path) -> None:
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()


def replace_by(mint: Mint, copy: Path, file: Path) -> None:
    mint.engine.dispose()
    restore_file(copy, file)


def restore_file(copy: Path, file: Path) -> None:
    for end in ("-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)
    shutil.copy(copy, file)


def order(mint: Mint, key: str) -> TestResponse:
    headers = mint.bearer("service", **{"Idempotency-Key": key})
    return mint.client().post("/v1/batches", json=ORDER, headers=headers)


def issue(mint: Mint, key: str) -> int:
    """A batch ordered over HTTP and released, and the mark told, as the signer does."""
    number: int = order(mint, key).json["number"]
    restoring.keep_up(mint.engine, mint.settings)
    mint.run(number)
    restoring.keep_up(mint.engine, mint.settings)
    return number


def accept(mint: Mint, *more: str) -> Result:
    words = ["issuer", "accept-restore", "--yes", *more, "--data", str(mint.installation.data)]
    return CliRunner().invoke(main, words)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as caught:
        act()
    return caught.value.code


def seen(mint: Mint) -> object:
    mark = mint.settings.high_water
    content = mark.read_bytes() if mark.exists() else None
    return (mint.batches(), mint.trail(), content, mint.files())


def require_refused_everywhere(mint: Mint, code: str) -> None:
    """Reservation, readiness, first start, signer and fsck say so, and nothing changes."""
    before = seen(mint)
    answer = order(mint, "refused")
    assert (answer.status_code, answer.json["code"]) == (503, code)
    assert answer.headers["Retry-After"]
    ready = mint.client().get("/readyz")
    assert (ready.status_code, ready.json["code"]) == (503, code)
    assert refusal(lambda: first_start.prepare(mint.installation)) == code
    assert refusal(lambda: mint.signer().serve(lambda: False)) == code
    assert len(list(fsck.check(mint.installation))) == 1
    assert seen(mint) == before


def test_yesterday_s_database_goes_on_behind_what_was_given(backup: Backup) -> None:
    """Refused until accepted; then the next number is new, the trail tells and fsck is content."""
    mint = backup.mint
    assert [issue(mint, f"k{n}") for n in (1, 2)] == [1, 2]
    backup.take()
    assert [issue(mint, f"k{n}") for n in (3, 4)] == [3, 4]
    assert list(fsck.check(mint.installation)) == []
    backup.put_back()
    require_refused_everywhere(mint, "issuer_restored")
    done = accept(mint)
    assert (done.exit_code, done.stdout) == (0, "The next batch gets number 5.\n")
    entry = mint.trail()[-1]
    assert (entry.action, entry.actor) == ("restore.accepted", "command-line")
    assert entry.details == {"first": 3, "last": 4, "failed": [], "lost": False}
    assert issue(mint, "k5") == 5
    assert list(fsck.check(mint.installation)) == []
    assert [n for n, digest in (fsck.manifests(mint.installation) or {}).items() if not digest] == [
        3,
        4,
    ]  # what the registry has of them is no contradiction
    again = accept(mint)
    assert (again.exit_code, "[nothing_to_accept]" in again.stderr) == (1, True)


def test_a_batch_released_since_is_not_signed_again(backup: Backup) -> None:
    """The copy has it as waiting: no second set of codes is made, accepted or not."""
    mint = backup.mint
    number = order(mint, "k1").json["number"]
    waiting = order(mint, "k2").json["number"]
    backup.take()
    restoring.keep_up(mint.engine, mint.settings)
    mint.run(number)
    restoring.keep_up(mint.engine, mint.settings)
    backup.put_back()
    require_refused_everywhere(mint, "issuer_restored")
    assert "Failed for good: batches 1." in accept(mint).stdout
    with signing(mint):
        until(lambda: mint.batch(waiting).state == "released")
    assert mint.batch(number).state == "failed"
    assert mint.actions(mint.batch(number)) == ["batch.reserved"]
    assert list(fsck.check(mint.installation)) == []


def test_a_lost_mark_is_not_made_anew_in_silence(backup: Backup) -> None:
    """It is missing, not new: an operator says what the highest number was."""
    mint = backup.mint
    issue(mint, "k1")
    waiting = order(mint, "k2").json["number"]
    mint.settings.high_water.unlink()
    require_refused_everywhere(mint, "high_water_missing")
    told = accept(mint)
    assert (told.exit_code, "[past_needed]" in told.stderr) == (1, True)
    assert "[past_too_low]" in accept(mint, "--past", "1").stderr
    assert "The next batch gets number 18." in accept(mint, "--past", "17").stdout
    assert mint.batch(waiting).state == "failed"
    assert issue(mint, "k3") == 18
    assert list(fsck.check(mint.installation)) == []
    typo = accept(mint, "--past", str(2**32 - 1))
    assert (typo.exit_code, "[past_too_far]" in typo.stderr) == (1, True)
    assert issue(mint, "k4") == 19


def test_a_damaged_mark_is_not_taken_for_a_low_one(mint: Mint) -> None:
    """Refused like a missing one, and accepted like one."""
    issue(mint, "k1")
    mint.settings.high_water.write_text("{")
    require_refused_everywhere(mint, "high_water_damaged")
    assert "number 8." in accept(mint, "--past", "7").stdout


def forget_mark(mint: Mint) -> None:
    """As an installation is that another version made: no mark, and no word of one."""
    mint.settings.high_water.unlink()
    url = mint.engine.url  # of an account that may delete nothing
    owner = create_engine(url.set(username=OWNER) if url.username else url)
    with owner.begin() as connection:
        connection.execute(delete(storage.high_water_table))
    owner.dispose()


def test_the_first_start_after_an_upgrade_makes_the_mark(mint_on_each: Mint) -> None:
    """At the place where the database stands; batches that wait are signed as ever."""
    mint = mint_on_each
    issue(mint, "k1")
    waiting = order(mint, "k2").json["number"]
    forget_mark(mint)
    first_start.prepare(mint.installation)
    assert json.loads(mint.settings.high_water.read_text()) == {
        "committed": 2,
        "format": "tem-high-water-v1",
        "reserved": 2,
        "unsigned": [waiting],
    }
    with signing(mint):
        until(lambda: mint.batch(waiting).state == "released")
    assert issue(mint, "k3") == 3
    assert list(fsck.check(mint.installation)) == []


def test_a_copy_from_before_the_upgrade_is_not_taken_for_the_upgrade(
    mint: Mint, tmp_path: Path
) -> None:
    """It says nothing of a mark, but the files of hashes know a number it would give again."""
    file, copy = Path(str(mint.engine.url.database)), tmp_path / "copy.db"
    issue(mint, "k1")
    online_backup(file, copy)
    issue(mint, "k2")
    replace_by(mint, copy, file)
    forget_mark(mint)
    for _ in range(2):
        assert refusal(lambda: first_start.prepare(mint.installation)) == "high_water_missing"
    assert not mint.settings.high_water.exists()
    assert "[past_too_low]" in accept(mint, "--past", "1").stderr
    assert "number 3." in accept(mint, "--past", "2").stdout
    first_start.prepare(mint.installation)
    assert issue(mint, "k3") == 3


def test_two_databases_with_one_mark_never_give_one_number(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy takes the number between our look at the mark and its raising: ours is refused."""
    file, copy = Path(str(mint.engine.url.database)), tmp_path / "copy.db"
    issue(mint, "k1")
    online_backup(file, copy)
    config = replace(mint.settings, database_url=sqlite_url(copy))
    twin = replace(mint, settings=config, engine=open_store(config))
    add, taken = storage.add_batch, []

    def overtaken(*batch: Any) -> None:
        add(*batch)
        if not taken:
            taken.append(0)
            taken.append(twin.reserve().number)

    monkeypatch.setattr(storage, "add_batch", overtaken)
    assert refusal(mint.reserve) == "issuer_restored"
    assert (taken, [batch.number for batch in mint.batches()]) == ([0, 2], [1])
    twin.engine.dispose()


def test_a_disk_that_takes_no_mark_gives_no_number(mint: Mint) -> None:
    """503 until it does; nothing is reserved meanwhile, and no number is lost by it."""
    issue(mint, "k1")
    mark = mint.settings.high_water
    lock = mark.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()  # cannot be opened for writing, whoever we are
    answer = order(mint, "k2")
    assert (answer.status_code, answer.json["code"]) == (503, "high_water_unwritable")
    assert len(mint.batches()) == 1
    lock.rmdir()
    assert order(mint, "k2").json["number"] == 2


def at_write(nth: int, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """Kill the process at its nth write of the mark, just before it or just after."""
    writes, write = [], high_water.write_private

    def deadly(path: Path, content: bytes) -> None:
        writes.append(path)
        if before and len(writes) == nth:
            kill_self()
        write(path, content)
        if len(writes) == nth:
            kill_self()

    monkeypatch.setattr(high_water, "write_private", deadly)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("nth", "given"), [(1, False), (2, True)])
def test_a_kill_around_each_write_of_the_mark(
    mint_on_each: Mint, monkeypatch: pytest.MonkeyPatch, nth: int, given: bool, before: bool
) -> None:
    """Sent again with the same key: a committed number is told, any other is passed over."""
    mint = mint_on_each
    assert order(mint, "k1").json["number"] == 1

    def act() -> None:
        at_write(nth, monkeypatch, before=before)
        order(mint, "k2")

    assert ended(fork(mint, act)) == KILLED
    passed_over = not given and not before
    assert order(mint, "k2").json["number"] == (3 if passed_over else 2)
    assert order(mint, "k3").json["number"] == (4 if passed_over else 3)
    skipped = [e.details for e in mint.trail() if e.action == "number.skipped"]
    assert skipped == ([{"first": 2, "last": 2}] if passed_over else [])
    assert list(fsck.check(mint.installation)) == []


@pytest.mark.parametrize("before", [True, False])
def test_a_kill_while_accepting_leaves_it_to_be_accepted(
    backup: Backup, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """Mark and database are never both content before the act is whole."""
    mint = backup.mint
    issue(mint, "k1")
    backup.take()
    issue(mint, "k2")
    backup.put_back()

    def act() -> None:
        at_write(1, monkeypatch, before=before)
        accept(mint, "--past", "5")

    assert ended(fork(mint, act)) == KILLED
    require_refused_everywhere(mint, "issuer_restored")
    assert "number 6." in accept(mint, "--past", "5").stdout
    assert issue(mint, "k3") == 6


def test_what_was_restored_while_the_issuer_runs_is_seen(backup: Backup) -> None:
    """A running signer signs nothing and ends nowhere; accepted, it goes on by itself."""
    mint = backup.mint
    number = order(mint, "k1").json["number"]
    backup.take()
    with signing(mint):
        until(lambda: mint.batch(number).state == "released")
        until(lambda: not high_water.required(mint.settings.high_water).unsigned)
    backup.put_back()
    assert refusal(lambda: restoring.keep_up(mint.engine, mint.settings)) == "issuer_restored"
    assert accept(mint).exit_code == 0
    with signing(mint):
        new = order(mint, "k2").json["number"]
        until(lambda: mint.batch(new).state == "released")
    assert (new, mint.batch(number).state) == (2, "failed")


# --- the drill, as an operator does it ---


def released(installation: Running, key: str) -> int:
    """A batch ordered from the running issuer, once it is released."""
    token = (installation.data / "keys" / "issuer-service.key").read_text().strip()
    issuer: httpx.Client = installation.client("issuer", token)
    number = issuer.post("/v1/batches", json=ORDER, headers={"Idempotency-Key": key}).json()[
        "number"
    ]
    until(lambda: issuer.get(f"/v1/batches/{number}").json()["state"] == "released")
    return int(number)


def test_the_drill_with_tem_up(tmp_path: Path) -> None:
    """Online backup, two more batches, restore: `tem up` refuses until told, then goes on."""
    data, copy = tmp_path / "data", tmp_path / "yesterday.db"
    file = data / "issuer" / "issuer.db"
    with running(data) as installation:
        assert released(installation, "k1") == 1
        online_backup(file, copy)
        assert [released(installation, key) for key in ("k2", "k3")] == [2, 3]
    restore_file(copy, file)
    refused = tem(data, "up", "--base-port", installation.base_port)
    assert refused.returncode == 1
    assert "[issuer_restored]" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert tem(data, "fsck").returncode == 1
    assert "number 4." in tem(data, "issuer", "accept-restore", "--yes").stdout
    with running(data) as installation:
        assert released(installation, "k4") == 4
    checked = tem(data, "fsck")
    assert checked.returncode == 0, checked.stdout
