"""Of simultaneous sales exactly one wins, and no two calls wait for each other for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from tests.conftest import SetClock
from tests.running import until

from tem.databases.database import open_engine, reading, writing
from tem_verifier.retail import faults, sales
from tem_verifier.retail.returns import take_back
from tem_verifier.retail.sale_events import Told
from tem_verifier.retail.sale_rules import Outcome
from tem_verifier.retail.sales import sell
from tem_verifier.retail.sold import Sold, sold
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.retail.tills import ALL, Till

# Long enough that one call is in the middle of its stamps when the other begins with its own.
ROUNDS, STAMPS = 4, 400
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
COUNT = select(func.count()).select_from(sale_event_table)
STAMPS_OF = {
    batch: [(batch, index) for index in range(1, STAMPS + 1)] for batch in range(1, ROUNDS + 1)
}


def at_once(store: Engine, act: Callable[[Connection, int, int], None]) -> None:
    """Two verifiers on one database do this in each round at the same moment; with the number of
    the verifier and that of the round."""
    url = store.url.render_as_string(hide_password=False)
    barrier = threading.Barrier(2, timeout=60)

    def work(verifier: int) -> None:
        engine = open_engine(url)
        for round in STAMPS_OF:
            barrier.wait()
            with writing(engine) as connection:
                act(connection, verifier, round)
        engine.dispose()

    threads = [threading.Thread(target=work, args=(verifier,)) for verifier in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def till(chain: str) -> Till:
    """A till of a chain."""
    return Till("0" * 12, chain, chain, None, ALL)


def test_of_two_simultaneous_sales_one_wins(own_store: Engine, clock: SetClock) -> None:
    """Two verifiers are told the same stamps at once, in opposite orders: each stamp is sold by
    one of them, and the other is told that sale."""
    told: dict[tuple[str, int], list[Sold | None]] = {}

    def act(connection: Connection, verifier: int, batch: int) -> None:
        chain, step = "AB"[verifier], (1, -1)[verifier]
        sales = [Told(stamp, "S", clock()) for stamp in STAMPS_OF[batch][::step]]
        told[chain, batch] = sell(connection, clock(), till(chain), sales)[::step]

    at_once(own_store, act)
    for batch, stamps in STAMPS_OF.items():
        with reading(own_store) as connection:
            standing = sold(connection, stamps)
            assert list(faults.faults(connection)) == []
        for at, stamp in enumerate(stamps):
            by_chain = {chain: told[chain, batch][at] for chain in "AB"}
            (winner,) = [chain for chain, sale in by_chain.items() if sale is None]
            (loser,) = [sale for sale in by_chain.values() if sale is not None]
            assert loser == standing[stamp] == Sold(winner, "S", clock())


@pytest.mark.parametrize("own_store", ["postgresql"], indirect=True)
def test_calls_do_not_wait_for_each_other_where_a_sale_is_taken_back_meanwhile(
    own_store: Engine, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B holds stamp 2 and was told of a sale of stamp 1 that comes back at this moment; A has sold
    it again and waits for stamp 2. B lets go of that, A has both, and nothing is a deadlock."""
    both = [Told((1, index), "S", clock()) for index in (1, 2)]
    read, of_a = sales.sold, list[Future[list[Sold | None]]]()

    def told(chain: str, act: Callable[..., list[Any]], told: list[Told]) -> list[Any]:
        with writing(own_store) as connection:
            return act(connection, clock(), till(chain), told)

    def is_waiting() -> bool:
        with reading(own_store) as connection:
            return bool(connection.execute(WAITING).scalar())

    told("A", sell, both[:1])
    with ThreadPoolExecutor(1) as pool:

        def read_slowly(*asked: Any) -> Any:
            monkeypatch.setattr(sales, "sold", read)
            assert told("A", take_back, both[:1]) == [Outcome.RETURNED]
            of_a.append(pool.submit(told, "A", sell, both))
            until(is_waiting, 10)
            return read(*asked)

        monkeypatch.setattr(sales, "sold", read_slowly)
        assert told("B", sell, both) == [Sold("A", "S", clock())] * 2
        assert of_a[0].result(20) == [None, None]
    with reading(own_store) as connection:
        assert list(faults.faults(connection)) == []


def test_a_sale_that_comes_late_twice_at_once_is_remembered_once(
    own_store: Engine, clock: SetClock
) -> None:
    """The very same late sales told at the same moment are late in both calls, and one event."""
    late = {
        batch: [Told(stamp, "S", clock()) for stamp in STAMPS_OF[batch][:50]] for batch in STAMPS_OF
    }
    found: list[Sold | None] = []
    with writing(own_store) as connection:
        for sales in late.values():
            sell(connection, clock(), till("B"), sales)

    def act(connection: Connection, verifier: int, batch: int) -> None:
        found.extend(sell(connection, clock(), till("A"), late[batch]))

    at_once(own_store, act)
    assert found == [Sold("B", "S", clock())] * 2 * 50 * ROUNDS
    with reading(own_store) as connection:
        assert connection.execute(COUNT).scalar_one() == 2 * 50 * ROUNDS
        assert list(faults.faults(connection)) == []


def test_the_very_same_return_told_twice_at_once_is_one(own_store: Engine, clock: SetClock) -> None:
    """Both calls are told that it came back, and it is remembered once."""
    everything = [stamp for stamps in STAMPS_OF.values() for stamp in stamps[:50]]
    sales = [Told(stamp, "S", clock()) for stamp in everything]
    with writing(own_store) as connection:
        assert set(sell(connection, clock(), till("A"), sales)) == {None}
    found: list[Outcome | str] = []

    def act(connection: Connection, verifier: int, batch: int) -> None:
        back = [Told(stamp, "S", clock()) for stamp in STAMPS_OF[batch][:50]]
        found.extend(take_back(connection, clock(), till("A"), back))

    at_once(own_store, act)
    assert found == [Outcome.RETURNED] * 2 * len(everything)
    with reading(own_store) as connection:
        assert connection.execute(COUNT).scalar_one() == 2 * len(everything)
        assert sold(connection, everything) == {}
        assert list(faults.faults(connection)) == []
