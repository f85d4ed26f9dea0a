"""Taking over a folder: whole or not begun, once, resumable after a kill, as the record says."""

import json
import os
import random
import select
import shutil
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.registry.installed import (
    SAMPLE,
    copied,
    dump,
    issuer,
    opened,
    put,
    rows,
    run,
    small_folder,
)
from tests.registry.records import Register, certificate, product

from tem import trust
from tem.clock import system_clock
from tem.databases.database import open_engine, reading, sqlite_url
from tem.dates import parse_instant
from tem.errors import Invalid
from tem.installation import Installation
from tem_registry import tables, verdicts
from tem_registry.fsck import fsck
from tem_registry.importing import import_folder, importing
from tem_registry.importing.import_folder import read_folder
from tem_registry.lots import lot_answers, lots
from tem_registry.reports import statistics

NOBODY = "http://127.0.0.1:9"  # never called: nothing is left to issue
# Void stamps, a recall, a batch withdrawn, a product with contracts of its own.
SMALL = {"HT-T0001", "HT-T0053", "HT-T0089", "HT-T0085"}
Edit = Callable[[list[dict[str, Any]]], Any]


def faults(data: Path) -> list[str]:
    with opened(data) as engine, reading(engine) as connection:
        trusted = trust.load(Installation.at(data).trust_file)
        return list(fsck.faults(connection, trusted, system_clock()))


# --- what the sample says of itself ---


def test_the_samples_totals(sample: Path) -> None:
    """61,900 stamps in 89 batches, of which 34,934 are activated and 334 void."""
    with opened(sample) as engine, reading(engine) as connection:
        found = statistics.count(connection, "batch")
    assert len(found["rows"]) == 89
    assert found["total"]["quantity"] == 61_900
    assert found["total"]["activated"] == 34_934
    assert found["total"]["not_activated"] == 26_966
    assert found["total"]["void"] == 334
    assert faults(sample) == []


def test_every_batch_counts_as_expected(sample: Path) -> None:
    """Each batch's columns are those worked out beside its row."""
    with opened(sample) as engine, reading(engine) as connection:
        counted = {row["key"]: row for row in statistics.count(connection, "batch")["rows"]}
    for row in rows(SAMPLE, "stamp_batch"):
        found = counted[row["batch_id"]]
        assert found["quantity"] == row["quantity"]
        assert {name: found[name] for name in row["expected"]} == row["expected"], row["batch_id"]


def test_every_lot_ends_as_expected(sample: Path) -> None:
    """Each lot's date and the last day of its information are those of its row."""
    with opened(sample) as engine, reading(engine) as connection:
        for row in rows(SAMPLE, "lot"):
            lot = lot_answers.shown(
                connection, lots.find(connection, row["lot_id"]), system_clock()
            )
            assert lot["info_expires_on"] == row["expected"]["info_expires_on"], row["lot_id"]
            assert lot["stamps_activated"] == row["stamps_activated"]
            for name in ("best_before", "production_date", "quantity", "unit", "lot_code"):
                assert lot[name] == row[name]
            recalled = row["recall"] is not None and row["recall"].get("lifted_on") is None
            assert lot["recalled"] is recalled


CASES = json.loads((SAMPLE / "stamp_cases.json").read_text("utf-8"))["stamp_cases"]
NAMED = [case for case in CASES if case["stamp"]]


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case["stamp"]["batch_id"])
def test_every_case_of_the_sample(sample: Path, case: dict[str, Any]) -> None:
    """A scan at the instant of each case gets its verdict and notes (scans aside)."""
    with opened(sample) as engine, reading(engine) as connection:
        at = parse_instant(case["scanned_at"])
        stamp = case["stamp"]
        answer = verdicts.ask(connection, stamp["batch_id"], stamp["serial"], at)
        number = answer["stamp"]["batch"]
        assert verdicts.ask(connection, str(number), stamp["serial"], at) == answer
    assert answer["verdict"] == case["expected_verdict"]
    assert answer["notes"] == [n for n in case["expected_notes"] if n != "MANY_SCANS"]
    assert answer["facts"]["lot_id"] == case.get("lot_id")


@pytest.mark.parametrize(
    ("batch", "index"), [("HT-T0001", 401), ("HT-T9999", 1), ("9999", 1), ("٣", 1), ("x" * 99, 1)]
)
def test_what_was_never_issued_is_unknown(sample: Path, batch: str, index: int) -> None:
    """Canaries, other numbers and other names are UNKNOWN and show nothing."""
    with opened(sample) as engine, reading(engine) as connection:
        answer = verdicts.ask(connection, batch, index, parse_instant("2026-11-20T09:00:00+07:00"))
    assert answer["verdict"] == "UNKNOWN"
    assert "stamp" not in answer


