"""Origins of scans: how many a day, from hashes that nobody can undo and that do not last."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from tests.conftest import SetClock

from tem.databases.database import open_engine, reading, sqlite_url, writing
from tem.upkeep.backup import _copy_database
from tem_verifier import scan_counts, scan_upkeep, scanned_often, storage
from tem_verifier.origins import BUCKETS, DayKey
from tem_verifier.parcels import MOST_ORIGINS, Parcel
from tem_verifier.scan_buffer import ScanBuffer
from tem_verifier.scans import Scans
from tem_verifier.stamps_scanned import Day, Rules, Scan

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 09:00 in Vietnam
TODAY, DAY = date(2026, 11, 20), timedelta(days=1)
RULES = Rules(often=0, origins=5, days=90)
KEY = DayKey(TODAY.toordinal(), b"k" * 32)
ON_SQLITE = pytest.mark.parametrize("own_store", ["sqlite"], indirect=True)


def parcel(sequence: int, origins: dict[int, tuple[int, ...]], now: datetime = NOW) -> Parcel:
    """One scan of each of the stamps of batch 1, from these buckets."""
    day = Day.at(now).number
    known = {Scan(1, stamp, day): found for stamp, found in origins.items()}
    return Parcel("a" * 32, sequence, int(now.timestamp()), dict.fromkeys(known, 1), known)


def count(store: Engine, *parcels: Parcel, now: datetime = NOW, rules: Rules = RULES) -> int:
    with writing(store) as connection:
        return scan_counts.count(connection, parcels, now, rules)


def origins(store: Engine, index: int) -> int:
    with reading(store) as connection:
        return scan_counts.total(connection, 1, index).origins


def often(store: Engine) -> set[tuple[int, int]]:
    with reading(store) as connection:
        return set(scanned_often.often(connection))


def kept(store: Engine, table: Any) -> list[Any]:
    with reading(store) as connection:
        return list(connection.execute(select(*table.c)))


def tidy(store: Engine, now: datetime, rules: Rules = RULES) -> None:
    more = True
    while more:
        with writing(store) as connection:
            more = scan_upkeep.tidy(connection, now, rules)


def test_a_bucket_is_coarse_and_of_one_stamp_and_key() -> None:
    """The same under the same key; another day's key and another stamp have nothing in common with
    it; many addresses share each bucket, evenly."""
    addresses = [f"10.0.{n >> 8}.{n & 255}" for n in range(BUCKETS * 4)]
    here = [KEY.bucket(address, 1, 5) for address in addresses]
    assert here == [KEY.bucket(address, 1, 5) for address in addresses]
    assert min(here) >= 0 and max(here) < BUCKETS
    assert 0.97 < len(set(here)) / BUCKETS < 0.99, "of four tries for each, e^-4 stay empty"
    tomorrow = DayKey(KEY.day + 1, b"l" * 32)
    for other in (
        [KEY.bucket(address, 1, 6) for address in addresses],
        [KEY.bucket(address, 2, 5) for address in addresses],
        [tomorrow.bucket(address, 1, 5) for address in addresses],
    ):
        assert sum(a == b for a, b in zip(here, other, strict=True)) < 20


def test_different_origins_are_counted_once_a_day(own_store: Engine) -> None:
    """The same origin again adds a scan and no origin, in one parcel or another, from whichever
    worker; the next day it counts anew."""
    assert count(own_store, parcel(1, {5: (1, 2), 6: (1,)}), parcel(2, {5: (2, 3), 6: ()})) == 4
    assert (origins(own_store, 5), origins(own_store, 6)) == (3, 1)
    assert count(own_store, parcel(2, {5: (2, 3)}), parcel(3, {5: (3, 1)})) == 1
    assert (origins(own_store, 5), origins(own_store, 6)) == (3, 1)
    count(own_store, parcel(4, {5: (1,)}, NOW + DAY), now=NOW + DAY)
    assert origins(own_store, 5) == 4


def test_no_more_origins_are_kept_than_the_note_needs(own_store: Engine) -> None:
    """Five of a stamp and day, however many there are; none at all if none are asked for."""
    count(own_store, parcel(1, {5: (1, 2, 3)}), parcel(2, {5: tuple(range(9)), 6: (1,)}))
    count(own_store, parcel(3, {5: (40, 41)}))
    assert (origins(own_store, 5), len(kept(own_store, storage.scan_origin_table))) == (5, 6)
    none = Rules(often=50, origins=0, days=90)
    assert count(own_store, parcel(4, {7: (1, 2)}), rules=none) == 1
    assert origins(own_store, 7) == 0 and len(kept(own_store, storage.scan_origin_table)) == 6


def test_hashes_and_key_go_with_their_day_and_numbers_stay(own_store: Engine) -> None:
    """Whoever begins a day deletes what the days before left; what arrives late from yesterday
    counts as a scan, its origins could not be told from those forgotten."""
    with writing(own_store) as connection:
        first = scan_upkeep.begin_day(connection, NOW)
        assert scan_upkeep.begin_day(connection, NOW + timedelta(hours=1)) == first
    count(own_store, parcel(1, {5: (1, 2)}))
    tomorrow = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # 00:00 in Vietnam
    with writing(own_store) as connection:
        second = scan_upkeep.begin_day(connection, tomorrow)
    assert second.day == first.day + 1 and second.key != first.key
    assert kept(own_store, storage.scan_origin_table) == []
    assert [row.key for row in kept(own_store, storage.scan_key_table)] == [second.key.hex()]
    late = parcel(2, {5: (1, 2, 3)}, tomorrow - timedelta(seconds=1))
    assert count(own_store, late, now=tomorrow) == 1
    with reading(own_store) as connection:
        found = scan_counts.total(connection, 1, 5)
    assert (found.count, found.origins) == (2, 2)
    assert kept(own_store, storage.scan_origin_table) == []


def test_turned_off_origins_are_forgotten_too(own_store: Engine) -> None:
    """A verifier that counts no origins any more still deletes yesterday's key and hashes."""
    with writing(own_store) as connection:
        scan_upkeep.begin_day(connection, NOW)
    count(own_store, parcel(1, {5: (1, 2)}))
    tidy(own_store, NOW + DAY, Rules(often=50, origins=0, days=90))
    assert kept(own_store, storage.scan_origin_table) == kept(own_store, storage.scan_key_table)
    assert kept(own_store, storage.scan_key_table) == []


