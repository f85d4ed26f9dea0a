"""Thousands of random acts, played alike on both engines beside a table of single stamps."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.conftest import SetClock
from tests.registry.records import OFFICE, Register, product

from tem.databases import published
from tem.errors import TemError
from tem_registry import tables
from tem_registry.activation import corrections
from tem_registry.activation.activation import activate
from tem_registry.batches import batches, delivery, prints, reconciliation
from tem_registry.lots import recall_acts
from tem_registry.reports import statistics
from tem_registry.stamps import endings, stamps, void_reports

BATCHES = {1: ("SP1", 90), 2: ("SP1", 120), 3: ("SP2", 100), 4: ("SP3", 60)}
LOTS = {"LA": ("SP1", 45), "LB": ("SP1", 500), "LC": ("SP2", 500), "LD": ("SP3", 20)}
OWNERS = {"SP1": "P1", "SP2": "P1", "SP3": "P2"}
NOTICE = {"kind": "voluntary", "ordered_by": "P", "reason_public": "sai nhãn"}
CORRECTION_DAYS = 3
SHORT, LONG = "nhầm lô", "kho dán nhầm tem của lô bên cạnh"
CHANCES = {
    "activate": 60,
    "void": 7,
    "revoke": 3,
    "deliver": 8,
    "take_back": 6,
    "correct": 26,
    "print": 3,
    "receive": 4,
    "report": 8,
    "confirm": 5,
    "dismiss": 2,
    "recall": 1,
    "lift": 4,
}
Act = tuple[str, dict[str, Any]]
Stamp = tuple[int, int]


def acts(seed: int, count: int) -> Iterator[Act]:
    """Acts of every kind, most of them possible, many of them not."""
    chance = random.Random(seed)
    for _ in range(count):
        (kind,) = chance.choices(list(CHANCES), list(CHANCES.values()))
        batch = chance.choice([1, 2, 3, 4, 9] if chance.random() < 0.1 else [1, 2, 3, 4])
        yield kind, DRAWN.get(kind, drawn_range)(chance, kind, batch)


def drawn_range(chance: random.Random, kind: str, batch: int) -> dict[str, Any]:
    first = chance.randint(0, BATCHES.get(batch, ("", 50))[1] + 2)
    mean = 1 if kind in ("correct", "report", "void", "revoke") else 4
    last = first + int(chance.expovariate(1 / mean)) - (chance.random() < 0.03)
    given: dict[str, Any] = {"batch": batch, "first": first, "last": last}
    if kind in ("activate", "correct"):
        product_id = BATCHES.get(batch, ("", 0))[0]
        fitting = [id for id, (made, _) in LOTS.items() if made == product_id] * 6
        given["lot_id"] = chance.choice([*fitting, *LOTS, "LX"])
    if kind == "correct":
        given["reason"] = chance.choice([SHORT, LONG, LONG])
        given["lot_id"] = None if chance.random() < 0.4 else given["lot_id"]
    if kind in ("activate", "report"):
        anybody = [None] * 3 if kind == "activate" else ["P1"]
        given["own"] = chance.choice([*anybody, "P1", "P2"])
    if kind in ("void", "revoke", "take_back"):
        given["reason"] = chance.choice(["misprint", "lost"])
    return given


def drawn_print(chance: random.Random, kind: str, batch: int) -> dict[str, Any]:
    quantity = BATCHES.get(batch, ("", 50))[1]
    firsts = [chance.randint(1, quantity) for _ in range(chance.choice([0, 1, 2]))]
    spoiled = [{"first": f, "last": f + chance.choice([0, 0, 3])} for f in firsts]
    counted = sum(one["last"] - one["first"] + 1 for one in spoiled)
    wrong = chance.choice([0, 0, 0, 1, -1])
    return {"batch": batch, "spoiled": spoiled, "printed": quantity - counted + wrong}


def drawn_receipt(chance: random.Random, kind: str, batch: int) -> dict[str, Any]:
    own = chance.choice([None, "P1", "P1", "P2"])
    return {"batch": batch, "quantity": chance.randint(0, 70), "own": own}


DRAWN: dict[str, Callable[[random.Random, str, int], dict[str, Any]]] = {
    "deliver": lambda chance, kind, batch: {"batch": batch},
    "print": drawn_print,
    "receive": drawn_receipt,
    "confirm": lambda chance, kind, batch: {"report": chance.randrange(100)},
    "dismiss": lambda chance, kind, batch: {"report": chance.randrange(100)},
    "recall": lambda chance, kind, batch: {"lot_id": chance.choice(list(LOTS))},
    "lift": lambda chance, kind, batch: {"lot_id": chance.choice(list(LOTS))},
}


@dataclass
class Side:
    """One engine's register in a transaction; the reports that were made there, in order."""

    connection: Connection
    clock: SetClock
    reports: list[str]

    def play(self, kind: str, given: dict[str, Any]) -> Any:
        """Do an act; its answer, or the code and the ranges of its refusal."""
        try:
            with self.connection.begin_nested():
                answer = self._act(kind, dict(given))
        except TemError as error:
            return {"code": error.code, **error.extra}
        if kind == "report":
            self.reports.append(answer["report_id"])
        return {name: value for name, value in answer.items() if name != "report_id"}

    def _act(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        who = (self.connection, self.clock(), OFFICE)
        number = given.pop("batch", None)
        lot_id = given.pop("lot_id", None)
        if kind == "activate":
            return activate(*who, lot_id, batch=number, **given)
        if kind == "correct":
            return corrections.correct(*who, CORRECTION_DAYS, number, **given, lot_id=lot_id)
        if kind == "report":
            return void_reports.add(*who, number, **given, kind="damaged", reason="rách")
        if kind in ("confirm", "dismiss"):
            made = self.reports
            id = made[given["report"] % len(made)] if made else "VR-none"
            if kind == "confirm":
                return void_reports.confirm(*who, id)
            return void_reports.dismiss(*who, id, "không rõ")
        if kind == "deliver":
            return batches.shown(delivery.deliver(*who, number, None))
        if kind == "print":
            return batches.shown(prints.report_run(*who, number, **given))
        if kind == "receive":
            return batches.shown(prints.receive(*who, number, **given))
        if kind == "recall":
            return recall_acts.recall(*who, lot_id, NOTICE)
        if kind == "lift":
            return recall_acts.lift(*who, lot_id, None)
        ranged = {"void": endings.void, "revoke": endings.revoke, "take_back": delivery.take_back}
        return ranged[kind](*who, number, **given)


@dataclass
class Oracle:
    """What is true of each stamp, by the plainest means."""

    state: dict[Stamp, str] = field(default_factory=dict)
    lot: dict[Stamp, str] = field(default_factory=dict)
    bound: dict[Stamp, int] = field(default_factory=dict)  # the day on which it was tied
    recalled: set[str] = field(default_factory=set)
    activations: list[tuple[str, list[Stamp]]] = field(default_factory=list)
    handed: dict[int, int] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)
    carried: dict[int, int] = field(default_factory=dict)  # short at earlier hand-overs
    lost: dict[int, int] = field(default_factory=dict)  # said to be lost since the latest one
    printed: set[int] = field(default_factory=set)
    reports: list[tuple[str, list[Stamp]]] = field(default_factory=list)
    day: int = 0

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
        if kind in ("confirm", "dismiss"):
            return self._decide(kind, given["report"])
        if given["batch"] not in BATCHES:
            return False
        if kind in ("deliver", "print", "receive"):
            whole = {"deliver": self._deliver, "print": self._print, "receive": self._receive}
            return whole[kind](given)
        where = [(given["batch"], i) for i in range(given["first"], given["last"] + 1)]
        if not where or not all(one in self.state for one in where):
            return False
        if kind in ("void", "revoke"):
            delivered = sum(self.state[one] == "delivered" for one in where)
            ended = self._end(where, "revoked" if kind == "revoke" else "void")
            if ended and (kind, given["reason"]) == ("void", "lost"):
                self._lose(given["batch"], delivered)
            return ended
        if kind == "take_back":
            return self._move(where, ["delivered"], "issued")
        act = {"activate": self._activate, "correct": self._correct, "report": self._report}
        return act[kind](where, given)

    def _move(self, where: list[Stamp], states: list[str], to: str) -> bool:
        if any(self.state[one] not in states for one in where):
            return False
        self.state |= dict.fromkeys(where, to)
        return True

    def _end(self, where: list[Stamp], to: str) -> bool:
        return self._move(where, ["issued", "delivered", "activated"], to)

    def _deliver(self, given: dict[str, Any]) -> bool:
        batch = given["batch"]
        missing = self.missing(batch)
        ready = [one for one, state in self.state.items() if one[0] == batch and state == "issued"]
        self.state |= dict.fromkeys(ready, "delivered")
        if ready:
            self.carried[batch] = missing
            self.handed[batch] = len(ready)
            self.received.pop(batch, None)
            self.lost[batch] = 0
        return bool(ready)

    def _lose(self, batch: int, stamps: int) -> None:
        named = min(stamps, self.carried.get(batch, 0))
        self.carried[batch] = self.carried.get(batch, 0) - named
        self.lost[batch] = self.lost.get(batch, 0) + stamps - named

    def missing(self, batch: int) -> int:
        """Came short at any hand-over and not said to be lost: at most what is delivered."""
        handed = self.handed.get(batch, 0)
        latest = handed - self.received.get(batch, handed) - self.lost.get(batch, 0)
        delivered = sum(s == "delivered" for (b, _), s in self.state.items() if b == batch)
        return min(self.carried.get(batch, 0) + max(0, latest), delivered)

    def _print(self, given: dict[str, Any]) -> bool:
        batch = given["batch"]
        ranges = [range(one["first"], one["last"] + 1) for one in given["spoiled"]]
        where = [(batch, i) for one in ranges for i in one]
        agree = given["printed"] + len(where) == BATCHES[batch][1]
        once = len(set(where)) == len(where) and all(one in self.state for one in where)
        if batch in self.printed or not agree or not once:
            return False
        if not self._move(where, ["issued"], "void"):
            return False
        self.printed.add(batch)
        return True

    def _receive(self, given: dict[str, Any]) -> bool:
        batch, own = given["batch"], given["own"]
        if own not in (None, OWNERS[BATCHES[batch][0]]) or (own and batch in self.received):
            return False
        if given["quantity"] > self.handed.get(batch, -1):
            return False
        self.received[batch] = given["quantity"]
        return True

    def _has_room(self, lot: str, where: list[Stamp], product_id: str) -> bool:
        """Whether a lot may have these stamps besides those it has: void ones do not count."""
        mine = [one for one in self.lot if self.lot[one] == lot and self.state[one] != "void"]
        fits = LOTS[lot][0] == product_id and lot not in self.recalled
        return fits and len(mine) + len(where) <= LOTS[lot][1]

    def _tie(self, where: list[Stamp], lot: str) -> None:
        self.activations = [a for a in self.activations if not set(a[1]) & set(where)]
        self.lot |= dict.fromkeys(where, lot)
        self.bound |= dict.fromkeys(where, self.day)
        self.state |= dict.fromkeys(where, "activated")

    def _activate(self, where: list[Stamp], given: dict[str, Any]) -> bool:
        lot, own, product_id = given["lot_id"], given["own"], BATCHES[given["batch"]][0]
        if lot not in LOTS or own not in (None, OWNERS[product_id]):
            return False
        if own not in (None, OWNERS[LOTS[lot][0]]):
            return False
        if (lot, where) in self.activations and {self.state[one] for one in where} == {"activated"}:
            return True
        ready = all(self.state[one] == "delivered" for one in where)
        if not ready or not self._has_room(lot, where, product_id):
            return False
        self._tie(where, lot)
        self.activations.append((lot, where))
        return True

    def _correct(self, where: list[Stamp], given: dict[str, Any]) -> bool:
        lot = given["lot_id"]
        if not all(self.state[one] == "activated" for one in where):
            return False
        before = {self.lot[one] for one in where}
        late = any(self.day > self.bound[one] + CORRECTION_DAYS for one in where)
        if before & {*self.recalled, lot} or (late and len(given["reason"]) < 20):
            return False
        product_id = BATCHES[given["batch"]][0]
        if lot is not None and (lot not in LOTS or not self._has_room(lot, where, product_id)):
            return False
        self._tie(where, lot or "")
        if lot is None:
            self.state |= dict.fromkeys(where, "delivered")
            for one in where:
                del self.lot[one]
        return True

    def _report(self, where: list[Stamp], given: dict[str, Any]) -> bool:
        taken = {one for state, those in self.reports if state == "open" for one in those}
        mine = given["own"] == OWNERS[BATCHES[given["batch"]][0]]
        if not mine or any(self.state[one] not in ("delivered", "activated") for one in where):
            return False
        if taken & set(where):
            return False
        self.reports.append(("open", where))
        return True

    def _decide(self, kind: str, which: int) -> bool:
        if not self.reports:
            return False
        at = which % len(self.reports)
        state, where = self.reports[at]
        if state != "open" or (kind == "confirm" and not self._end(where, "void")):
            return False
        self.reports[at] = (kind, where)
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