# --- once ---


def test_a_second_run_changes_nothing(sample: Path, tmp_path: Path) -> None:
    """Not one row of any table, the audit trail and the change number among them."""
    data = copied(sample, tmp_path / "data")
    with opened(data) as engine:
        before = dump(engine)
    report = run(data, SAMPLE, NOBODY)
    with opened(data) as engine:
        assert dump(engine) == before
    assert (report.added, report.problems) == ({}, [])
    assert sum(report.unchanged.values()) == 494


def test_a_changed_row_is_reported_and_left_alone(sample: Path, tmp_path: Path) -> None:
    """One changed row of each kind: each is named, none is applied, derived values do not count."""
    data, folder = copied(sample, tmp_path / "data"), tmp_path / "folder"
    shutil.copytree(SAMPLE, folder)
    changes: dict[str, dict[str, Any]] = {
        "producer": {"phone": "0239 9999"},
        "product": {"name": "Khác"},
        "certificate": {"revoked_on": "2026-01-01"},
        "point_of_sale": {"status": "closed"},
        "contract": {"valid_until": "2030-01-01"},
        "stamp_batch": {"void_ranges": [{"from": 1, "to": 400, "reason": "lost"}]},
        "lot": {"stamp_ranges": []},
    }
    wanted = []
    for kind, change in changes.items():
        content = rows(folder, kind)
        content[0] |= change
        content[1]["expected"] = content[1]["status_at_as_of"] = "khác"
        put(folder, kind, content)
        id = content[0][import_folder.id_field(kind)]
        wanted.append(
            f"{kind} {id}: It has changed since it was imported; not applied. [row_changed]"
        )
    with opened(data) as engine:
        before = dump(engine)
    report = run(data, folder, NOBODY)
    with opened(data) as engine:
        assert dump(engine) == before
    assert sorted(report.problems) == sorted(wanted)
    assert sum(report.unchanged.values()) == 494 - 7


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [
        ([("2020-01-01", "2023-01-01", "2022-05-05"), ("2025-01-01", "2028-01-01", "2026-05-05")],
         "2022-05-05"),
        ([("2020-01-01", "2023-01-01", "2022-05-05"), ("2025-01-01", "2028-01-01", "2026-12-01")],
         "2022-05-05"),
        ([("2020-01-01", "2023-01-01", "2026-12-01"), ("2018-01-01", "2021-01-01", "2020-05-05")],
         "2020-05-05"),
        ([("2020-01-01", "2023-01-01", "2026-11-20")], "2026-11-20"),
        ([("2020-01-01", "2023-01-01", "2026-11-21")], None),
        ([("2020-01-01", "2023-01-01", None)], None),
        ([("2023-01-01", "2026-01-01", "2025-05-05"), ("2024-01-01", "2027-01-01", "2026-05-05")],
         "2026-05-05"),
    ],
)  # fmt: skip
def test_the_day_a_revoked_batch_was_taken_along(
    register: Register, terms: list[tuple[str, str, str | None]], wanted: str | None
) -> None:
    """That of the certificate it was issued under, else the product's latest; none to come."""
    register.add("product", product("SP9", "P1"))
    for place, (since, until, revoked) in enumerate(terms):
        days = {"decision_date": since, "valid_from": since, "valid_until": until}
        register.add("certificate", certificate(f"T{place}", "SP9", **days, revoked_on=revoked))
    with register.read() as connection:
        issued, today = date(2022, 1, 1), date(2026, 11, 20)
        found = importing._certificate_revoked_on(connection, "SP9", issued, today)
    assert found == wanted


# --- whole or not begun ---


def cut(kind: str, edit: Edit) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        content = rows(folder, kind)
        edit(content)
        put(folder, kind, content)

    return act


def written(kind: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / import_folder.FILES[kind][0]).write_bytes(content) and None


