"""Acts at the same time: none is lost, none stands twice, none waits for ever."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from tests.registry.records import OFFICE, Register, certificate

from tem.databases import published
from tem.errors import TemError
from tem.trail.audit import entry_table
from tem_registry.batches import delivery
from tem_registry.catalogue import catalogue
from tem_registry.lots import lots, recall_acts
from tem_registry.stamps import void_reports

Act = Callable[[], object]


def together(*acts: Act) -> list[str]:
    """Run acts in threads that start at one moment; ``done`` or the code of each."""
    barrier = Barrier(len(acts))

    def run(act: Act) -> str:
        barrier.wait(10)
        try:
            act()
        except TemError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_overlapping_activations_have_one_winner(register: Register) -> None:
    """Of activations that share a stamp, exactly one takes place."""
    register.batch(1, 100)
    ids = [register.lot(f"L{i}").id for i in range(6)]
    acts = [
        lambda id=id, i=i: register.activate(id, 1, 1 + 5 * i, 50 + 5 * i)
        for i, id in enumerate(ids)
    ]
    outcomes = together(*acts)
    assert sorted(outcomes) == ["done"] + ["range_refused"] * 5
    assert (
        sum(
            last - first + 1 for first, last, state, _ in register.ranges(1) if state == "activated"
        )
        == 50
    )


def test_a_lot_never_gets_more_stamps_than_units(register: Register) -> None:
    """Activations of different batches into one lot stop where its units end."""
    register.lot("L1", quantity=100)
    for number in range(1, 7):
        register.batch(number, 40)
    outcomes = together(*(lambda n=n: register.activate("L1", n, 1, 40) for n in range(1, 7)))
    assert sorted(outcomes) == ["done"] * 2 + ["more_stamps_than_units"] * 4
    with register.read() as connection:
        assert lots.stamps_of(connection, "L1") == 80


def test_neighbours_are_activated_and_voided_without_a_deadlock(register: Register) -> None:
    """Acts side by side in one batch, whose rows name each other's lots, all take place."""
    rounds = 12
    register.batch(1, 100 * rounds)
    for i in range(3):
        register.lot(f"L{i}", 100_000)
        register.activate(f"L{i}", 1, 10 * i + 1, 10 * i + 10)
    for turn in range(1, rounds):
        start = 100 * turn
        acts = [
            *(
                lambda i=i, s=start: register.activate(f"L{i}", 1, s + 10 * i + 1, s + 10 * i + 10)
                for i in range(3)
            ),
            lambda s=start: register.void(1, s - 100 + 5, s - 100 + 25),
        ]
        assert together(*acts) == ["done"] * 4


def test_catalogue_and_stamps_change_together_without_a_deadlock(register: Register) -> None:
    """Changes of the record and acts on stamps take their locks in one order."""
    register.batch(1, 1000)
    register.lot("L1")
    counter = itertools.count(1)

    def describe() -> None:
        for _ in range(15):
            register.change("product", "SP1", name=f"Nước mắm {next(counter)}")

    def certify() -> None:
        for _ in range(15):
            register.add("certificate", certificate(f"CN-{next(counter)}", "SP1"))

    def damage() -> None:
        for i in range(15):
            register.void(1, 10 * i + 1, 10 * i + 3)

    assert together(describe, certify, damage) == ["done"] * 3


def test_the_same_recall_twice_at_once(register: Register) -> None:
    """Of two recalls of one lot at the same moment, one is refused."""
    register.lot("L1")
    notice = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}

    def recall() -> None:
        with register.write() as connection:
            recall_acts.recall(connection, register.clock(), OFFICE, "L1", notice)

    assert sorted(together(recall, recall, recall)) == ["already_recalled"] * 2 + ["done"]


def test_change_numbers_become_visible_in_their_order(register: Register) -> None:
    """A reader that asks for what is newer than it holds never misses a row."""
    for number in range(1, 5):
        register.batch(number, 200)
    done = Event()

    def act(number: int) -> None:
        for i in range(20):
            register.void(number, 5 * i + 1, 5 * i + 2)

    def follow() -> dict[tuple[int, int], int]:
        held, seen = 0, {}
        while True:
            last_round = done.is_set()
            with register.read() as connection:
                position = published.position(connection)
                newer = published.interval.select().where(published.interval.c.change > held)
                seen |= {(row.batch, row.first): row.change for row in connection.execute(newer)}
                held = position[1] if position else 0
            if last_round:
                return seen

    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(follow)
        assert together(*(lambda n=n: act(n) for n in range(1, 5))) == ["done"] * 4
        done.set()
        seen = following.result(30)
    published_rows = register.rows(published.interval)
    assert len(published_rows) == 4 * 40
    for row in published_rows:
        assert seen[row["batch"], row["first"]] == row["change"]
    assert register.faults() == []


def test_a_record_is_added_once(register: Register) -> None:
    """A record added twice at the same moment stands once."""
    described = catalogue.KINDS["certificate"]

    def add() -> None:
        with register.write() as connection:
            record = certificate("CN-X", "SP1")
            catalogue.add(connection, register.clock(), OFFICE, described, record)

    assert sorted(together(add, add, add)) == ["done", "id_taken", "id_taken"]


