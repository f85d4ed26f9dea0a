"""Activations a second by several clients at once, each a process with its own connection."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from queue import Queue
from typing import Any

from loadtests.seed_plan import RECALLED_EVERY, Plan, lot_id

from tem.clock import system_clock
from tem.databases.database import open_engine, writing
from tem.dates import vietnam_day
from tem_registry.activation.activation import activate

FRESH_DAYS = 300  # lots made since then can still be activated
ACTOR = "scale"


@dataclass(frozen=True, slots=True)
class Rate:
    """Acts a second, how long one took, in seconds, and how many were made."""

    per_second: float
    median: float
    p99: float
    acts: int


def rate(url: str, plan: Plan, clients: int, turn: int, seconds: float) -> Rate:
    """Let clients activate one stamp after the other; ``turn`` keeps runs off the same stamps."""
    context = get_context("fork")
    start, told = context.Barrier(clients), context.Queue()
    work = [(url, plan, (turn, n, clients), seconds, start, told) for n in range(clients)]
    processes = [context.Process(target=_client, args=one) for one in work]
    for process in processes:
        process.start()
    taken: list[float] = []
    longest = 0.0
    for _ in processes:
        lasted, mine = told.get()
        longest, taken = max(longest, lasted), taken + mine
    for process in processes:
        process.join()
    taken.sort()
    slowest = taken[len(taken) * 99 // 100]
    return Rate(len(taken) / longest, statistics.median(taken), slowest, len(taken))


def free_stamps(plan: Plan, turn: int, client: int, clients: int) -> Iterator[tuple[int, int, str]]:
    """(batch, stamp, lot) that a client may activate: of its own batches, some in each turn."""
    for batch in range(1 + client, plan.batches + 1, clients):
        *_, rest = plan.ranges_of(batch)
        usable = usable_lots(plan, batch)
        size = min(100, (rest.last - rest.first + 1) // 8)
        for stamp in range(rest.first + turn * size, rest.first + (turn + 1) * size):
            if usable and rest.first <= stamp <= rest.last:
                yield batch, stamp, lot_id(usable[stamp % len(usable)])


def usable_lots(plan: Plan, batch: int) -> list[int]:
    """The lots that stamps of a batch may still be activated for: fresh ones, not recalled."""
    today = vietnam_day(system_clock())
    lots = plan.lots_of(plan.product_of(batch))
    return [n for n in lots if n % RECALLED_EVERY and _age(plan, n, today) < FRESH_DAYS]


def _age(plan: Plan, lot: int, today: Any) -> int:
    return int((today - plan.made_on(lot, today)).days)


def _client(
    url: str,
    plan: Plan,
    who: tuple[int, int, int],
    seconds: float,
    start: Barrier,
    told: "Queue[tuple[float, list[float]]]",
) -> None:
    engine, taken = open_engine(url), []
    with engine.connect():
        start.wait(60)
    first = time.perf_counter()
    for batch, stamp, lot in free_stamps(plan, *who):
        began = time.perf_counter()
        if began > first + seconds:
            break
        with writing(engine) as connection:
            now = system_clock()
            activate(connection, now, ACTOR, lot, batch=batch, first=stamp, last=stamp)
        taken.append(time.perf_counter() - began)
    told.put((time.perf_counter() - first, taken))
    engine.dispose()
