"""The audit trail: numbered, chained, and unable to hide a change."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update
from tests.conftest import SetClock

from tem.databases.database import plumbing, reading, writing
from tem.trail import audit


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    """A database with the plumbing tables."""
    plumbing.create_all(engine)
    return engine


def record(store: Engine, clock: SetClock, count: int = 1, **details: Any) -> None:
    for _ in range(count):
        with writing(store) as connection:
            audit.record(connection, clock(), "office:Lan", "batch.issued", "batch:7", details)
        clock.advance(seconds=1)


def faults(store: Engine) -> list[str]:
    with reading(store) as connection:
        return list(audit.faults(connection))


def entries(store: Engine, **choice: Any) -> list[audit.Entry]:
    with reading(store) as connection:
        return audit.entries(connection, **choice)


def test_an_entry_tells_who_did_what_and_when(store: Engine, clock: SetClock) -> None:
    """An entry comes back as it was recorded, its instant cut to the second."""
    clock.now = datetime(2026, 11, 20, 9, 0, 0, 999_999, timezone(timedelta(hours=7)))
    record(store, clock, quantity=500, product="Nước mắm 40°N")
    (entry,) = entries(store)
    assert (entry.seq, entry.actor, entry.action) == (1, "office:Lan", "batch.issued")
    assert entry.object == "batch:7"
    assert entry.details == {"quantity": 500, "product": "Nước mắm 40°N"}
    assert entry.at == datetime(2026, 11, 20, 2, tzinfo=entry.at.tzinfo)
    assert entry.at.utcoffset() == timedelta(0)
    assert entry.prev_hash == audit.GENESIS
    assert faults(store) == []


def test_entries_are_numbered_and_chained(store: Engine, clock: SetClock) -> None:
    """Numbers run from 1 without gaps and each entry names the hash of the one before."""
    record(store, clock, 5)
    found = entries(store)
    assert [entry.seq for entry in found] == [1, 2, 3, 4, 5]
    hashes = [entry.hash for entry in found]
    assert [entry.prev_hash for entry in found] == [audit.GENESIS, *hashes[:-1]]
    assert len(set(hashes)) == 5
    assert faults(store) == []


def test_an_act_undone_leaves_no_entry(store: Engine, clock: SetClock) -> None:
    """A transaction rolled back takes its entry along, and the next one has its number."""
    record(store, clock)
    with pytest.raises(RuntimeError, match="undone"), writing(store) as connection:
        assert audit.record(connection, clock(), "a", "b", "c:1") == 2
        raise RuntimeError("undone")
    record(store, clock)
    assert [entry.seq for entry in entries(store)] == [1, 2]
    assert faults(store) == []


def test_several_entries_in_one_transaction(store: Engine, clock: SetClock) -> None:
    """One act may leave several entries, in their order."""
    with writing(store) as connection:
        numbers = [audit.record(connection, clock(), "a", f"step.{i}", "c:1") for i in range(3)]
    assert numbers == [1, 2, 3]
    assert [entry.action for entry in entries(store)] == ["step.0", "step.1", "step.2"]
    assert faults(store) == []


def test_paging_and_choosing(store: Engine, clock: SetClock) -> None:
    """Entries are read on from a number, at most so many, or of one object only."""
    record(store, clock, 4)
    with writing(store) as connection:
        audit.record(connection, clock(), "a", "lot.recalled", "lot:HT-L0001")
    assert [entry.seq for entry in entries(store, after=1, limit=2)] == [2, 3]
    assert [entry.seq for entry in entries(store, object="lot:HT-L0001")] == [5]
    assert entries(store, object="lot:other") == []
    assert entries(store, after=5) == []


def test_an_empty_trail_is_whole(store: Engine) -> None:
    """Nothing recorded is nothing wrong."""
    assert faults(store) == []
    assert entries(store) == []


@pytest.mark.parametrize("seq", [1, 2, 3])
@pytest.mark.parametrize(
    "change",
    [
        {"actor": "office:Minh"},
        {"action": "batch.voided"},
        {"object": "batch:8"},
        {"request_id": "another-request"},
        {"details": '{"quantity": 5000}'},
        {"details": '{ "quantity": 500}'},
        {"at": datetime(2026, 11, 19, tzinfo=timezone(timedelta(hours=7)))},
        {"hash": "f" * 64},
        {"prev_hash": "f" * 64},
    ],
    ids=str,
)
def test_a_changed_entry_breaks_the_chain(
    store: Engine, clock: SetClock, seq: int, change: dict[str, Any]
) -> None:
    """Any change to any part of any entry is found."""
    record(store, clock, 3, quantity=500)
    table = audit.entry_table
    with writing(store) as connection:
        connection.execute(update(table).where(table.c.seq == seq).values(change))
    assert len(faults(store)) == 1


@pytest.mark.parametrize("gone", [[1], [2], [3], [2, 3], [1, 2, 3]])
def test_a_removed_entry_is_missed(store: Engine, clock: SetClock, gone: list[int]) -> None:
    """Entries taken out at the front, in the middle or at the end are missed."""
    record(store, clock, 3)
    table = audit.entry_table
    with writing(store) as connection:
        connection.execute(delete(table).where(table.c.seq.in_(gone)))
    assert len(faults(store)) == 1


def test_a_forged_entry_is_found(store: Engine, clock: SetClock) -> None:
    """An entry put in between, by copying another, does not fit the chain."""
    record(store, clock, 2)
    first = entries(store)[0]
    values = {"seq": 3, "at": first.at, "actor": "x", "action": "y", "object": "z", "details": "{}"}
    values |= {"request_id": "", "prev_hash": entries(store)[1].hash, "hash": first.hash}
    with writing(store) as connection:
        connection.execute(audit.entry_table.insert().values(values))
    assert faults(store) == ["audit entry 3 does not continue the chain after entry 2"]


@pytest.mark.parametrize("order", [[2, 1, 3], [1, 3, 2], [3, 2, 1]])
def test_entries_in_another_order_are_found(
    store: Engine, clock: SetClock, order: list[int]
) -> None:
    """Entries that changed places, their numbers mended, do not fit the chain."""
    record(store, clock, 3)
    c = audit.entry_table.c
    with writing(store) as connection:
        for old, new in zip((1, 2, 3), order, strict=True):
            connection.execute(update(audit.entry_table).where(c.seq == old).values(seq=10 + new))
        for new in order:
            connection.execute(update(audit.entry_table).where(c.seq == 10 + new).values(seq=new))
    assert len(faults(store)) == 1


def test_a_lost_head_is_found(store: Engine, clock: SetClock) -> None:
    """Entries without the row that names the last of them are a fault."""
    record(store, clock, 2)
    with writing(store) as connection:
        connection.execute(delete(audit.head_table))
    assert faults(store) == ["the audit chain ends at entry 2, but its head is missing"]


def test_concurrent_acts_keep_one_chain(store: Engine, clock: SetClock) -> None:
    """Acts of several threads at once end as one chain without gaps."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record(store, SetClock(), 5), range(4)))
    assert [entry.seq for entry in entries(store)] == list(range(1, 21))
    assert faults(store) == []


