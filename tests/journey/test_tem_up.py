"""`tem up` and the commands beside it: clear refusals, nothing started in vain; checkpoints."""

import json
import socket
from pathlib import Path

from tests.journey.acts import get
from tests.running import SAMPLE, SERVICES, Running, free_base_port, processes_of, tem, until
from tests.trade import Json

from tem.installation import Installation
from tem.trail.kept_checkpoints import kept_file, read


def test_a_busy_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    """If somebody listens on one of the ports, `tem up` says which, ends with 1 and leaves no
    process, key or database."""
    base, data = free_base_port(), tmp_path / "data"
    for place, service in enumerate(SERVICES, start=1):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", base + place))
            busy.listen()
            ended = tem(data, "up", "--data", data, "--base-port", base)
        assert ended.returncode == 1
        assert f"Port {base + place} (for the {service}) is in use" in ended.stderr
        assert "ready" not in ended.stdout and "Traceback" not in ended.stderr
        assert processes_of(data) == {}
        assert [path.name for path in data.rglob("*") if path.suffix in (".db", ".key")] == []


def test_a_second_tem_up_on_the_same_folder_is_refused(sample: Running) -> None:
    """One installation runs once: the second start says so and disturbs nothing."""
    ended = tem(sample.data, "up", "--data", sample.data, "--base-port", free_base_port())
    assert ended.returncode == 1 and "already_running" in ended.stderr
    assert sample.client("verifier").get("/readyz").status_code == 200


def test_fsck_works_beside_running_services(sample: Running) -> None:
    """`tem fsck` finds every invariant held while the services run."""
    checked = tem(sample.data, "fsck")
    assert (checked.returncode, checked.stdout) == (0, "every invariant holds\n"), checked.stderr


def test_a_second_import_of_the_sample_changes_nothing(sample: Running) -> None:
    """Importing the same folder again beside the running services adds not one row."""
    change = sample.client("verifier").get("/readyz").json()["change"]
    told = sample.tem("registry", "import", SAMPLE)
    assert "added: nothing" in told and "not taken over" not in told
    assert sample.client("verifier").get("/readyz").json()["change"] == change


def test_the_sample_is_taken_over_as_the_files_say(sample: Running) -> None:
    """Statistics give the numbers of the sample's own files."""
    ids = {row["batch_id"] for row in _rows("stamp_batches")}
    rows = get(sample.office(), "/v1/statistics", by="batch")["rows"]
    mine = [row for row in rows if row["key"] in ids]
    issued = {row["batch_id"]: row["quantity"] for row in _rows("stamp_batches")}
    assert {row["key"]: row["quantity"] for row in mine} == issued
    ranges = [part for lot in _rows("lots") for part in lot["stamp_ranges"]]
    activated = sum(part["to"] - part["from"] + 1 for part in ranges)
    assert sum(row["activated"] for row in mine) == activated


def test_the_follower_keeps_checkpoints(sample: Running) -> None:
    """`tem up` keeps one from the start, it holds against the trail of the running registry, and
    what is asked over HTTP can be verified by the command."""
    path = kept_file(Installation.at(sample.data), "registry")
    until(lambda: path.exists() and read(path.read_bytes()).notes)
    told = sample.tem("registry", "audit", "verify", path)
    assert "checkpoints hold" in told
    shown = sample.office().get("/v1/audit/checkpoint").json()
    assert shown["public_key"] == sample.tem("registry", "audit", "key").strip()
    elsewhere = sample.data / "elsewhere.txt"
    elsewhere.write_text(shown["note"], "utf-8")
    done = tem(sample.data, "registry", "audit", "verify", elsewhere, "--key", shown["public_key"])
    assert done.returncode == 0, done.stdout


def _rows(name: str) -> list[Json]:
    found: list[Json] = json.loads((SAMPLE / f"{name}.json").read_text("utf-8"))[name]
    return found
