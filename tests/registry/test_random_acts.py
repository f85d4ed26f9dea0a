"""Thousands of random acts, played alike on both engines beside a table of single stamps."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from tests.conftest import SetClock
from tests.registry.records import OFFICE, Register, all_tables, make_tables, product

from tem import published
from tem.database import open_engine, sqlite_url
from tem.errors import TemError
from tem_registry import lots, stamps, statistics, tables
from tem_registry.activation import activate

BATCHES = {1: ("SP1", 90), 2: ("SP1", 120), 3: ("SP2", 100), 4: ("SP3", 60)}
LOTS = {"LA": ("SP1", 45), "LB": ("SP1", 500), "LC": ("SP2", 500), "LD": ("SP3", 20)}
OWNERS = {"SP1": "P1", "SP2": "P1", "SP3": "P2"}
NOTICE = {"kind": "voluntary", "ordered_by": "P", "reason_public": "sai nhãn"}
Act = tuple[str, dict[str, Any]]


def acts(seed: int, count: int) -> Iterator[Act]:
    """Acts of every kind, most of them possible, many of them not."""
    chance = random.Random(seed)
    for _ in range(count):
        batch = chance.choice([1, 2, 3, 4, 9] if chance.random() < 0.1 else [1, 2, 3, 4])
        first = chance.randint(0, BATCHES.get(batch, ("", 50))[1] + 2)
        last = first + int(chance.expovariate(0.25)) - (chance.random() < 0.03)
        where = {"batch": batch, "first": first, "last": last}
        kind = chance.choices(
            ["activate", "void", "revoke", "deliver", "recall", "lift"], [68, 10, 5, 8, 1, 4]
        )[0]
        if kind == "activate":
            own = chance.choice([None, None, None, "P1", "P2"])
            product_id = BATCHES.get(batch, ("", 0))[0]
            fitting = [id for id, (made, _) in LOTS.items() if made == product_id] * 6
            yield kind, {**where, "lot_id": chance.choice([*fitting, *LOTS, "LX"]), "own": own}
        elif kind in ("void", "revoke"):
            yield kind, {**where, "reason": chance.choice(["misprint", "lost"])}
        elif kind == "deliver":
            yield kind, {"batch": batch}
        else:
            yield kind, {"lot_id": chance.choice(list(LOTS))}


def play(connection: Connection, clock: SetClock, kind: str, given: dict[str, Any]) -> Any:
    """Do an act; its answer, or the code and the ranges of its refusal."""
    now = clock()
    try:
        with connection.begin_nested():
            if kind == "activate":
                rest = {k: v for k, v in given.items() if k != "lot_id"}
                return activate(connection, now, OFFICE, given["lot_id"], **rest)
            if kind == "deliver":
                done = stamps.deliver(connection, now, OFFICE, given["batch"], None)
                return stamps.shown(done)
            if kind == "recall":
                return lots.recall(connection, now, OFFICE, given["lot_id"], NOTICE)
            if kind == "lift":
                return lots.lift(connection, now, OFFICE, given["lot_id"], None)
            act = stamps.void if kind == "void" else stamps.revoke
            where = (given["batch"], given["first"], given["last"], given["reason"])
            return act(connection, now, OFFICE, *where)
    except TemError as error:
        return {"code": error.code, **error.extra}


@dataclass
class Oracle:
    """What is true of each stamp, by the plainest means."""

    state: dict[tuple[int, int], str] = field(default_factory=dict)
    lot: dict[tuple[int, int], str] = field(default_factory=dict)
    recalled: set[str] = field(default_factory=set)
    activations: set[tuple[str, int, int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for batch, (_, quantity) in BATCHES.items():
            self.state |= {(batch, i): "issued" for i in range(1, quantity + 1)}

    def expects(self, kind: str, given: dict[str, Any]) -> bool:
        """Whether an act must succeed; if so it is done here too."""
        if kind in ("recall", "lift"):
            possible = (given["lot_id"] in self.recalled) is (kind == "lift")
            if possible:
                self.recalled ^= {given["lot_id"]}
            return possible
        batch = given["batch"]
        if batch not in BATCHES:
            return False
        product_id, quantity = BATCHES[batch]
        if kind == "deliver":
            return self._deliver(batch)
        where = [(batch, i) for i in range(given["first"], given["last"] + 1)]
        if not where or not all(1 <= i <= quantity for _, i in where):
            return False
        if kind != "activate":
            return self._end(where, "revoked" if kind == "revoke" else "void")
        lot = given["lot_id"]
        if lot not in LOTS or given["own"] not in (None, OWNERS[product_id]):
            return False
        if given["own"] not in (None, OWNERS[LOTS[lot][0]]):
            return False
        return self._activate(where, lot, product_id)

    def _deliver(self, batch: int) -> bool:
        if ("delivered", batch) in self.recalled:
            return False
        self.recalled.add(("delivered", batch))  # type: ignore[arg-type]
        for (number, i), state in self.state.items():
            if number == batch and state == "issued":
                self.state[number, i] = "delivered"
        return True

    def _end(self, where: list[tuple[int, int]], to: str) -> bool:
        if any(self.state[one] in ("void", "revoked") for one in where):
            return False
        self.state |= dict.fromkeys(where, to)
        return True

    def _activate(self, where: list[tuple[int, int]], lot: str, product_id: str) -> bool:
        name = (lot, where[0][0], where[0][1], where[-1][1])
        stands = all(self.state[one] == "activated" and self.lot[one] == lot for one in where)
        if name in self.activations and stands:
            return True
        room = LOTS[lot][1] - sum(one == lot for one in self.lot.values())
        ready = all(self.state[one] == "delivered" for one in where)
        if LOTS[lot][0] != product_id or lot in self.recalled or len(where) > room or not ready:
            return False
        self.activations.add(name)
        self.state |= dict.fromkeys(where, "activated")
        self.lot |= dict.fromkeys(where, lot)
        return True

    def counts(self, batch: int) -> dict[str, int]:
        """The office's columns, stamp by stamp."""
        mine = [one for one in self.state if one[0] == batch]
        tied = [one for one in mine if one in self.lot]
        never = [self.state[one] for one in mine if one not in self.lot]
        return {
            "quantity": len(mine),
            "activated": len(tied),
            "not_activated": len(never),
            "not_activated_usable": len(never) - never.count("void") - never.count("revoked"),
            "void": never.count("void"),
            "revoked": never.count("revoked"),
        }


