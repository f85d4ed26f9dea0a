"""The audit trail: numbered, chained, and unable to hide a change."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update
from tests.conftest import SetClock

from tem import audit
from tem.database import plumbing, reading, writing


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
    values |= {"prev_hash": entries(store)[1].hash, "hash": first.hash}
    with writing(store) as connection:
        connection.execute(audit.entry_table.insert().values(values))
    assert faults(store) == ["audit entry 3 does not continue the chain after entry 2"]


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