def test_the_key_and_hashes_are_in_no_log_of_the_server(own_store: Engine) -> None:
    """On PostgreSQL their tables are unlogged: in no WAL, no archive of it, on no standby."""
    if own_store.dialect.name != "postgresql":
        return
    with reading(own_store) as connection:
        found = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r'"
        )
        assert set(found.scalars()) == {"scan_key", "scan_origin"}


@ON_SQLITE
def test_a_backup_holds_neither_key_nor_hashes(own_store: Engine, tmp_path: Path) -> None:
    """They are zeroed in the copy; the numbers are in it."""
    with writing(own_store) as connection:
        key = scan_upkeep.begin_day(connection, NOW).key.hex()
    count(own_store, parcel(1, {5: (1, 2)}))
    _copy_database(Path(str(own_store.url.database)), tmp_path / "copy.db")
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db"]
    assert key.encode() not in (tmp_path / "copy.db").read_bytes()
    copy = open_engine(sqlite_url(tmp_path / "copy.db"))
    assert kept(copy, storage.scan_origin_table) == kept(copy, storage.scan_key_table)
    assert kept(copy, storage.scan_key_table) == [] and origins(copy, 5) == 2
    copy.dispose()


def test_workers_at_once_have_one_key_and_count_each_origin_once(own_store: Engine) -> None:
    """Workers that begin the day together agree; origins that all of them saw count one time, and
    never more than are kept."""
    faults: list[BaseException] = []
    keys: list[DayKey] = []

    def work(writer: str) -> None:
        try:
            with writing(own_store) as connection:
                keys.append(scan_upkeep.begin_day(connection, NOW))
            for n in range(8):
                one = parcel(n, dict.fromkeys((1, 2, 3), (n, n + 1)))
                two = parcel(n + 100, {4: (n % 3,)})
                own = [Parcel(writer * 32, p.sequence, p.made_at, p.counts, p.origins)
                       for p in (one, two)]  # fmt: skip
                count(own_store, *own)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=partial(work, writer)) for writer in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults
    assert len(keys) == 4 and len(set(keys)) == 1
    assert [origins(own_store, stamp) for stamp in (1, 2, 3, 4)] == [5, 5, 5, 3]


