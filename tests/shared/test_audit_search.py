"""Finding entries: each filter alone, all together, forwards and backwards."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.conftest import SetClock

from tem.databases.database import plumbing, reading, writing
from tem.trail import audit
from tem.trail.audit_search import Choice, page

# actor, action, object, request: one entry a minute, numbered from 1.
ENTRIES = [
    ("office:Lan#a1", "lot.added", "lot:L1", "request-1"),
    ("office:Lan#a2", "lot.recalled", "lot:L1", "request-2"),
    ("office:Lan Anh#b1", "lot.recalled", "lot:l1", "request-3"),
    ("command-line", "key.created", "key:77", ""),
    ("producer:HTX Sóng_Lam#c1", "stamps.activated", "lot_group:L1", "request-5"),
    ("office:lan#d1", "lot.recalled", "LOT:L1", "request-5"),
]


@pytest.fixture
def store(engine: Engine, clock: SetClock) -> Iterator[Engine]:
    """The entries above."""
    plumbing.create_all(engine)
    for actor, action, object, request in ENTRIES:
        audit.request_id.set(request)
        with writing(engine) as connection:
            audit.record(connection, clock(), actor, action, object)
        clock.advance(minutes=1)
    audit.request_id.set("")
    clock.advance(minutes=-len(ENTRIES))
    return engine


def found(store: Engine, choice: Choice, limit: int = 100, **place: Any) -> list[int]:
    with reading(store) as connection:
        return [entry.seq for entry in page(connection, choice, limit, **place)]


CHOICES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 2, 3, 4, 5, 6]),
    ({"object": "lot:L1"}, [1, 2]),
    ({"object": "lot:L"}, []),
    ({"kind": "lot"}, [1, 2, 3]),
    ({"kind": "lo"}, []),
    ({"kind": "lot%"}, []),
    ({"kind": "lot_group"}, [5]),
    ({"actor": "office:Lan"}, [1, 2]),
    ({"actor": "office:Lan#a2"}, [2]),
    ({"actor": "office"}, []),
    ({"actor": "command-line"}, [4]),
    ({"actor": "producer:HTX Sóng_Lam"}, [5]),
    ({"action": "lot.recalled"}, [2, 3, 6]),
    ({"action": "lot"}, []),
    ({"request_id": "request-5"}, [5, 6]),
    ({"request_id": ""}, [4]),
    ({"action": "lot.recalled", "kind": "lot", "actor": "office:Lan"}, [2]),
    ({"object": "lot:L1", "kind": "key"}, []),
]


@pytest.mark.parametrize(("choice", "wanted"), CHOICES, ids=str)
def test_entries_are_found_by_each_filter(
    store: Engine, choice: dict[str, Any], wanted: list[int]
) -> None:
    """Exactly the entries of which all that is asked holds, upper and lower case apart."""
    assert found(store, Choice(**choice)) == wanted
    assert found(store, Choice(**choice), newest_first=True) == wanted[::-1]


def test_entries_are_found_by_time(store: Engine, clock: SetClock) -> None:
    """From an instant on, and before an instant."""
    start = clock()
    minute = timedelta(minutes=1)
    assert found(store, Choice(since=start + minute)) == [2, 3, 4, 5, 6]
    assert found(store, Choice(until=start + minute)) == [1]
    assert found(store, Choice(since=start + minute, until=start + 3 * minute)) == [2, 3]
    assert found(store, Choice(since=start + timedelta(seconds=1))) == [2, 3, 4, 5, 6]


def test_pages_lead_both_ways(store: Engine) -> None:
    """After the last number forwards, before it backwards, with nothing twice or left out."""
    choice = Choice(kind="lot")
    assert found(store, choice, 2) == [1, 2]
    assert found(store, choice, 2, after=2) == [3]
    assert found(store, choice, 2, newest_first=True) == [3, 2]
    assert found(store, choice, 2, newest_first=True, before=2) == [1]
    assert found(store, Choice(), after=1, before=4) == [2, 3]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_kind_is_looked_up_in_an_index(store: Engine, newest_first: bool) -> None:
    """A page of one kind's entries does not read all others."""
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        statements.append((statement, values))

    event.listen(store, "before_cursor_execute", note)
    assert len(found(store, Choice(kind="lot"), newest_first=newest_first)) == 3
    event.remove(store, "before_cursor_execute", note)
    statement, values = statements[-1]
    server = store.dialect.name == "postgresql"
    with store.connect() as connection:
        if server:  # so few entries it would read one after the other
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_indexscan = off")
        explain = "EXPLAIN " if server else "EXPLAIN QUERY PLAN "
        plan = connection.exec_driver_sql(explain + statement, values).all()
        connection.rollback()
    assert "audit_entry_object" in " ".join(str(row[-1]) for row in plan)