BREAKS: list[tuple[Callable[[Path], Any], str]] = [
    (lambda f: (f / "lots.json").unlink(), "lots.json is missing"),
    (lambda f: ((f / "lots.json").unlink(), (f / "lots.json").mkdir()), "lots.json cannot be read"),
    (written("producer", b"{"), "producers.json is not JSON with a list named 'producers'"),
    (written("producer", b"[]"), "producers.json is not JSON"),
    (written("producer", b'{"producers": {}}'), "producers.json is not JSON"),
    (written("producer", b'{"producers": [], "producers": []}'), "producers.json is not JSON"),
    (written("producer", b'{"producers": [7, "x", null]}'), "producers.json, row 3"),
    (written("producer", b'{"producers": [{"name": "\\u0000"}]}'), "producers.json is not JSON"),
    (written("producer", b'{"producers": [{"name": "\xff"}]}'), "producers.json is not JSON"),
    (cut("producer", lambda r: r[1].pop("producer_id")), "row 2: producer_id is missing"),
    (cut("producer", lambda r: r.append(r[0])), "HT-P001 stands twice"),
    (cut("product", lambda r: r[0].update(date_kind="soon")), "row 1 (HT-SP001): date_kind"),
    (cut("product", lambda r: r[0].update(shelf_life={"value": -1, "unit": "day"})), "shelf_life"),
    (cut("certificate", lambda r: r[0].update(valid_from="2026-02-30")), "no such day"),
    (cut("certificate", lambda r: r[0].update(valid_until="2001-01-01")), "ends before it begins"),
    (cut("contract", lambda r: r[0].update(product_ids=[])), "pos_contracts.json, row 1"),
    (cut("stamp_batch", lambda r: r[0].update(quantity=0)), "stamp_batches.json, row 1"),
    (cut("stamp_batch", lambda r: r[0].update(quantity="400")), "stamp_batches.json, row 1"),
    (cut("stamp_batch", lambda r: r[0].update(status="lost")), "stamp_batches.json, row 1"),
    (cut("stamp_batch", lambda r: r[0]["void_ranges"].append({"from": 1})), "void_ranges"),
    (cut("lot", lambda r: r[0].update(activated_at="2026-01-01T10:00:00")), "activated_at"),
    (cut("lot", lambda r: r[0].update(recall={"kind": "voluntary"})), "lots.json, row 1"),
]


def test_a_broken_folder_is_refused(tmp_path: Path) -> None:
    """Each kind of fault is named with its file and row, before anything is begun."""
    small_folder(tmp_path / "good", SMALL)
    read_folder(tmp_path / "good")
    for place, (spoil, named) in enumerate(BREAKS):
        folder = tmp_path / str(place)
        shutil.copytree(tmp_path / "good", folder)
        spoil(folder)
        with pytest.raises(Invalid) as refused:
            read_folder(folder)
        assert refused.value.code == "folder_invalid"
        assert named in refused.value.detail, (named, refused.value.detail)


def test_every_fault_of_a_folder_is_named_at_once(sample: Path, tmp_path: Path) -> None:
    """Faults of several files stand in one refusal, and the installation is not touched."""
    data, folder = copied(sample, tmp_path / "data"), small_folder(tmp_path / "folder", SMALL)
    for spoil, _ in BREAKS[-9:]:
        spoil(folder)
    with opened(data) as engine:
        before = dump(engine)
        with pytest.raises(Invalid) as refused:
            run(data, folder, NOBODY)
        assert dump(engine) == before
    for word in ("void_ranges", "quantity", "status", "activated_at", "recall", "product_ids"):
        assert word in refused.value.detail


def test_a_row_that_the_rules_refuse_stops_no_other(sample: Path, tmp_path: Path) -> None:
    """Rows that cannot be taken over are named, with the rest of their own rows left out."""
    data, folder = copied(sample, tmp_path / "data"), small_folder(tmp_path / "folder", SMALL)
    batches = rows(folder, "stamp_batch")
    new = {**batches[0], "batch_id": "NEW-1", "ordered_on": "1995-01-01"}
    put(folder, "stamp_batch", [*batches, new])
    lot = rows(folder, "lot")[0]
    twin = {**lot, "lot_id": "NEW-L1", "lot_code": "NEW-L1"}
    lost = {**twin, "lot_id": "NEW-L2", "stamp_ranges": [{"batch_id": "NEW-1", "from": 1, "to": 2}]}
    put(folder, "lot", [*rows(folder, "lot"), twin, lost])
    with opened(data) as engine:
        before = dump(engine)
    report = run(data, folder, NOBODY)
    told = {line.split(":")[0]: line.rsplit("[", 1)[1] for line in report.problems}
    assert told == {
        "stamp_batch NEW-1": "certificate_not_in_force]",
        "lot NEW-L1": "range_refused]",
        "lot NEW-L2": "batch_not_taken_over]",
    }
    with opened(data) as engine:
        assert dump(engine) == before


