"""Forgetting: public facts go when the window closes, and no verdict depends on when they went."""

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.registry.records import OFFICE, Register, settings

from tem.databases import published
from tem.databases.database import open_engine, plumbing, sqlite_url
from tem_registry import publication, tables, verdicts
from tem_registry.forgetting import forgetting
from tem_registry.lots import recall_acts

NOTICE = {"kind": "mandatory", "ordered_by": "Chi cục", "reason_public": "nhiễm khuẩn"}
TOMBSTONE = {"closed": True, "lot_id": "L1", "undated": False}
IN_A_FILE = pytest.mark.parametrize("bare", ["sqlite"], indirect=True)


def close_window(register: Register) -> None:
    """L1 is dated 20/10/2027: go to the first instant after its month."""
    register.clock.now = register.clock.now.replace(year=2027, month=11, day=20, hour=17, minute=0)


def activated(register: Register, **fields: Any) -> None:
    register.batch(1, 10)
    register.lot("L1", **fields)
    register.activate("L1", 1, 1, 9)
    register.void(1, 8, 8)
    register.revoke(1, 9, 9)


def card(register: Register, id: str = "L1") -> Any:
    with register.read() as connection:
        return publication.card(connection, "lot", id)


def sweep(register: Register) -> int:
    return forgetting.sweep(register.engine, register.clock())


def recall(register: Register, **fields: Any) -> None:
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", {**NOTICE, **fields})


def lift(register: Register) -> None:
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, "L1", None)


def ask(register: Register, index: int = 1) -> Any:
    with register.read() as connection:
        return verdicts.ask(connection, "1", index, register.clock())


def test_the_first_sweep_after_the_window_leaves_a_tombstone(register: Register) -> None:
    """Not an instant before its end, then all at once; the record keeps everything."""
    activated(register)
    full, record = card(register), register.rows(tables.lot)
    close_window(register)
    register.clock.advance(seconds=-1)
    assert (sweep(register), card(register)) == (0, full)
    register.clock.advance(seconds=1)
    assert sweep(register) == 1
    assert card(register) == TOMBSTONE
    assert register.rows(tables.lot) == record
    assert register.faults() == []


def test_undated_goods_keep_the_day_that_is_told(register: Register) -> None:
    """Their tombstone holds the end of the window, which the answer tells, and no other date."""
    register.change("product", "SP1", date_kind="none", shelf_life=None)
    activated(register)
    assert sweep(register) == 0
    register.clock.now = register.clock.now.replace(year=2028, month=10, day=20, hour=17)
    before = ask(register)
    assert sweep(register) == 1
    wanted = {**TOMBSTONE, "undated": True, "window_ends_on": "2028-10-20"}
    assert card(register) == wanted
    assert before == ask(register)
    assert before["info_expires_on"] == "2028-10-20"


def test_a_sweep_that_has_nothing_to_do_does_nothing(register: Register) -> None:
    """Run again it writes no row, raises no change number and makes no entry."""
    activated(register)
    close_window(register)
    assert sweep(register) == 1
    after = register.everything()
    assert sweep(register) == 0
    assert register.everything() == after
    assert register.actions().count("lots.forgotten") == 1


def test_the_entry_of_a_sweep_tells_a_number_only(register: Register) -> None:
    """The audit trail, which cannot be erased, learns how many lots were forgotten."""
    activated(register)
    close_window(register)
    sweep(register)
    entry = register.rows(plumbing.tables["audit_entry"])[-1]
    assert (entry["action"], entry["actor"]) == ("lots.forgotten", "sweep")
    assert json.loads(entry["details"]) == {"lots": 1}


