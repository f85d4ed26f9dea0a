"""Purging: a lot's record is destroyed for good, explicitly, and never too early."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.registry.records import OFFICE, Register, settings
from tests.registry.signed_in import api_over

from tem.databases.database import open_engine, plumbing, sqlite_url
from tem.errors import TemError
from tem_registry import publication, tables, verdicts
from tem_registry.forgetting import forgetting, forgetting_commands, purging
from tem_registry.lots import lot_cards, lots, recall_acts
from tem_registry.months import Months
from tem_registry.reports import statistics

NOTICE = {"kind": "mandatory", "ordered_by": "Chi cục", "reason_public": "needle in a notice"}
AFTER = datetime(2028, 10, 20, 17, tzinfo=UTC)  # L1 is dated 20/10/2027: a year later, 00:00
IN_A_FILE = pytest.mark.parametrize("bare", ["sqlite"], indirect=True)


def activated(register: Register) -> None:
    register.batch(1, 10)
    register.lot("L1", lot_code="needle-in-a-code")
    register.activate("L1", 1, 1, 9)
    register.void(1, 8, 8)
    register.revoke(1, 9, 9)


def recall(register: Register, id: str = "L1") -> None:
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, id, NOTICE)


def lift(register: Register, id: str = "L1") -> None:
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, id, None)


def purge(register: Register, id: str = "L1", **changes: Any) -> dict[str, Any]:
    with register.write() as connection:
        return purging.purge(connection, register.clock(), OFFICE, settings(**changes), id)


def refusal(act: Any, *args: Any) -> TemError:
    with pytest.raises(TemError) as refused:
        act(*args)
    return refused.value


def told(register: Register, index: int) -> dict[str, Any]:
    with register.read() as connection:
        return verdicts.ask(connection, "1", index, register.clock())


def test_a_purged_lot_leaves_a_skeleton(register: Register) -> None:
    """Its facts and its recalls are gone; its stamps, their answers, the statistics and every
    invariant are as they were."""
    activated(register)
    recall(register)
    lift(register)
    register.clock.now = AFTER
    with register.read() as connection:
        counted = statistics.count(connection, "product")
    before = [told(register, i) for i in range(1, 11)]
    ranges = register.ranges(1)
    assert purge(register) == {"lot_id": "L1", "purged_at": "2028-10-20T17:00:00Z"}

    (row,) = register.rows(tables.lot)
    left = {name for name, value in row.items() if value is not None}
    assert left == {
        *("id", "product_id", "producer_id", "window_ends_on", "undated"),
        *("beyond_shelf_life", "created_at", "purged_at"),
    }
    assert register.rows(tables.recall) == []
    with register.read() as connection:
        assert statistics.count(connection, "product") == counted
        tombstone = {"closed": True, "lot_id": "L1", "undated": False}
        assert publication.card(connection, "lot", "L1") == tombstone
        assert lot_cards.in_full(connection, "L1") == tombstone
    for now, then in zip([told(register, i) for i in range(1, 11)], before, strict=True):
        del now["facts"], then["facts"]
        assert now == then
    assert before[0]["verdict"] == "INFO_EXPIRED"
    assert register.ranges(1) == ranges
    assert register.faults() == []


def test_the_record_period_is_waited_for(register: Register) -> None:
    """Refused to the end of its last day, with that day; by the category's own months."""
    activated(register)
    register.clock.now = AFTER
    register.clock.advance(seconds=-1)
    refused = refusal(purge, register)
    assert refused.code == "record_period_runs"
    assert refused.extra == {"record_ends_on": "2028-10-20"}
    register.clock.advance(seconds=1)
    longer = {"record_months": Months({"": 12, "I.4": 13})}
    with pytest.raises(TemError, match="2028-11-20"):
        purge(register, **longer)
    assert purge(register)["lot_id"] == "L1"


def test_a_recall_keeps_the_record(register: Register) -> None:
    """As long as a recall is not over nothing is purged, however old the lot is."""
    activated(register)
    register.clock.now = AFTER
    recall(register)
    before = register.everything()
    assert refusal(purge, register).code == "lot_recalled"
    assert register.everything() == before
    lift(register)
    purge(register)
    assert register.faults() == []