@pytest.fixture
def pair(
    server_engine: Engine, tmp_path: Path, clock: SetClock
) -> Iterator[tuple[Register, Register]]:
    """The same register on SQLite and on PostgreSQL."""
    with server_engine.begin() as connection:
        names = ", ".join(table.name for table in all_tables())
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    lite = open_engine(sqlite_url(tmp_path / "registry.db"))
    make_tables(lite)
    yield Register(lite, clock), Register(server_engine, clock)
    lite.dispose()


def prepare(register: Register) -> None:
    register.populate()
    for number, (product_id, quantity) in BATCHES.items():
        register.batch(number, quantity, product_id, delivered=False)
    for id, (product_id, quantity) in LOTS.items():
        register.lot(id, quantity, product_id)


def comparable(register: Register) -> dict[str, Any]:
    """Everything but what is random by design."""
    random_columns = {"epoch", "public_key", "manifest", "signature", "hash", "prev_hash"}
    return {
        name: [{k: v for k, v in row.items() if k not in random_columns} for row in rows]
        for name, rows in register.everything().items()
    }


def check(register: Register, oracle: Oracle) -> None:
    """Record, published tables and statistics are what the oracle says; no fault is found."""
    single, public = {}, {}
    with register.read() as connection:
        for number in BATCHES:
            for one in stamps.intervals(connection, number):
                for i in range(one.first, one.last + 1):
                    single[number, i] = (str(one.state), one.lot_id)
        rows = statistics.count(connection, "batch")["rows"]
    for row in register.rows(published.interval):
        for i in range(row["first"], row["last"] + 1):
            public[row["batch"], i] = (row["state"], row["lot_id"])
    wanted = {one: (state, oracle.lot.get(one)) for one, state in oracle.state.items()}
    assert single == wanted
    assert public == wanted
    assert rows == [{"key": str(number), **oracle.counts(number)} for number in BATCHES]
    assert register.faults() == []