def test_many_lots_go_in_bounded_transactions(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lots are due, and however many stay for a recall, each sweep gets to all."""
    monkeypatch.setattr(forgetting, "LOTS_AT_ONCE", 3)
    register.batch(1, 20)
    for n in range(11):
        register.lot(f"L{n:02}")
        register.activate(f"L{n:02}", 1, n + 1, n + 1)
    for n in (0, 1, 2, 3, 7):
        with register.write() as connection:
            recall_acts.recall(connection, register.clock(), OFFICE, f"L{n:02}", NOTICE)
    close_window(register)
    assert sweep(register) == 6
    assert sum("closed" in card(register, f"L{n:02}") for n in range(11)) == 6
    entries = [row for row in register.actions() if row == "lots.forgotten"]
    assert len(entries) == 3, "one for each transaction that did something"
    assert register.faults() == []


def test_a_recall_brings_the_facts_back_until_it_is_lifted(register: Register) -> None:
    """After the window a recall publishes the full card with its notice; lifted, it is a
    tombstone again at once, without any sweep."""
    activated(register)
    full = card(register)
    close_window(register)
    sweep(register)
    register.clock.advance(days=40)
    recall(register)
    notice = {**NOTICE, "decision_no": None, "ordered_on": "2027-12-31", "lifted_at": None}
    assert card(register) == {**full, "recalls": [notice]}
    assert [ask(register, i)["verdict"] for i in (1, 8, 9, 10)] == [
        *["RECALLED"] * 3,
        "NOT_ACTIVATED",
    ]
    assert sweep(register) == 0, "safety outlives publication"
    register.clock.advance(days=1)
    lift(register)
    assert card(register) == TOMBSTONE
    assert [ask(register, i)["verdict"] for i in (1, 8, 9)] == [
        "INFO_EXPIRED",
        "VOID",
        "STAMP_REVOKED",
    ]
    assert register.faults() == []


def test_a_recall_that_ends_later_is_waited_for(register: Register) -> None:
    """A recall taken over with a last day that is still to come keeps the facts public."""
    activated(register)
    close_window(register)
    end = register.clock() + timedelta(days=2)
    recall(register, lifted_at=end)
    assert (sweep(register), ask(register)["verdict"]) == (0, "RECALLED")
    register.clock.now = end
    assert (sweep(register), ask(register)["verdict"]) == (1, "INFO_EXPIRED")


@pytest.mark.parametrize("bare", ["postgresql"], indirect=True)
def test_a_lot_in_somebodys_hands_is_left_alone(register: Register) -> None:
    """A sweep neither waits for an act on a lot nor writes a tombstone over its recall."""
    activated(register)
    close_window(register)
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
        assert sweep(register) == 0
    assert (sweep(register), ask(register)["verdict"]) == (0, "RECALLED")
    lift(register)
    assert card(register) == TOMBSTONE


def test_the_past_is_answered_out_of_the_record(register: Register) -> None:
    """What a scan would have said at an earlier instant is the same before and after a sweep."""
    activated(register)
    recall(register)
    register.clock.advance(days=3)
    lift(register)
    close_window(register)
    register.clock.advance(days=1)
    begin = register.clock.now.replace(year=2026, month=11, day=18)
    instants = [begin + timedelta(hours=23 * n) for n in range(400)]

    def answers() -> list[Any]:
        with register.read() as connection:
            return [verdicts.ask(connection, "1", 1, at) for at in instants]

    before = answers()
    assert sweep(register) == 1
    assert answers() == before
    told = {answer["verdict"] for answer in before}
    assert told == {"OK", "RECALLED", "PAST_DATE", "INFO_EXPIRED"}


@pytest.mark.parametrize(
    "body", [{**TOMBSTONE, "code": "L261020"}, {**TOMBSTONE, "undated": True}, {"closed": True}]
)
def test_fsck_knows_which_cards_are_right(register: Register, body: Any) -> None:
    """After the window either form is right, another one is not; before it no tombstone is."""
    activated(register)
    full = card(register)

    def faults_with(published_body: Any) -> list[str]:
        c = published.card.c
        text = json.dumps(published_body, ensure_ascii=False, sort_keys=True)
        with register.write() as connection:
            connection.execute(update(published.card).where(c.id == "L1").values(body=text))
        return register.faults()

    wrong = ["the published card of lot L1 is out of date"]
    assert faults_with(TOMBSTONE) == wrong
    assert faults_with(full) == []
    close_window(register)
    assert faults_with(full) == faults_with(TOMBSTONE) == []
    assert faults_with(body) == wrong


def test_the_filter_knows_a_tombstone_by_its_beginning(register: Register) -> None:
    """The text by which the sweep tells tombstones from full cards is how they are stored."""
    activated(register)
    close_window(register)
    sweep(register)
    with register.read() as connection:
        bodies = {row.id: row.body for row in connection.execute(published.card.select())}
        assert bodies["L1"].startswith(forgetting.lot_cards.TOMBSTONE)
        full = json.dumps(forgetting.lot_cards.in_full(connection, "L1"), sort_keys=True)
    assert not full.startswith(forgetting.lot_cards.TOMBSTONE)


def files_of(register: Register) -> dict[str, bytes]:
    path = Path(str(register.engine.url.database))
    return {found.name: found.read_bytes() for found in path.parent.glob(f"{path.name}*")}


@IN_A_FILE
def test_what_was_forgotten_is_in_no_file(register: Register) -> None:
    """Needles of many published cards are in the database's files before, and in none of them
    after: neither in a free page, nor in the gaps of a split one, nor in the -wal or -shm."""
    register.batch(1, 200)
    for n in range(200):
        id = f"L{n * 7919 % 200:03}"
        register.lot(id, lot_code=f"needle-{n:03}-" + "x" * (n % 40))
        register.activate(id, 1, n + 1, n + 1)
        if n % 5 == 0:
            with register.write() as connection:
                notice = {**NOTICE, "reason_public": "y" * (n % 300 + 1)}
                recall_acts.recall(connection, register.clock(), OFFICE, id, notice)
                recall_acts.lift(connection, register.clock(), OFFICE, id, None)
    needle = b'"code": "needle-'  # in the form of the card, which the record does not have
    assert sum(content.count(needle) for content in files_of(register).values()) >= 200
    close_window(register)
    assert sweep(register) == 200
    assert forgetting.scrub(register.engine)
    found = files_of(register)
    assert len(found) == 3, "the database, its -wal and its -shm"
    assert {name: content.count(needle) for name, content in found.items()} == dict.fromkeys(
        found, 0
    )
    assert register.faults() == []


@IN_A_FILE
def test_a_busy_database_is_scrubbed_later(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who goes on reading an old state postpones the cleaning and loses nothing; the
    next call, not a sweep that finds something, does it."""
    monkeypatch.setattr(forgetting, "TRIES", 2)
    activated(register)
    close_window(register)
    hourly = forgetting.HourlySweep(register.engine, register.clock, settings().window_months)
    path = str(register.engine.url.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM published_card").fetchone()
        hourly.if_due()
        assert card(register) == TOMBSTONE
        assert reader.execute("SELECT count(*) FROM published_card").fetchone() == before
        assert not forgetting.scrub(register.engine)
    monkeypatch.setattr(forgetting, "SWEEP_SECONDS", 0)
    hourly._next = 0.0
    hourly.if_due()
    assert b'"code": "code-L1"' not in b"".join(files_of(register).values())


def test_scrubbing_changes_nothing_that_is_stored(register: Register) -> None:
    """On both engines the rows are the same after it, and it can be done at any time."""
    activated(register)
    before = register.everything()
    assert forgetting.scrub(register.engine)
    assert register.everything() == before


def test_the_hourly_sweep_runs_at_once_and_then_waits(register: Register) -> None:
    """The first call sweeps; the next ones within the hour do not."""
    activated(register)
    close_window(register)
    hourly = forgetting.HourlySweep(register.engine, register.clock, settings().window_months)
    hourly.if_due()
    assert card(register) == TOMBSTONE
    recall(register)
    with register.write() as connection:
        connection.execute(update(tables.recall).values(lifted_at=register.clock()))
    hourly.if_due()
    assert card(register) != TOMBSTONE
    hourly._next = 0.0
    hourly.if_due()
    assert card(register) == TOMBSTONE


@IN_A_FILE
def test_no_copy_is_left_in_the_gaps_of_split_pages(register: Register) -> None:
    """Rewriting many cards of different lengths leaves copies that overwriting does not reach, in
    the gaps of pages that were split; after scrubbing there are none."""
    chance = random.Random(1)
    ids = [f"L-{chance.randbytes(6).hex()}" for _ in range(2000)]

    def put(body: Callable[[str], dict[str, Any]], at_once: int) -> None:
        for n in range(0, len(ids), at_once):
            with register.write() as connection:
                change = publication.next_change(connection, register.clock())
                for id in ids[n : n + at_once]:
                    publication.put_card(connection, change, "lot", id, body(id))

    def full(id: str) -> dict[str, Any]:
        reasons = ["needle" * chance.randint(0, 300)] * chance.randint(0, 2)
        return {"lot_id": id, "code": f"needle-{id}", "recalls": reasons}

    def tombstone(id: str) -> dict[str, Any]:
        return {**TOMBSTONE, "lot_id": id}

    put(full, 50)
    chance.shuffle(ids)
    put(lambda id: chance.choice([full, tombstone])(id), 37)
    put(tombstone, 500)
    path = str(register.engine.url.database)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"needle" in Path(path).read_bytes()
    assert forgetting.scrub(register.engine)
    assert b"needle" not in b"".join(files_of(register).values())


@IN_A_FILE
def test_what_a_lift_overwrites_is_scrubbed_in_the_next_hour(register: Register) -> None:
    """A recall after the window publishes the card again; lifted, it is out of the files with the
    next hour's run, although no sweep finds anything: neither does a later one scrub in vain."""
    activated(register, lot_code="needle")
    close_window(register)
    hourly = forgetting.HourlySweep(register.engine, register.clock, settings().window_months)
    needle = b'"code": "needle"'  # in the form of the card

    def an_hour_later() -> None:
        register.clock.advance(hours=1)
        hourly._next = 0.0
        hourly.if_due()

    def is_in_a_file() -> bool:
        return needle in b"".join(files_of(register).values())

    hourly.if_due()
    assert not is_in_a_file()
    recall(register)
    an_hour_later()
    assert is_in_a_file()
    lift(register)
    assert card(register) == TOMBSTONE
    an_hour_later()
    assert not is_in_a_file()
    assert register.actions().count("lots.forgotten") == 1


def test_nothing_published_nothing_scrubbed(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start always; then only when something was published since one that succeeded."""
    tried: list[bool] = []

    def scrub(engine: Any) -> bool:
        tried.append(len(tried) != 1)
        return tried[-1]

    monkeypatch.setattr(forgetting, "scrub", scrub)
    monkeypatch.setattr(forgetting, "SWEEP_SECONDS", 0)
    hourly = forgetting.HourlySweep(register.engine, register.clock, settings().window_months)
    for _ in range(3):
        hourly.if_due()
    assert tried == [True]
    register.change("producer", "P1", name="Hợp tác xã khác")
    for _ in range(3):
        hourly.if_due()
    assert tried == [True, False, True], "what failed is tried again"


@IN_A_FILE
def test_a_full_disk_is_not_tried_again_at_once(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waiting does not mend is told once, and left to the next hour; nothing is lost."""
    activated(register)
    before = register.everything()
    waited: list[float] = []
    monkeypatch.setattr(forgetting.time, "sleep", waited.append)
    with closing(register.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    full = (
        f"PRAGMA max_page_count={pages}",
        "BEGIN",
        "CREATE TABLE x (y)",
        "INSERT INTO x VALUES (zeroblob(9999999))",
    )
    assert not forgetting._done(register.engine, full)
    assert not forgetting._done(register.engine, ("SELECT * FROM nowhere",))
    assert waited == []
    assert register.everything() == before


@IN_A_FILE
def test_a_sweep_of_a_broken_database_ends_no_process(register: Register, tmp_path: Path) -> None:
    """Whatever the database says is logged, and tried again in an hour."""
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    engine = open_engine(sqlite_url(tmp_path / "broken.db"))
    forgetting.HourlySweep(engine, register.clock, settings().window_months).if_due()
    assert not forgetting.scrub(engine)
    engine.dispose()