def test_nothing_can_be_done_with_a_purged_lot(register: Register) -> None:
    """It is gone for reading, activation, recall, approval and another purge; for strangers it
    was never there."""
    activated(register)
    register.clock.now = AFTER
    purge(register)
    before = register.everything()

    def find(own: str | None) -> None:
        with register.read() as connection:
            lots.find(connection, "L1", own)

    acts: list[Any] = [
        lambda: find(None),
        lambda: find("P1"),
        lambda: register.activate("L1", 1, 1, 9),
        lambda: register.activate("L1", 1, 10, 10),
        lambda: recall(register),
        lambda: lift(register),
        lambda: purge(register),
    ]
    assert [refusal(act).code for act in acts] == ["lot_purged"] * len(acts)
    assert refusal(find, "P2").code == "no_such_lot"
    with register.read() as connection:
        assert lots.page(connection, "", 10, now=register.clock()) == []
    assert register.everything() == before


def test_the_code_of_a_purged_lot_is_free_again(register: Register) -> None:
    """A purged lot has no code, so another lot of the product may carry it; its id stays taken."""
    activated(register)
    register.clock.now = AFTER
    purge(register)
    assert refusal(lambda: register.lot("L1", lot_code="other")).code == "lot_exists"
    again = register.lot("L2", lot_code="needle-in-a-code", production_date="2028-10-01")
    assert again.lot_code == "needle-in-a-code"


def test_a_lot_without_stamps_is_purged_without_a_card(register: Register) -> None:
    """What was never published is not published by its purge."""
    register.lot("L1")
    register.clock.now = AFTER
    purge(register)
    with register.read() as connection:
        assert publication.card(connection, "lot", "L1") is None
    assert register.faults() == []


def test_a_recalled_lot_without_stamps_keeps_its_tombstone(register: Register) -> None:
    """A card that was published for a recall alone is a tombstone after the purge."""
    register.lot("L1")
    recall(register)
    lift(register)
    register.clock.now = AFTER
    purge(register)
    with register.read() as connection:
        card = publication.card(connection, "lot", "L1")
    assert card == {"closed": True, "lot_id": "L1", "undated": False}
    assert register.faults() == []


def test_what_is_due(register: Register) -> None:
    """Lots whose period ended by a day, in order; those under recall and purged ones are not."""
    for id, production in (
        ("LA", "2026-10-20"),
        ("LB", "2026-10-21"),
        ("LC", "2026-10-19"),
        ("LD", "2026-10-18"),
        ("LE", "2026-10-17"),
    ):
        register.lot(id, production_date=production)
    recall(register, "LD")
    register.clock.now = AFTER
    purge(register, "LE")

    def due(until: str) -> list[tuple[str, str]]:
        with register.read() as connection:
            day = date.fromisoformat(until)
            found = purging.due(connection, settings(), day, register.clock())
            return [(one.id, str(one.record_ends_on)) for one in found]

    assert due("2028-10-20") == [("LA", "2028-10-20"), ("LC", "2028-10-19")]
    assert due("2028-10-19") == [("LC", "2028-10-19")]
    assert due("2028-10-16") == []
    for id in ("LA", "LC"):
        purge(register, id)
    assert due("2028-10-20") == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"lot_code": "back"}, "was purged, but not all of its record is gone"),
        ({"unit": "chai"}, "was purged, but not all of its record is gone"),
        ({"purged_at": None}, "lacks its best_before_basis"),
    ],
)
def test_fsck_knows_what_a_purge_leaves(
    register: Register, changed: dict[str, Any], fault: str
) -> None:
    """A purged lot with facts, and a living one without, are faults."""
    activated(register)
    register.clock.now = AFTER
    purge(register)
    with register.write() as connection:
        connection.execute(tables.lot.update().values(**changed))
    assert any(fault in one for one in register.faults())


