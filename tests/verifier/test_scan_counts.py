"""Counts of scans in the verifier's database: each parcel once, nothing lost by folding."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, func, select

from tem.databases.database import reading, writing
from tem_verifier import scan_counts, scan_upkeep, scanned_often, storage
from tem_verifier.parcels import Parcel
from tem_verifier.scan_counts import Scanned
from tem_verifier.stamps_scanned import Rules, Scan

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 09:00 in Vietnam
TODAY = date(2026, 11, 20)
RULES = Rules(often=10, origins=0, days=90)
WRITER = "a" * 32
ROUNDS = 12


def parcel(sequence: int, counts: dict[tuple[int, int], int], day: date = TODAY) -> Parcel:
    rows = {Scan(batch, stamp, day.toordinal()): n for (batch, stamp), n in counts.items()}
    return Parcel(WRITER, sequence, int(NOW.timestamp()), rows)


def count(store: Engine, *parcels: Parcel, now: datetime = NOW, rules: Rules = RULES) -> int:
    with writing(store) as connection:
        return scan_counts.count(connection, parcels, now, rules)


def total(store: Engine, batch: int, index: int) -> Scanned:
    with reading(store) as connection:
        return scan_counts.total(connection, batch, index)


def often(store: Engine) -> set[tuple[int, int]]:
    with reading(store) as connection:
        return set(scanned_often.often(connection))


def tidy(store: Engine, now: datetime, rules: Rules = RULES) -> int:
    """Tidy to the end; in how many steps."""
    steps, more = 0, True
    while more:
        with writing(store) as connection:
            more = scan_upkeep.tidy(connection, now, rules)
        steps += 1
    return steps


def at_once(acts: list[Callable[[], object]]) -> None:
    """Do all this in threads, and wait for the last."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def rows(store: Engine, table: object) -> int:
    with reading(store) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_a_parcel_counts_once_however_often_it_comes(own_store: Engine) -> None:
    """By itself, twice at once, later again: its scans are counted one time."""
    first, second = parcel(1, {(1, 5): 3, (2, 1): 1}), parcel(2, {(1, 5): 2})
    assert count(own_store, first, first) == 4
    assert count(own_store, first, second) == 2
    assert count(own_store, second) == 0
    assert total(own_store, 1, 5) == Scanned(5, TODAY, TODAY)
    assert total(own_store, 2, 1).count == 1
    assert total(own_store, 9, 9) == Scanned(0, None, None)


def test_what_is_not_committed_is_not_known(own_store: Engine) -> None:
    """A name is remembered with its counts or not at all."""
    with pytest.raises(RuntimeError), writing(own_store) as connection:
        scan_counts.count(connection, [parcel(1, {(1, 5): 3})], NOW, RULES)
        raise RuntimeError
    assert count(own_store, parcel(1, {(1, 5): 3})) == 3


def test_a_parcel_of_another_time_is_not_counted(own_store: Engine) -> None:
    """Names are forgotten after two days, so what is older than one is not taken, nor what is
    said to come from the future."""
    count(own_store, parcel(1, {(1, 5): 3}))
    tomorrow = NOW + timedelta(days=1, seconds=1)
    assert count(own_store, parcel(2, {(1, 5): 3}), now=tomorrow) == 0
    ahead = NOW - timedelta(minutes=4), NOW - timedelta(minutes=6)
    assert [
        count(own_store, parcel(3 + n, {(1, 6): 1}), now=now) for n, now in enumerate(ahead)
    ] == [1, 0], "its name would be kept for as long as its clock says"
    tidy(own_store, NOW + timedelta(days=1, hours=23))
    assert rows(own_store, storage.scan_parcel_table) == 2
    tidy(own_store, NOW + timedelta(days=3))
    assert rows(own_store, storage.scan_parcel_table) == 0
    assert count(own_store, parcel(1, {(1, 5): 3}), now=NOW + timedelta(days=3)) == 0


def test_many_workers_at_once_count_exactly(own_store: Engine) -> None:
    """Workers that were all given the same parcels, in other orders, count each one once, without
    ending each other's transactions; while others tidy."""
    parcels = [
        parcel(n, {(1, 1 + (n * k) % 7): k for k in range(1, 6)}) for n in range(1, ROUNDS + 1)
    ]
    faults: list[BaseException] = []

    def work(order: int) -> None:
        try:
            for n in range(ROUNDS):
                batch = [parcels[(n * order + k) % ROUNDS] for k in range(4)]
                count(own_store, *(reversed(batch) if order < 6 else batch))
                tidy(own_store, NOW + timedelta(days=n % 2))
        except BaseException as fault:
            faults.append(fault)

    at_once([partial(work, order) for order in (1, 5, 7, 11)])
    assert not faults
    wanted = sum(p.total for p in parcels)
    assert sum(total(own_store, 1, stamp).count for stamp in range(1, 8)) == wanted


