"""Drills on SQLite: a backup taken beside running services, the machine lost, the registry back."""

import json
import shutil
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests import plain_http
from tests.journey.acts import Maker, get, insist, post
from tests.running import Running, free_base_port, running, tem, until
from tests.trade import Json

STAMPS = 4000
SAFE = (
    "issuer/office-key.pem",
    "issuer/wrapping.key",
    "issuer/audit-key",
    "registry/audit-key",
    "verifier/audit-key",
)


@dataclass
class Drill:
    """A stopped installation, a backup of its busy time, and what was acknowledged when."""

    data: Path
    backup: Path
    batch: int
    codes: list[str]
    said: str
    before: list[int]
    after: list[int]


class Busy:
    """Three clients that activate stamp after stamp until they are told to stop."""

    def __init__(self, maker: Maker, batch: int, lot: str) -> None:
        url = f"{maker.installation.url('registry')}/v1/lots/{lot}/activations"
        key = maker.client.headers["Authorization"]
        self.acknowledged: list[int] = []
        self.stopping = threading.Event()

        def work(offset: int) -> None:
            for first in range(offset, STAMPS, 3):
                if self.stopping.is_set():
                    return
                insist(key, url, {"batch": batch, "first": first, "last": first})
                self.acknowledged.append(first)

        self.clients = [threading.Thread(target=work, args=(n,)) for n in (1, 2, 3)]
        for client in self.clients:
            client.start()

    def reach(self, count: int) -> None:
        """Wait until so many acts have been acknowledged."""
        until(lambda: len(self.acknowledged) >= count)

    def stop(self) -> None:
        """Let the clients end after the act they are at."""
        self.stopping.set()
        for client in self.clients:
            client.join()


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Drill:
    """Activations, a backup while they go on, more of them, a recall; then everything stops."""
    folder = tmp_path_factory.mktemp("drill")
    with running(folder / "data") as installation:
        maker = Maker(installation, "Giữ")
        batch, lot = maker.delivered(STAMPS), maker.lot(STAMPS)
        codes = [address.rsplit("/", 1)[1] for address in maker.addresses(batch)[:400]]
        busy = Busy(maker, batch, lot)
        busy.reach(30)
        before = list(busy.acknowledged)
        installation.tem("registry", "audit", "checkpoint", "--keep")
        said = installation.tem("backup", folder / "backup")
        busy.reach(len(busy.acknowledged) + 30)
        busy.stop()
        recall = {"kind": "voluntary", "ordered_by": maker.id, "reason_public": "Nhãn thiếu (mẫu)"}
        post(maker.office, f"/v1/lots/{lot}/recall", recall)
        maker.delivered(10)  # a number that the backup knows nothing of
        installation.tem("registry", "audit", "checkpoint", "--keep")
    after = list(busy.acknowledged)
    return Drill(folder / "data", folder / "backup", batch, codes, said, before, after)


def active(installation: Running, drill: Drill) -> set[int]:
    """The stamps of the drill's batch that are activated."""
    ranges: list[Json] = get(installation.office(), f"/v1/batches/{drill.batch}")["ranges"]
    return {
        index
        for one in ranges
        if one["state"] == "activated"
        for index in range(one["first"], one["last"] + 1)
    }


def look_up(installation: Running, code: str) -> httpx.Response:
    """What the verifier says of a code."""
    address = f"{installation.url('verifier')}/s/{code}"
    return plain_http.get(address, headers={"Accept": "application/json"})


def test_a_backup_holds_no_secret_and_is_whole(drill: Drill) -> None:
    """It is complete and checked, names what belongs into the safe, and holds none of it."""
    assert drill.said.rstrip().endswith(f"complete and checked: {drill.backup}")
    for name in SAFE:
        assert f"for the safe: {drill.data / name}" in drill.said
    held = {p.relative_to(drill.backup).as_posix() for p in drill.backup.rglob("*") if p.is_file()}
    assert held == {
        *("backup.json", "trust.json", "checkpoints/registry.txt", "verifier/verifier.db"),
        *("registry/registry.db", "issuer/issuer.db", f"issuer/hashes/{drill.batch}-1.hashes"),
    }
    checked = tem(drill.data, "backup", "--check", drill.backup)
    assert checked.returncode == 0, checked.stdout
    again = tem(drill.data, "backup", drill.backup)
    assert (again.returncode, "[backup_exists]" in again.stderr) == (1, True)


def test_a_lost_machine_comes_back_from_the_backup(drill: Drill, tmp_path: Path) -> None:
    """On a new machine, with the keys out of the safe: every act acknowledged before the backup
    began is there, no number is given twice, fsck finds nothing, and answers are right."""
    data = tmp_path / "new"
    for name in (*SAFE, "keys/registry-office.key", "keys/issuer-office.key"):  # people have these
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(drill.data / name, data / name)
    restored = tem(data, "restore", drill.backup, "--yes")
    assert restored.returncode == 0, restored.stderr
    refused = tem(data, "up", "--base-port", free_base_port())
    assert (refused.returncode, "[high_water_missing]" in refused.stderr) == (1, True)
    past = str(drill.batch + 50)
    assert tem(data, "issuer", "accept-restore", "--past", past, "--yes").returncode == 0
    assert tem(data, "verifier", "accept-restore", "--yes").returncode == 0
    with running(data) as installation:
        there = active(installation, drill)
        assert set(drill.before) <= there <= set(drill.after)
        until(lambda: look_up(installation, drill.codes[0]).status_code == 200)
        for index in range(1, 101):
            verdict = look_up(installation, drill.codes[index - 1]).json()["verdict"]
            assert verdict == ("OK" if index in there else "NOT_ACTIVATED"), index
        assert "every invariant holds" in installation.tem("fsck")
        maker = Maker(installation, "Mới")
        assert maker.delivered(5) == drill.batch + 51


def test_a_restored_registry_is_refused_until_it_is_accepted(drill: Drill, tmp_path: Path) -> None:
    """In place: what was there is kept, the lost entries are told and recorded, and the verifier,
    which has read further, does not follow until an operator accepts that a recall is forgotten."""
    data = tmp_path / "same"
    shutil.copytree(drill.data, data)
    restored = tem(data, "restore", drill.backup, "--only", "registry", "--yes")
    assert restored.returncode == 0, restored.stderr
    assert "is lost" in restored.stdout and "new epoch" in restored.stdout
    (kept,) = (data / "registry").glob("registry.db.before-*Z")
    with sqlite3.connect(kept) as old:
        assert old.execute("SELECT count(*) FROM recall").fetchone() == (1,)
    (witness,) = (data / "checkpoints").glob("registry.before-*.txt")
    assert witness.read_bytes().startswith((drill.backup / "checkpoints/registry.txt").read_bytes())
    faults = tem(data, "fsck").stdout.splitlines()
    assert len(faults) == 1 and faults[0].startswith("verifier: the registry stands at"), faults
    assert tem(data, "verifier", "accept-restore", "--yes").returncode == 0
    assert "every invariant holds" in tem(data, "fsck").stdout
    with sqlite3.connect(data / "registry" / "registry.db") as new:
        query = "SELECT first, last FROM stamp_interval WHERE state = 'activated'"
        rows = new.execute(query).fetchall()
        assert new.execute("SELECT count(*) FROM recall").fetchone() == (0,)
        told = "SELECT details FROM audit_entry WHERE action = 'restore.accepted'"
        (details,) = (json.loads(row[0]) for row in new.execute(told))
    there = {index for first, last in rows for index in range(first, last + 1)}
    assert set(drill.before) <= there <= set(drill.after)
    assert details["entries_known"] > details["lost_after"] > 0
