"""What metrics are called by, and whose files count, without any service running."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tem import metrics
from tem.http import answered
from tem.paced import Paced
from tem.process import die_with_parent


@pytest.mark.parametrize(
    ("method", "rule", "kind"),
    [
        ("GET", "/s/<whatever:code>", "look_up"),
        ("GET", "/01/<whatever:rest>", "look_up"),
        ("POST", "/v1/verifications", "bulk"),
        ("GET", "/", "page"),
        ("GET", "/static/<path:name>", "asset"),
        ("GET", "/assets/<version>/<path:name>", "asset"),
        ("GET", "/readyz", "health"),
        ("GET", "/metrics", "health"),
        ("GET", "/v1/orders/<id>", "read"),
        ("HEAD", "/v1/orders", "read"),
        ("POST", "/v1/orders", "act"),
        ("PATCH", "/v1/producers/<id>", "act"),
        ("GET", None, "unknown"),
        ("BREW", None, "unknown"),
    ],
)
def test_the_class_of_a_route(method: str, rule: str | None, kind: str) -> None:
    """A handful of classes, whatever address a stranger makes up."""
    assert metrics.route_class(method, rule) == kind


def test_methods_that_strangers_invent_are_one_label() -> None:
    """No request can add a series."""
    assert [metrics.counted_method(m) for m in ("GET", "BREW", "TRACE")] == ["GET", *["other"] * 2]


@pytest.mark.parametrize(("one_in", "told"), [(1, 10), (0, 0), (5, 2), (3, 3), (None, 10)], ids=str)
def test_one_look_up_in_so_many_leaves_a_line(one_in: int | None, told: int) -> None:
    """0 none, 1 all, 5 every fifth; what the setting does not name is told each time."""
    lines = answered.Told({} if one_in is None else {"look_up": one_in})
    assert sum(lines.is_worth_a_line("look_up") for _ in range(10)) == told
    assert lines.is_worth_a_line("act") and not lines.is_worth_a_line("health")


def test_what_takes_long_is_done_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """An act of 2 s comes after 100 s at the soonest, one that takes no time after its 5 s."""
    now, took, done = 1000.0, 2.0, []

    def act() -> None:
        nonlocal now
        done.append(now)
        now += took

    monkeypatch.setattr("tem.paced.time.monotonic", lambda: now)
    paced = Paced(act, 5)
    for _ in range(150):
        paced.if_due()
        now += 1
    assert [round(at - done[0]) for at in done] == [0, 100]
    took = 0.0
    for _ in range(150):
        paced.if_due()
        now += 1
    assert [b - a for a, b in itertools.pairwise(done[2:])][:3] == [5, 5, 5]


def test_a_database_that_is_away_ends_no_process() -> None:
    """What cannot be asked is asked again later."""

    def act() -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    Paced(act, 5).if_due()


WRITER = """
import json, os, sys
from prometheus_client import Counter, Gauge
from tem import metrics
counter = Counter("tem_test_acts", "acts")
gauge = Gauge("tem_test_level", "level", multiprocess_mode="livemin")
metrics.{begin}(sys.argv[1])
counter.inc(3); gauge.set(float(sys.argv[2]))
print(os.getpid()); sys.stdout.flush(); sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of metrics, whose writers end with the test."""
    yield tmp_path


def writer(folder: Path, begin: str, name: str, level: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER.replace("{begin}", begin), name, str(level)],
        env={**os.environ, metrics.FOLDER: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


def shown(folder: Path, forget: tuple[str, int] | None = None) -> dict[str, float]:
    """What a scrape of the folder says, in a process that started with the folder set."""
    code = (
        "import json, os; from tem import metrics; "
        + (f"metrics._name({forget[0]!r}); metrics.forget_worker({forget[1]}); " if forget else "")
        + "print(json.dumps(metrics.exposition().decode().splitlines()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, metrics.FOLDER: str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = [line.rsplit(" ", 1) for line in json.loads(done.stdout) if line[0] != "#"]
    return {name: float(value) for name, value in pairs}


def end(process: "subprocess.Popen[str]") -> None:
    process.communicate()


def test_numbers_of_all_processes_are_added_and_the_dead_ones_levels_go(folder: Path) -> None:
    """Counters of a dead worker stay counted; what it showed of itself counts no longer."""
    first, second = writer(folder, "of_worker", "web", 5), writer(folder, "of_worker", "web", 7)
    signer = writer(folder, "alone", "signer", 9)
    found = shown(folder)
    assert found["tem_test_acts_total"] == 9 and found["tem_test_level"] == 5
    assert found['tem_processes{process="web"}'] == 2
    assert found['tem_processes{process="signer"}'] == 1
    assert found['tem_process_resident_bytes{process="web"}'] > 10_000_000
    end(first)
    found = shown(folder, ("web", first.pid))
    assert found["tem_test_acts_total"] == 9 and found["tem_test_level"] == 7
    assert found['tem_processes{process="web"}'] == 1
    end(second)
    end(signer)


def test_a_process_that_starts_anew_forgets_its_own_dead_and_nobody_elses(folder: Path) -> None:
    """The signer killed with -9 leaves nothing that counts after its next start."""
    web, dead = writer(folder, "of_worker", "web", 5), writer(folder, "alone", "signer", 1)
    dead.kill()
    dead.communicate()
    anew = writer(folder, "alone", "signer", 9)
    found = shown(folder)
    assert found["tem_test_acts_total"] == 6 and found["tem_test_level"] == 5
    assert found['tem_processes{process="signer"}'] == 1
    end(web)
    end(anew)