@pytest.mark.parametrize("seed", range(4))
def test_random_acts_are_the_same_on_both_engines(
    pair: tuple[Register, Register], clock: SetClock, seed: int
) -> None:
    """Every answer and refusal is the same on both, success is what the oracle says, and so is
    the end: the record, the published tables, the statistics, and every other row."""
    for register in pair:
        prepare(register)
    oracle, outcomes = Oracle(), defaultdict(int)
    script = list(acts(seed, 320))
    for start in range(0, len(script), 40):
        with pair[0].write() as lite, pair[1].write() as server:
            for kind, given in script[start : start + 40]:
                answer = play(lite, clock, kind, given)
                assert play(server, clock, kind, given) == answer, (kind, given)
                assert ("code" not in answer) is oracle.expects(kind, given), (kind, given, answer)
                outcomes[kind, answer.get("code", "done")] += 1
        clock.advance(minutes=1)
    for register in pair:
        check(register, oracle)
    assert comparable(pair[0]) == comparable(pair[1])
    assert outcomes["activate", "done"] >= 20
    assert outcomes["void", "done"] >= 5
    assert outcomes["activate", "range_refused"] >= 20


@pytest.mark.parametrize("by", ["batch", "product", "producer", "commune", "month"])
def test_every_way_to_group_adds_up(register: Register, by: str) -> None:
    """The rows of each grouping sum to one total, and its identities hold in every row."""
    register.change("producer", "P2", address={"full": "xã khác"})
    register.add("product", product("SP4", "P2"))
    register.batch(1, 40)
    register.clock.advance(days=40)
    register.batch(2, 60)
    register.batch(12, 50, "SP3")
    register.lot("LA")
    register.activate("LA", 1, 1, 20)
    register.void(1, 1, 3)
    register.void(1, 31, 32)
    register.revoke(2, 1, 10)
    keys = {
        "batch": ["1", "2", "12"],
        "product": ["SP1", "SP3"],
        "producer": ["P1", "P2"],
        "commune": ["", "18781"],
        "month": ["2026-11", "2026-12"],
    }[by]
    with register.read() as connection:
        found = statistics.count(connection, by)
    assert [row["key"] for row in found["rows"]] == keys
    for row in [*found["rows"], found["total"]]:
        assert row["quantity"] == row["activated"] + row["not_activated"]
        ends = row["void"] + row["revoked"]
        assert row["not_activated"] == row["not_activated_usable"] + ends
    for name, total in found["total"].items():
        assert sum(row[name] for row in found["rows"]) == total
    assert found["total"] == {
        "quantity": 150,
        "activated": 20,
        "not_activated": 130,
        "not_activated_usable": 118,
        "void": 2,
        "revoked": 10,
    }


def test_statistics_of_a_producer_or_a_period(register: Register) -> None:
    """A producer counts its own; a period counts by the day of issue in Vietnam, ends included."""
    register.batch(1, 40)
    register.clock.advance(hours=15)  # the 21st in Vietnam
    register.batch(2, 60)
    register.batch(3, 50, "SP3")

    def total(**limits: Any) -> int:
        with register.read() as connection:
            return int(statistics.count(connection, "batch", **limits)["total"]["quantity"])

    day, next_day = (row["issued_on"] for row in register.rows(tables.stamp_batch)[:2])
    assert (day.isoformat(), next_day.isoformat()) == ("2026-11-20", "2026-11-21")
    assert (total(), total(producer_id="P1"), total(producer_id="P2")) == (150, 100, 50)
    assert total(issued_from=next_day) == 110
    assert total(issued_until=day) == 40
    assert total(issued_from=day, issued_until=day, producer_id="P2") == 0


def test_an_empty_register_counts_nothing(register: Register) -> None:
    """Without batches there are no rows, the total is nought, and no fault is found."""
    with register.read() as connection:
        found = statistics.count(connection, "month")
    assert found["rows"] == []
    assert set(found["total"].values()) == {0}
    assert register.faults() == []