def test_a_batch_is_delivered_once(register: Register) -> None:
    """Of two deliveries at the same moment one is refused."""
    register.batch(1, delivered=False)

    def deliver() -> None:
        with register.write() as connection:
            delivery.deliver(connection, register.clock(), OFFICE, 1, None)

    assert sorted(together(deliver, deliver)) == ["already_delivered", "done"]


def winners(outcomes: list[str], refusals: set[str]) -> int:
    """How many of some acts took place; the others were refused for one of these reasons."""
    assert set(outcomes) <= {"done"} | refusals, outcomes
    return outcomes.count("done")


def test_a_correction_against_an_activation(register: Register) -> None:
    """Stamps freed and activated at one moment, many times, are in one lot at most."""
    register.batch(1, 200)
    for id in ("L1", "L2", "L3"):
        register.lot(id)
    for start in range(1, 200, 10):
        register.activate("L1", 1, start, start + 9)
        outcomes = together(
            lambda s=start: register.correct(1, s, s + 9, None),
            lambda s=start: register.activate("L2", 1, s, s + 9),
            lambda s=start: register.correct(1, s + 5, s + 9, "L3"),
        )
        assert winners(outcomes, {"range_refused", "stamps_changed_meanwhile"}) >= 1
    assert register.faults() == []


def test_a_recall_against_an_activation_and_a_correction(register: Register) -> None:
    """Whichever comes first, no stamp enters or leaves a lot once its recall is on record."""
    rounds = 15
    register.batch(1, 100 * rounds)
    notice = {"kind": "mandatory", "ordered_by": "P1", "reason_public": "sai nhãn"}

    def recall(id: str) -> None:
        with register.write() as connection:
            recall_acts.recall(connection, register.clock(), OFFICE, id, notice)

    for turn in range(rounds):
        bad, good, start = f"L{turn}", f"G{turn}", 100 * turn + 1
        register.lot(bad)
        register.lot(good)
        register.activate(bad, 1, start, start + 9)
        outcomes = together(
            lambda bad=bad: recall(bad),
            lambda bad=bad, s=start: register.activate(bad, 1, s + 10, s + 19),
            lambda good=good, s=start: register.correct(1, s, s + 4, good),
        )
        assert outcomes[0] == "done"
        assert outcomes[1] in ("done", "lot_recalled")
        assert outcomes[2] in ("done", "range_refused")
        entries = [
            row["action"]
            for row in register.rows(entry_table)
            if row["object"] in (f"lot:{bad}", "batch:1")
        ]
        assert entries[-1] == "lot.recalled" or outcomes[1:] != ["done", "done"]
        recalled_at = max(i for i, one in enumerate(entries) if one == "lot.recalled")
        assert entries[recalled_at + 1 :] == [], "nothing follows the recall"
    assert register.faults() == []


def test_a_void_against_a_correction(register: Register) -> None:
    """A void stamp keeps the lot it had at that moment, and no void stamp is moved."""
    register.batch(1, 200)
    for id in ("L1", "L2"):
        register.lot(id)
    register.activate("L1", 1, 1, 200)
    for start in range(1, 200, 10):
        outcomes = together(
            lambda s=start: register.void(1, s + 2, s + 3),
            lambda s=start: register.correct(1, s, s + 9, "L2"),
        )
        assert outcomes[0] == "done"
        assert outcomes[1] in ("done", "range_refused")
        lot = "L2" if outcomes[1] == "done" else "L1"
        inside = [r for r in register.ranges(1) if r[2] == "void" and r[0] == start + 2]
        assert [(r[0], r[1], r[3]) for r in inside] == [(start + 2, start + 3, lot)]
    assert register.faults() == []


def test_two_corrections_of_one_range(register: Register) -> None:
    """To two lots at one moment: both may take place one after the other, never half of each."""
    register.batch(1, 10)
    for id in ("L1", "L2", "L3"):
        register.lot(id)
    register.activate("L1", 1, 1, 10)
    for _ in range(15):
        outcomes = together(
            lambda: register.correct(1, 1, 10, "L2"),
            lambda: register.correct(1, 1, 10, "L3"),
        )
        assert winners(outcomes, {"range_refused", "stamps_changed_meanwhile"}) >= 1
        ((_, _, _, lot),) = register.ranges(1)
        assert lot in ("L2", "L3")
        register.correct(1, 1, 10, "L1")
    assert register.faults() == []


def test_a_report_is_decided_once(register: Register) -> None:
    """Confirmed and dismissed at one moment, one of the two stands."""
    register.batch(1, 100)
    for start in range(1, 100, 10):
        with register.write() as connection:
            report = void_reports.add(
                connection,
                register.clock(),
                "producer:P1",
                1,
                "P1",
                first=start,
                last=start + 1,
                kind="lost",
                reason="mất",
            )

        def decide(confirm: bool, id: str = report["report_id"]) -> None:
            with register.write() as connection:
                who = (connection, register.clock(), OFFICE, id)
                if confirm:
                    void_reports.confirm(*who)
                else:
                    void_reports.dismiss(*who, "không rõ")

        outcomes = together(lambda: decide(True), lambda: decide(False))
        assert sorted(outcomes) == ["done", "report_decided"]
        void = any(r[0] == start and r[2] == "void" for r in register.ranges(1))
        assert void is (outcomes[0] == "done")
    assert register.faults() == []