def prepare(register: Register) -> None:
    register.populate()
    for number, (product_id, quantity) in BATCHES.items():
        register.batch(number, quantity, product_id, delivered=False)
    for id, (product_id, quantity) in LOTS.items():
        register.lot(id, quantity, product_id)


def comparable(register: Register, reports: list[str]) -> dict[str, Any]:
    """Everything but what is random by design; reports by their order."""
    random_columns = {"epoch", "public_key", "manifest", "signature", "hash", "prev_hash"}
    order = {id: f"report {n}" for n, id in enumerate(reports)}

    def plain(value: Any) -> Any:
        if isinstance(value, str) and "VR-" in value:
            return re.sub(r"VR-\d+-\w{12}", lambda found: order[found[0]], value)
        return value

    found = {
        name: [{k: plain(v) for k, v in row.items() if k not in random_columns} for row in rows]
        for name, rows in register.everything().items()
    }
    found["void_report"].sort(key=lambda row: str(row["id"]))
    return found


def check(register: Register, oracle: Oracle) -> None:
    """Record, published tables and statistics are what the oracle says; no fault is found."""
    single, public = {}, {}
    with register.read() as connection:
        for number in BATCHES:
            for one in stamps.intervals(connection, number):
                for i in range(one.first, one.last + 1):
                    single[number, i] = (str(one.state), one.lot_id)
            check_counts(reconciliation.of_batch(connection, number), oracle)
        rows = statistics.count(connection, "batch")["rows"]
    for row in register.rows(published.interval):
        for i in range(row["first"], row["last"] + 1):
            public[row["batch"], i] = (row["state"], row["lot_id"])
    wanted = {one: (state, oracle.lot.get(one)) for one, state in oracle.state.items()}
    assert single == wanted
    assert public == wanted
    assert rows == [{"key": str(number), **oracle.counts(number)} for number in BATCHES]
    assert register.faults() == []