def test_a_naive_instant_is_refused(store: Engine) -> None:
    """An act without a zone on its instant is not recorded."""
    with pytest.raises(Exception, match="offset"), writing(store) as connection:
        audit.record(connection, datetime(2026, 11, 20), "a", "b", "c:1")
    assert entries(store) == []


def test_what_changed_is_told_but_for_persons() -> None:
    """Before and after hold what changed; of a person only that something did."""
    before = {"name": "A", "phone": "1", "gps": None}
    after = {"name": "B", "phone": "2", "gps": None, "type": "household"}
    assert audit.difference(before, after, frozenset({"phone"})) == {
        "before": {"name": "A"},
        "after": {"name": "B", "type": "household"},
        "withheld": ["phone"],
    }
    assert audit.difference(after, after) == {"before": {}, "after": {}}


def test_the_rest_of_a_chain_is_checked_from_a_known_entry(store: Engine, clock: SetClock) -> None:
    """From an entry known to be right only what follows is read; from a wrong one all is amiss."""
    record(store, clock, 4)
    found = entries(store)
    table = audit.entry_table
    with writing(store) as connection:
        connection.execute(update(table).where(table.c.seq == 1).values(actor="x"))
    with reading(store) as connection:
        assert list(audit.faults(connection, (2, found[1].hash))) == []
        assert len(list(audit.faults(connection, (2, "0" * 64)))) == 1
        assert len(list(audit.faults(connection, (5, found[3].hash)))) == 1
        assert audit.head(connection) == (4, found[3].hash)