@IN_A_FILE
def test_a_purge_over_http(register: Register) -> None:
    """Once with its key, then gone with 410; stored answers that told of it are gone as well,
    others stay; and of all of it nothing is left in the files."""
    api = api_over(register)
    body = {"lot_id": "L77", "product_id": "SP1", "lot_code": "needle-in-a-code", "quantity": 9}
    made = api.send("/v1/lots", {**body, "production_date": "2026-10-20"}, "P1", key="made")
    assert made.status_code == 201
    other = api.send("/v1/orders", {"product_id": "SP1", "quantity": 5}, "P1", key="other").json
    register.batch(7, 10)
    api.send("/v1/lots/L77/activations", {"batch": 7, "first": 1, "last": 5}, "P1", key="tied")
    api.send("/v1/lots/L77/recall", NOTICE, key="called")
    api.send("/v1/lots/L77/recall/lift", {}, key="lifted")
    assert api.get("/v1/lots/L77").json["record_ends_on"] == "2028-10-20"
    early = api.send("/v1/lots/L77/purge", {}, key="purge")
    assert (early.status_code, early.json["record_ends_on"]) == (409, "2028-10-20")
    assert api.send("/v1/lots/L77/purge", {}, key=None).status_code == 400

    register.clock.now = AFTER
    path = Path(str(register.engine.url.database))
    done = api.send("/v1/lots/L77/purge", {}, key="purge")
    assert (done.status_code, done.json["lot_id"]) == (200, "L77")
    assert api.send("/v1/lots/L77/purge", {}, key="purge").json == done.json
    kept = {row["key"] for row in register.rows(plumbing.tables["idempotency"])}
    assert "other" in kept and not kept & {"made", "tied", "called", "lifted"}
    again = api.send("/v1/orders", {"product_id": "SP1", "quantity": 5}, "P1", key="other")
    assert again.json == other
    for answer in (
        api.get("/v1/lots/L77"),
        api.send("/v1/lots/L77/purge", {}),
        api.send("/v1/lots/L77/recall", NOTICE),
        api.send("/v1/lots/L77/activations", {"batch": 7, "first": 6, "last": 6}, "P1"),
    ):
        assert (answer.status_code, answer.json["code"]) == (410, "lot_purged")
    files = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    assert b"needle-in-a-code" not in files
    assert register.faults() == []


@pytest.fixture
def command(register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs `tem registry purge` on the register, at its clock."""
    url = register.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TEM_REGISTRY_DATABASE_URL", url)
    monkeypatch.setenv("TEM_TRUST_FILE", str(tmp_path / "trust.json"))
    monkeypatch.setattr(forgetting_commands, "system_clock", register.clock)

    def run(*arguments: str, answer: str = "") -> Any:
        whole = [*arguments, "--data", str(tmp_path)]
        return CliRunner().invoke(forgetting_commands.purge, whole, input=answer)

    return run


def test_the_command_lists_asks_and_destroys(register: Register, command: Any) -> None:
    """--dry-run only tells; without --yes it asks; a day that is not over is refused; a second
    run finds nothing; each purge is in the audit trail."""
    for id, production in (("LA", "2026-10-20"), ("LB", "2026-10-19"), ("LC", "2027-10-19")):
        register.lot(id, production_date=production, best_before="2027-10-20")
    register.clock.now = AFTER
    before = register.everything()
    dry = command("--dry-run")
    assert dry.exit_code == 0
    assert [line.split()[0] for line in dry.output.splitlines()] == ["LA", "LB", "LC", "3"]
    assert command(answer="n\n").exit_code == 1
    refused = command("--until", "2028-10-21", "--yes")
    assert refused.exit_code == 2 and "2028-10-20 is the latest day" in refused.output
    assert command("--until", "2028-10-19", "--yes").exit_code == 0
    assert register.everything() == before
    done = command("--yes")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "3 record(s) destroyed")
    assert register.actions().count("lot.purged") == 3
    assert command("--yes").output == "0 record(s) whose period is over\n"
    assert register.faults() == []


def test_the_trail_keeps_none_of_the_facts(register: Register) -> None:
    """What was purged stands in no audit entry either: entries cannot be erased."""
    activated(register)
    register.clock.now = AFTER
    purge(register)
    trail = json.dumps([row["details"] for row in register.rows(plumbing.tables["audit_entry"])])
    assert "needle-in-a-code" not in trail and "2026-10-20" not in trail


@IN_A_FILE
def test_a_busy_database_is_told_in_a_line(
    register: Register, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody writes for long: what was left is said, no traceback, and the next run does it."""
    activated(register)
    register.clock.now = AFTER
    path = Path(str(register.engine.url.database))
    monkeypatch.setattr("tem.databases.database.BUSY_SECONDS", 0.1)
    monkeypatch.setattr(forgetting, "TRIES", 1)
    impatient = open_engine(sqlite_url(path))
    with register.write() as connection:
        connection.execute(tables.lot.update().values(unit="chai"))
        done = forgetting_commands._purge(impatient, settings(), ["L1"], register.clock)
    assert done == 0
    assert "L1 was left, and all after it: database is locked" in capsys.readouterr().err
    assert forgetting_commands._purge(impatient, settings(), ["L1"], register.clock) == 1
    impatient.dispose()
