"""An import that only says what it would do: every fault named, nothing changed, no issuer."""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from tests import commands
from tests.registry.installed import SAMPLE, copied, put, rows, small_folder
from tests.registry.installed import without_our_variables as plain
from tests.registry.records import OFFICE, Register, settings

from tem.clock import system_clock
from tem.databases.database import sqlite_url
from tem.errors import Unavailable
from tem_registry import publication
from tem_registry.activation.activation import activate
from tem_registry.importing import import_dry_run, import_folder, table_locks
from tem_registry.importing.import_report import Refused, Report, Unknown
from tem_registry.lots import lots
from tem_registry.stamps import stamps

SMALL = {"HT-T0001", "HT-T0053", "HT-T0089", "HT-T0085"}
COUNTS = {
    "producer": 30,
    "product": 60,
    "certificate": 62,
    "point_of_sale": 20,
    "contract": 83,
    "stamp_batch": 89,
    "lot": 150,
}
Edit = Callable[[list[dict[str, Any]]], Any]


def dry_run(register: Register, folder: Path) -> Report:
    config = settings(database_url=register.engine.url.render_as_string(hide_password=False))
    found = import_folder.read(folder)
    return import_dry_run.run(config, system_clock, found, lambda step, done, total: None)


def command(folder: Path, data: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    words = ("registry", "import", folder, "--dry-run", "--data", data)
    return commands.run(*words, *options, env=plain())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def edited(folder: Path, kind: str, edit: Edit) -> None:
    content = rows(folder, kind)
    edit(content)
    put(folder, kind, content)


# --- nothing is changed ---


def test_the_sample_into_an_empty_register(bare: Register) -> None:
    """Every row of it would be added, none refused, and every table stays as it was."""
    before = bare.everything()
    report = dry_run(bare, SAMPLE)
    assert (report.added, report.problems, report.unchanged) == (COUNTS, [], {})
    assert bare.everything() == before


def test_where_nothing_is_installed(tmp_path: Path) -> None:
    """No issuer, no key, no database: the command makes none of them and ends well."""
    data = tmp_path / "data"
    done = command(small_folder(tmp_path / "folder", SMALL), data)
    assert (done.returncode, "would be added: " in done.stdout) == (0, True), done.stderr
    assert not data.exists()


def test_after_a_real_import_all_is_unchanged(sample: Path, tmp_path: Path) -> None:
    """The command says so, and the database has the very same bytes afterwards."""
    data = copied(sample, tmp_path / "data")
    before = digest(data / "registry" / "registry.db")
    done = command(SAMPLE, data, "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report == {
        "dry_run": True,
        "added": {},
        "unchanged": COUNTS,
        "changed": {},
        "refused": [],
        "nothing_until_mended": False,
        "unknown": [],
    }
    assert digest(data / "registry" / "registry.db") == before


def test_what_it_writes_is_gone_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private copy of the register does not stay behind in the folder for temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tem", "registry", "import", "--dry-run"),
            *(small_folder(tmp_path / "folder", SMALL), "--data", tmp_path / "data"),
        ],
        env={**plain(), "TMPDIR": os.environ["TMPDIR"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


# --- every fault is named ---

# What is done to a good folder, and what must be told of it: kind, id, code.
FAULTS: list[tuple[str, Edit, tuple[str, str, str]]] = [
    ("producer", lambda r: r[0].pop("name"), ("producer", "HT-P001", "row_invalid")),
    ("certificate", lambda r: r[0].update(stars=9), ("certificate", "HT-CN001-1", "row_invalid")),
    (
        "stamp_batch",
        lambda r: r[0].update(quantity="4"),
        ("stamp_batch", "HT-T0001", "row_invalid"),
    ),
    ("lot", lambda r: r.append(r[0]), ("lot", "*", "row_invalid")),
    (
        "product",
        lambda r: r.append({**r[0], "product_id": "NEW", "producer_id": "NOBODY"}),
        ("product", "NEW", "unknown_reference"),
    ),
    (
        "contract",
        lambda r: r.append({**r[0], "contract_id": "NEW", "pos_id": "NOWHERE"}),
        ("contract", "NEW", "unknown_reference"),
    ),
    (
        "stamp_batch",
        lambda r: r.append({**r[1], "batch_id": "NEW", "ordered_on": "1995-01-01"}),
        ("stamp_batch", "NEW", "certificate_not_in_force"),
    ),
    (
        "stamp_batch",
        lambda r: r.append({**r[1], "batch_id": "NEW", "product_id": "NOTHING"}),
        ("stamp_batch", "NEW", "not_found"),
    ),
    (
        "lot",
        lambda r: r.append({**r[0], "lot_id": "NEW", "stamp_ranges": []}),
        ("lot", "NEW", "lot_exists"),
    ),
    (
        "lot",
        lambda r: r.append({**r[0], "lot_id": "NEW", "lot_code": "NEW"}),
        ("lot", "NEW", "range_refused"),
    ),
    (
        "lot",
        lambda r: r.append(
            {
                **r[0],
                "lot_id": "NEW",
                "lot_code": "NEW",
                "stamp_ranges": [{"batch_id": "NO", "from": 1, "to": 2}],
            }
        ),
        ("lot", "NEW", "batch_not_taken_over"),
    ),
    (
        "stamp_batch",
        lambda r: r[1]["void_ranges"].append({"from": 1, "to": 10**7, "reason": "lost"}),
        ("stamp_batch", "*", "no_such_stamps"),
    ),
    ("product", lambda r: r[0].update(name="Mắm\u202etxt"), ("product", "*", "row_invalid")),
    ("producer", lambda r: r[0].update(name="\u200b"), ("producer", "HT-P001", "row_invalid")),
]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without fault."""
    return small_folder(tmp_path_factory.mktemp("good") / "folder", SMALL)


def spoilt(good: Path, folder: Path, *faults: tuple[str, Edit, Any]) -> Path:
    folder.mkdir()
    for kind in import_folder.FILES:
        put(folder, kind, rows(good, kind))
    for kind, edit, _ in faults:
        edited(folder, kind, edit)
    return folder


# What a schema refuses is refused before a database is asked.
ASKED = [
    pytest.param(engine, fault, id="-".join((engine, *fault[2])))
    for engine in ("sqlite", "postgresql")
    for fault in FAULTS
    if engine == "sqlite" or fault[2][2] != "row_invalid"
]


@pytest.mark.parametrize(("bare", "fault"), ASKED, indirect=["bare"])
def test_a_fault_is_named(bare: Register, good: Path, tmp_path: Path, fault: Any) -> None:
    """With kind, id, code, file and row; an import of the folder would be refused the same."""
    kind, id, code = fault[2]
    before = bare.everything()
    report = dry_run(bare, spoilt(good, tmp_path / "bad", fault))
    told = [one for one in report.refused if (one.kind, one.code) == (kind, code)]
    assert told, report.problems
    assert id in ("*", told[0].id)
    assert told[0].file == import_folder.FILES[kind][0]
    assert told[0].row is not None
    assert bare.everything() == before


def test_all_faults_are_named_at_once(good: Path, tmp_path: Path) -> None:
    """Faults of form and refusals of the rules together, more than twenty, none held back."""
    unknown = next(one for one in FAULTS if one[2] == ("contract", "NEW", "unknown_reference"))
    folder = spoilt(good, tmp_path / "bad", *FAULTS[:2], unknown)
    shops = rows(folder, "point_of_sale")
    worse = [{**shops[0], "pos_id": f"DB-{n}", "certified_on": "soon"} for n in range(30)]
    put(folder, "point_of_sale", [*shops, *worse])
    (folder / "lots.json").unlink()
    done = command(folder, tmp_path / "data", "--report", tmp_path / "report.json")
    assert done.returncode == 1
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    codes = [(one["kind"], one["code"]) for one in report["refused"]]
    assert codes.count(("point_of_sale", "row_invalid")) == 30
    assert ("lot", "file_invalid") in codes
    assert ("contract", "unknown_reference") in codes
    assert len([line for line in done.stdout.splitlines() if "certified_on" in line]) == 30
    assert report["nothing_until_mended"]
    assert "nothing would be imported until 33 fault(s) of form are mended; then:" in done.stdout
    field = next(one for one in report["refused"] if one["id"] == "DB-7")
    assert (field["file"], field["row"], field["field"]) == (
        *("points_of_sale.json", len(shops) + 8, "certified_on"),
    )


def test_members_that_no_field_is_called_are_told(good: Path, tmp_path: Path) -> None:
    """A misspelt member, at any depth, is a warning with its first row; the sample has none."""
    folder = spoilt(
        good,
        tmp_path / "odd",
        ("producer", lambda r: r[0].update(representitive="Lê Thị Kín"), None),
        ("product", lambda r: [row["shelf_life"].update(units="day") for row in r], None),
        ("lot", lambda r: r[0]["stamp_ranges"][0].update(note="x"), None),
    )
    places = len(rows(folder, "product"))
    done = command(folder, tmp_path / "data", "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    told = [(one["kind"], one["field"], one["rows"]) for one in report["unknown"]]
    assert told == [
        ("producer", "representitive", 1),
        ("product", "shelf_life.units", places),
        ("lot", "stamp_ranges.note", 1),
    ]
    assert "producers.json, row 1 (HT-P001): representitive" in done.stdout
    assert "of form" in done.stdout, "what a schema refuses is a fault besides"
    assert import_folder.read(SAMPLE).unknown == []


def test_a_refused_range_is_told_whole(good: Path, tmp_path: Path, bare: Register) -> None:
    """Text and CSV name the batch, its sub-ranges and what is in their way, as the JSON does."""
    again = ("lot", lambda r: r.append({**r[0], "lot_id": "NEW", "lot_code": "NEW"}), None)
    report = dry_run(bare, spoilt(good, tmp_path / "bad", again))
    (refused,) = report.refused
    part = refused.more["ranges"][0]
    batch = refused.more["batch"]
    words = f"Batch {batch}: {part['first']}..{part['last']} {part['state']} [{part['code']}]"
    assert batch.startswith("HT-T")
    assert words in str(refused)
    assert words in report.as_csv()


def test_a_changed_row_is_counted_as_changed(sample: Path, tmp_path: Path) -> None:
    """It would be reported and left alone, and the exit status says that not all is taken over."""
    data, folder = copied(sample, tmp_path / "data"), tmp_path / "folder"
    spoilt(SAMPLE, folder, ("product", lambda r: r[0].update(name="Khác"), None))
    done = command(folder, data)
    assert done.returncode == 1
    assert "changed: 1 × product" in done.stdout
    assert "[row_changed]" in done.stdout


def test_the_report_as_csv() -> None:
    """A line for each refusal and warning; no cell of it is taken for a formula."""
    report = Report(
        refused=[Refused("lot", "=1+1", "row_invalid", 'Xấu, "rồi"', "lots.json", 3, "@x")],
        unknown=[Unknown("lot", "lots.json", "=lot", 2, 5, "L5")],
    )
    head, line, warning = csv.reader(io.StringIO(report.as_csv()))
    told = "No field is called so: left aside, in 2 row(s)."
    assert warning == ["lot", "L5", "unknown_field", told, "lots.json", "5", "'=lot"]
    assert head == ["kind", "id", "code", "detail", "file", "row", "field"]
    assert line == ["lot", "'=1+1", "row_invalid", 'Xấu, "rồi"', "lots.json", "3", "'@x"]


# --- where it works ---


def test_the_copy_lies_beside_the_register(
    sample: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of its owner's, gone afterwards, as is what a killed run left; that of a run
    which goes on stays."""
    folder = copied(sample, tmp_path / "data") / "registry"
    stale, other = folder / "dry-run-killed", folder / "dry-run-other"
    for left in (stale, other):
        left.mkdir()
        (left / "registry.db").write_bytes(b"left")
    url = sqlite_url(folder / "registry.db")
    with import_dry_run._locked(other), import_dry_run._own(url) as own:
        copy = Path(str(make_url(own).database))
        assert copy.parent.parent == folder
        assert copy.parent.stat().st_mode & 0o777 == 0o700
        assert copy.stat().st_size > 10_000
        with import_dry_run._own(url) as second:
            assert second != own and copy.exists()
        assert other.exists() and not stale.exists()
    assert not copy.exists()
    shutil.rmtree(other)
    assert list(folder.glob("dry-run-*")) == []


@pytest.mark.parametrize("bare", ["postgresql"], indirect=True)
def test_a_dry_run_gives_way(
    register: Register, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody's act goes on it ends and says so; the act goes on as if nothing had been."""
    monkeypatch.setattr(table_locks, "TRIES", 2)
    monkeypatch.setattr(table_locks, "PAUSE_SECONDS", 0)
    register.batch(1)
    register.lot("L1")
    with register.write() as connection:
        lots.find(connection, "L1", locked=True)
        with pytest.raises(Unavailable) as refused:
            dry_run(register, good)
        assert refused.value.code == "registry_busy"
        activate(connection, register.clock(), OFFICE, "L1", batch=1, first=1, last=5)
    assert dry_run(register, good).problems == []
    assert register.faults() == []


@pytest.mark.parametrize("bare", ["postgresql"], indirect=True)
def test_acts_wait_for_a_dry_run_and_lose_nothing(register: Register) -> None:
    """What begins while it runs is done when it has ended: nobody is ended for a deadlock, and
    everything can be read meanwhile."""
    register.batch(1)
    register.lot("L1")
    url = register.engine.url.render_as_string(hide_password=False)
    acts: list[threading.Thread] = []
    with import_dry_run._undone(url, register.clock()) as connection:
        publication.next_change(connection, register.clock())  # the other way round than an act
        for first in (1, 11, 21):
            act = threading.Thread(target=register.activate, args=("L1", 1, first, first + 4))
            act.start()
            acts.append(act)
        assert register.ranges(1) == [(1, 100, "delivered", None)]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        deadline = time.monotonic() + 30
        while connection.execute(text(waiting)).scalar_one() < 3:
            assert time.monotonic() < deadline
            # Within a transaction the server tells what it told first.
            connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        stamps.lock(connection, 1, None)
    for act in acts:
        act.join()
    assert [row[:2] for row in register.ranges(1) if row[3]] == [(1, 5), (11, 15), (21, 25)]
    assert register.faults() == []