def check_counts(found: dict[str, Any], oracle: Oracle) -> None:
    """A reconciliation counts the states one by one, and its identities hold."""
    states = [state for (batch, _), state in oracle.state.items() if batch == found["batch"]]
    for state in ("activated", "void", "revoked"):
        assert found[state] == states.count(state)
    assert found["usable"] == states.count("issued") + states.count("delivered")
    assert found["ordered"] == sum(found[n] for n in ("activated", "usable", "void", "revoked"))
    assert found["unaccounted"] == 0
    assert found["received_short"] == found["missing"] == oracle.missing(found["batch"])
    assert found["usable"] == sum(r["last"] - r["first"] + 1 for r in found["usable_ranges"])
    assert found["delivered"] == oracle.handed.get(found["batch"])
    assert (found["printed"] is not None) is (found["batch"] in oracle.printed)
    if found["printed"] is not None:
        assert found["ordered"] == found["printed"] + found["spoiled"]
        assert found["spoiled"] <= found["void"]


@pytest.mark.parametrize("seed", range(1))
def test_random_acts_are_the_same_on_both_engines(
    pair: tuple[Register, Register], clock: SetClock, seed: int
) -> None:
    """Every answer and refusal is the same on both, success is what the oracle says, and so is
    the end: the record, the published tables, the statistics, and every other row."""
    for register in pair:
        prepare(register)
    oracle, outcomes = Oracle(), defaultdict(int)
    reports: tuple[list[str], list[str]] = ([], [])
    script = list(acts(seed, 700))
    for start in range(0, len(script), 50):
        with pair[0].write() as lite, pair[1].write() as server:
            sides = (Side(lite, clock, reports[0]), Side(server, clock, reports[1]))
            for kind, given in script[start : start + 50]:
                answer = sides[0].play(kind, given)
                assert sides[1].play(kind, given) == answer, (kind, given)
                assert ("code" not in answer) is oracle.expects(kind, given), (kind, given, answer)
                outcomes[kind, answer.get("code", "done")] += 1
        clock.advance(days=1)
        oracle.day += 1
    for register in pair:
        check(register, oracle)
    assert comparable(pair[0], reports[0]) == comparable(pair[1], reports[1])
    for kind, least in (("activate", 20), ("correct", 5), ("take_back", 2), ("report", 3)):
        assert outcomes[kind, "done"] >= least, (kind, dict(outcomes))
        assert outcomes[kind, "range_refused"] >= least, (kind, dict(outcomes))
    for kind in ("void", "deliver", "print", "receive", "confirm"):
        assert outcomes[kind, "done"] >= 1, (kind, dict(outcomes))


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
