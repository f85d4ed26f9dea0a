"""An import that only says what it would do: every fault named, nothing changed, no issuer."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.registry.installed import SAMPLE, copied, put, rows, small_folder
from tests.registry.installed import without_our_variables as plain
from tests.registry.records import Register, settings

from tem.clock import system_clock
from tem_registry.importing import import_dry_run, import_folder
from tem_registry.importing.import_report import Refused, Report

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
    words = [sys.executable, "-m", "tem", "registry", "import", folder, "--dry-run"]
    return subprocess.run(
        [*words, "--data", data, *options],
        env=plain(),
        capture_output=True,
        text=True,
        check=False,
    )


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


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(fault[2]))
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
    folder = spoilt(good, tmp_path / "bad", *FAULTS[:2], FAULTS[5])
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
    field = next(one for one in report["refused"] if one["id"] == "DB-7")
    assert (field["file"], field["row"], field["field"]) == (
        *("points_of_sale.json", len(shops) + 8, "certified_on"),
    )


def test_a_changed_row_is_counted_as_changed(sample: Path, tmp_path: Path) -> None:
    """It would be reported and left alone, and the exit status says that not all is taken over."""
    data, folder = copied(sample, tmp_path / "data"), tmp_path / "folder"
    spoilt(SAMPLE, folder, ("product", lambda r: r[0].update(name="Khác"), None))
    done = command(folder, data)
    assert done.returncode == 1
    assert "changed: 1 × product" in done.stdout
    assert "[row_changed]" in done.stdout


def test_the_report_as_csv() -> None:
    """A line for each refusal; no cell of it is taken for a formula."""
    report = Report(
        refused=[Refused("lot", "=1+1", "row_invalid", 'Xấu, "rồi"', "lots.json", 3, "@x")]
    )
    head, line = csv.reader(io.StringIO(report.as_csv()))
    assert head == ["kind", "id", "code", "detail", "file", "row", "field"]
    assert line == ["lot", "'=1+1", "row_invalid", 'Xấu, "rồi"', "lots.json", "3", "'@x"]