def test_a_stamp_is_scanned_often_from_five_daily_origins_on(own_store: Engine) -> None:
    """Days add up within 30 of them: the same person on two days is two. After the 30 days, or
    with a higher threshold, it is none."""
    before = NOW - 29 * DAY
    count(own_store, parcel(1, {5: (1, 2), 6: (1, 2)}, before), now=before)
    count(own_store, parcel(2, {5: (1, 2), 6: (1, 2)}))
    assert often(own_store) == set()
    count(own_store, parcel(3, {5: (3,)}), parcel(4, {7: (1, 2, 3, 4)}))
    assert often(own_store) == {(1, 5)}
    tidy(own_store, NOW)
    assert often(own_store) == {(1, 5)}
    tidy(own_store, NOW, Rules(often=0, origins=4, days=90))
    assert often(own_store) == {(1, 5), (1, 6), (1, 7)}
    tidy(own_store, NOW, Rules(often=0, origins=6, days=90))
    assert often(own_store) == set()
    tidy(own_store, NOW)
    assert often(own_store) == {(1, 5)}
    tidy(own_store, NOW + DAY)
    assert often(own_store) == set()


def test_origins_are_folded_with_the_counts(own_store: Engine) -> None:
    """After the days of the setting the numbers are in the stamp's total."""
    for back in (100, 95, 2):
        then = NOW - back * DAY
        count(own_store, parcel(back, {5: (1, back)}, then), now=then)
    tidy(own_store, NOW)
    assert [row.origins for row in kept(own_store, storage.scan_total_table)] == [4]
    assert origins(own_store, 5) == 6


@pytest.fixture
def worker(own_store: Engine, clock: SetClock) -> Callable[[], Scans]:
    """Makes workers that count straight into the same database."""
    clock.now = NOW
    return lambda: Scans(own_store, clock, RULES)


def seen(workers: list[Scans], *networks: str | None) -> None:
    """Somebody looks at stamp 5 from each of these networks, at each worker."""
    for one in workers:
        for network in networks:
            one.add(1, 5, network)
        one.ship()


@ON_SQLITE
def test_workers_that_share_a_database_know_an_origin_again(
    own_store: Engine, worker: Callable[[], Scans]
) -> None:
    """One network at two workers is one origin; a view without a network is none."""
    workers = [worker(), worker()]
    for one in workers:
        one.refresh()
    seen(workers, "203.0.113.9", None, "2001:db8::/64", "203.0.113.9")
    with reading(own_store) as connection:
        found = scan_counts.total(connection, 1, 5)
    assert (found.count, found.origins) == (8, 2)


@ON_SQLITE
def test_a_worker_sees_what_others_counted_and_what_a_day_took_away(
    own_store: Engine, worker: Callable[[], Scans], clock: SetClock
) -> None:
    """The stamps scanned often are read again when there are others, not otherwise."""
    one, other = worker(), worker()
    one.refresh()
    other.refresh()
    assert len(one.often) == 0
    seen([other], *(f"203.0.113.{n}" for n in range(12)))
    one.refresh()
    held = one.often
    assert set(held) == {(1, 5)}
    one.refresh()
    assert one.often is held
    clock.now = NOW + 30 * DAY
    one.refresh()
    assert len(one.often) == 0


@ON_SQLITE
def test_without_the_key_of_the_day_scans_count_without_origins(
    own_store: Engine, worker: Callable[[], Scans], clock: SetClock
) -> None:
    """Before a worker has got it, and from midnight until it has the next one."""
    one = worker()
    seen([one], "203.0.113.9")
    assert origins(own_store, 5) == 0
    one.refresh()
    seen([one], "203.0.113.9")
    clock.now = NOW + DAY
    seen([one], "203.0.113.10", "203.0.113.11")
    assert origins(own_store, 5) == 1
    one.refresh()
    seen([one], "203.0.113.10", "203.0.113.11")
    with reading(own_store) as connection:
        found = scan_counts.total(connection, 1, 5)
    assert (found.count, found.origins) == (6, 3)


@ON_SQLITE
def test_a_key_is_given_up_at_midnight_though_no_other_can_be_had(
    worker: Callable[[], Scans], clock: SetClock
) -> None:
    """A worker whose database is away does not keep yesterday's key."""
    one = worker()
    one.refresh()
    assert one._key is not None
    one._store = open_engine("sqlite:////nowhere/at/all.db")
    clock.now = NOW + DAY
    one.refresh()
    assert one._key is None


def test_origins_in_memory_are_bounded() -> None:
    """A parcel holds some buckets of a stamp and drops the rest; never an address."""
    buffer, scan = ScanBuffer(), (1, 5, KEY.day)
    for n in [*range(MOST_ORIGINS + 9), 0, 1]:
        buffer.add(scan, n)
    buffer.add((1, 6, KEY.day))
    taken: list[Parcel] = []
    buffer.ship(0, lambda parcels: not taken.extend(parcels))
    (one,) = taken
    assert one.counts == {Scan(*scan): MOST_ORIGINS + 11, Scan(1, 6, KEY.day): 1}
    assert one.origins == {Scan(*scan): tuple(range(MOST_ORIGINS))}
