"""Acts at the same time: none is lost, none stands twice, none waits for ever."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from tests.registry.records import OFFICE, Register, certificate

from tem import published
from tem.errors import TemError
from tem_registry import catalogue, lots, stamps

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
            lots.recall(connection, register.clock(), OFFICE, "L1", notice)

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
            stamps.deliver(connection, register.clock(), OFFICE, 1, None)

    assert sorted(together(deliver, deliver)) == ["already_delivered", "done"]