def test_many_workers_tidy_at_once_and_fold_each_day_once(own_store: Engine) -> None:
    """Workers that all find the same old days due add them to the totals one time."""
    for back in range(90, 100):
        count(own_store, parcel(back, {(1, n): 1 for n in range(1, 40)}, TODAY - timedelta(back)))
    steps: list[int] = []
    at_once([lambda: steps.append(tidy(own_store, NOW))] * 4)
    assert sum(steps) == 10 + 4
    assert {total(own_store, 1, n).count for n in range(1, 40)} == {10}


def test_old_days_are_folded_into_totals(own_store: Engine) -> None:
    """After the days of the setting a stamp has one row; sums, first and last days stay right,
    also when something comes late."""
    days = [TODAY - timedelta(days=back) for back in (91, 90, 89, 0)]
    for n, day in enumerate(days, start=1):
        count(own_store, parcel(n, {(1, 5): n, (1, 6): 1}, day))
    count(own_store, parcel(8, {(1, 7): 1}, days[0]))
    assert tidy(own_store, NOW) == 3
    assert rows(own_store, storage.scan_day_table) == 4
    assert rows(own_store, storage.scan_total_table) == 3
    assert total(own_store, 1, 5) == Scanned(10, days[0], TODAY)
    assert total(own_store, 1, 6) == Scanned(4, days[0], TODAY)
    assert total(own_store, 1, 7) == Scanned(1, days[0], days[0])
    late = TODAY - timedelta(days=200)
    count(own_store, parcel(9, {(1, 5): 1, (1, 7): 1}, late))
    assert tidy(own_store, NOW) == 1, "the day's work is done"
    assert tidy(own_store, NOW + timedelta(days=1)) == 3
    assert total(own_store, 1, 5) == Scanned(11, late, TODAY)
    assert total(own_store, 1, 7) == Scanned(2, late, days[0])


def test_a_total_without_its_last_day_gets_one(own_store: Engine) -> None:
    """What the version before folded says no last day; the next day folded is it."""
    old = TODAY - timedelta(days=400)
    with writing(own_store) as connection:
        row = {"batch": 1, "index": 5, "first_day": old, "count": 7}
        connection.execute(storage.scan_total_table.insert(), row)
    assert total(own_store, 1, 5) == Scanned(7, old, None)
    count(own_store, parcel(1, {(1, 5): 1}, TODAY - timedelta(days=100)))
    tidy(own_store, NOW)
    assert total(own_store, 1, 5) == Scanned(8, old, TODAY - timedelta(days=100))


def test_a_stamp_is_scanned_often_from_the_threshold_on(own_store: Engine) -> None:
    """Ten look-ups within 30 days make it one, nine do not; after the 30 days it is none."""
    count(own_store, parcel(1, {(1, 5): 4, (1, 6): 9}, TODAY - timedelta(days=29)))
    assert often(own_store) == set()
    count(own_store, parcel(2, {(1, 5): 6}), parcel(3, {(2, 1): 10}, TODAY - timedelta(days=30)))
    assert often(own_store) == {(1, 5)}
    tidy(own_store, NOW)
    assert often(own_store) == {(1, 5)}
    tidy(own_store, NOW + timedelta(days=1))
    assert often(own_store) == set()


def test_another_threshold_holds_from_the_next_start(own_store: Engine) -> None:
    """A lower one finds what was counted before, a higher one and none at all let go."""
    count(own_store, parcel(1, {(1, 5): 9, (1, 6): 3, (1, 7): 20}))
    tidy(own_store, NOW)
    assert often(own_store) == {(1, 7)}
    tidy(own_store, NOW, Rules(often=9, origins=0, days=90))
    assert often(own_store) == {(1, 5), (1, 7)}
    tidy(own_store, NOW, Rules(often=21, origins=0, days=90))
    assert often(own_store) == set()
    none = Rules(often=0, origins=0, days=90)
    tidy(own_store, NOW, none)
    count(own_store, parcel(2, {(1, 5): 99}), rules=none)
    assert often(own_store) == set()