# --- killed and resumed ---


def by_design(table: str, column: str) -> bool:
    """Columns that differ between two runs of the same import: keys, chance and wall clocks."""
    random_columns = {
        "epoch",
        "public_key",
        "manifest",
        "signature",
        "hash",
        "prev_hash",
        "content",
    }
    clocks = {"changed_at", "created_at", "at"}
    places = {"change", "seq"} | ({"id"} if table == "activation" else set())
    return column in random_columns | clocks | places


def end_state(data: Path) -> Any:
    """What an import has made, in no order but its content's."""
    with opened(data) as engine:
        found = dump(engine, by_design)
    del found["api_key"]
    return {
        name: sorted(
            (row for row in content if not {"key.created", "audit.key_made"} & set(row)), key=repr
        )
        for name, content in found.items()
    }


def killed_after(steps: int, data: Path, folder: Path, url: str) -> bool:
    """Run an import in a process of its own and kill it after some steps; whether it was."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            run(data, folder, url, lambda step, done, total: os.write(write_end, b".") and None)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write_end)
    with os.fdopen(read_end, "rb", buffering=0) as pipe:
        seen = 0
        while seen < steps:
            ready, _, _ = select.select([pipe], [], [], 60)
            assert ready, "the import stands still"
            if not pipe.read(1):
                break
            seen += 1
        os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL)
    return status != 0


def test_an_import_killed_again_and_again(tmp_path: Path) -> None:
    """Killed all along its way and run again, it ends where an import that nobody killed ends."""
    folder, chance = small_folder(tmp_path / "folder", SMALL), random.Random(7)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    steps: list[str] = []

    def note(step: str, done: int, total: int) -> None:
        if "issue" not in step:  # told as often as it was asked
            steps.append(step)

    with issuer(whole) as url:
        run(whole, folder, url, note)
    kills = 0
    with issuer(killed) as url:
        while kills < 4:  # rows taken over before count as steps too
            step = len(steps) * kills // 4 + chance.randint(1, len(steps) // 4)
            assert killed_after(step, killed, folder, url), "it had ended before"
            kills += 1
        report = run(killed, folder, url)
    assert report.problems == []
    assert end_state(killed) == end_state(whole)
    assert faults(killed) == []
    before = end_state(killed)
    assert run(killed, folder, NOBODY).added == {}
    assert end_state(killed) == before


def test_a_row_changed_between_two_halves_is_not_applied(sample: Path, tmp_path: Path) -> None:
    """An import killed before a batch's end does not void by a row that has changed since."""
    data, folder = copied(sample, tmp_path / "data"), small_folder(tmp_path / "folder", SMALL)
    ledger = tables.import_ledger
    with opened(data) as engine, engine.begin() as connection:
        ends = ledger.delete().where(ledger.c.kind == "batch_end", ledger.c.id == "HT-T0001")
        assert connection.execute(ends).rowcount == 1
    content = rows(folder, "stamp_batch")
    assert content[0]["batch_id"] == "HT-T0001"
    content[0]["void_ranges"] = [{"from": 390, "to": 397, "reason": "lost"}]
    put(folder, "stamp_batch", content)
    with opened(data) as engine:
        before = dump(engine)
    report = run(data, folder, NOBODY)
    assert [line.rsplit("[")[1] for line in report.problems] == ["row_changed]"]
    with opened(data) as engine:
        assert dump(engine) == before


def test_history_is_taken_over_under_its_own_dates(sample: Path) -> None:
    """Batches carry the day of their issue, activations their instant, not today's."""
    path = Installation.at(sample).database("registry")
    engine = open_engine(sqlite_url(path))
    with reading(engine) as connection:
        b = tables.stamp_batch.c
        issued = {
            row.order_id: (row.issued_on, row.delivered_on)
            for row in connection.execute(b.order_id.table.select())
        }
        activated = {
            row.lot_id: row.activated_at
            for row in connection.execute(tables.activation.select().order_by("id"))
        }
    engine.dispose()
    for row in rows(SAMPLE, "stamp_batch"):
        delivered = row["delivered_on"] and date.fromisoformat(row["delivered_on"])
        assert issued[row["batch_id"]] == (date.fromisoformat(row["issued_on"]), delivered)
    for row in rows(SAMPLE, "lot"):
        if row["stamp_ranges"]:
            assert activated[row["lot_id"]] == parse_instant(row["activated_at"])
