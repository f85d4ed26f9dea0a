"""How long an answer takes at 70 % of the peak, and while workers are killed; what they hold."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from loadtests import bench_answers
from loadtests.bench_place import Place
from loadtests.pace import BROKEN, LATE, NEVER, Outcome, Pace
from loadtests.paced import generators, paced
from loadtests.ratios import Ratio, at_least, at_most, percentile, short
from loadtests.started import Started
from loadtests.wrk import Asked

SECONDS, WINDOW, KILL_EVERY = 8.0, 2.0, 10.0
CONNECTIONS = 256
# With one of two workers gone the other has all to carry: half of 70 % of what both can.
WHILE_KILLED = 0.35
MOST_REFUSED = 0.005  # of all requests, while workers are killed


def rows(place: Place, two: Started) -> Iterator[Ratio]:
    """Two workers on cores of their own, asked at a pace."""
    peak = peak_of(place, two)
    calm = paced(_pace(place, two, peak * 0.7, SECONDS), place.cores.beside_two)
    yield _calm(calm, peak)
    yield bench_answers.as_it_came(two.port, calm.seen)
    yield from memory(two)
    yield _killed(_while_killed(place, two, peak * WHILE_KILLED), peak)


def peak_of(place: Place, server: Started) -> float:
    """The most it answers, two workers asked by wrk."""
    wrk, asked = place.beside_two(), Asked(server.port, place.codes("genuine"))
    wrk.run(asked, 1)
    return sorted(wrk.rate(asked, place.sizes.seconds) for _ in range(3))[1]


def _pace(place: Place, server: Started, rate: float, seconds: float) -> Pace:
    return Pace(server.port, place.codes("genuine"), rate, seconds, CONNECTIONS)


def _calm(outcome: Outcome, peak: float) -> Ratio:
    """Of all requests, so that a bad window is not hidden by three good ones."""
    starts = [WINDOW * n for n in range(int(SECONDS / WINDOW))]
    windows = [percentile(outcome.waits(at, at + WINDOW), 0.99) * 1000 for at in starts]
    return at_most(
        "p99 at 70 % of the peak",
        10.0,
        windows,
        whole=percentile(outcome.waits(), 0.99) * 1000,
        unit="ms",
        measured={
            "peak, two workers": short(peak),
            "not answered with 200": outcome.count_but(200),
            **_told(outcome),
        },
    )


def _while_killed(place: Place, server: Started, rate: float) -> Outcome:
    seconds = 2.0 + KILL_EVERY * place.sizes.kills
    with generators(_pace(place, server, rate, seconds), place.cores.beside_two) as outcome:
        for _ in range(place.sizes.kills):
            time.sleep(2.0)
            os.kill(server.workers()[0], signal.SIGKILL)
            time.sleep(KILL_EVERY - 2.0)
        return outcome()


def _killed(outcome: Outcome, peak: float) -> Ratio:
    return at_most(
        f"longest answer at {WHILE_KILLED:.0%} of the peak of two workers, one killed every 10 s",
        300.0,
        [longest(outcome) * 1000],
        unit="ms",
        measured={
            "why this load": "one worker must carry all of it, at 70 % of what it can",
            "offered": short(peak * WHILE_KILLED),
            "refused, of all": short(refused(outcome)),
            "shed with 503": outcome.count(503),
            "never answered": outcome.count(BROKEN, LATE),
            **_told(outcome),
        },
    )


def longest(outcome: Outcome) -> float:
    """Seconds. A request that was never answered took as long as anybody waits; so did those that
    were refused, once they are more than a few: a quick 503 is no answer. Pure."""
    answers = zip(outcome.due, outcome.done, outcome.status, strict=True)
    taken = max(NEVER if status in (BROKEN, LATE) else done - due for due, done, status in answers)
    return NEVER if refused(outcome) > MOST_REFUSED else taken


def refused(outcome: Outcome) -> float:
    """The share of requests that did not get a 200."""
    return outcome.count_but(200) / len(outcome.status)


def _told(outcome: Outcome) -> dict[str, float]:
    times = outcome.times()
    return {
        "answers": len(times),
        "median ms": short(percentile(times, 0.5) * 1000),
        "p99 ms": short(percentile(times, 0.99) * 1000),
        "p99.9 ms": short(percentile(times, 0.999) * 1000),
        "longest ms": short(max(times) * 1000),
        "asked again": outcome.retried,
        "sent late, p99 ms": short(percentile(outcome.lags, 0.99) * 1000),
    }


def memory(server: Started) -> Iterator[Ratio]:
    """What each worker has in memory after it was asked for every code of the sample."""
    found = [_held(pid) for pid in server.workers()]
    resident = [one["Rss"] / 1024 for one in found]
    own = [short(one["Pss"] / 1024) for one in found]
    shared = [(one["Shared_Clean"] + one["Shared_Dirty"]) / one["Rss"] for one in found]
    yield at_most(
        "memory of a worker (RSS)",
        150.0,
        resident,
        unit="MB",
        measured={"its share (PSS), MB": own},
    )
    yield at_least("part of a worker's memory that is shared", 0.5, shared)


def _held(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}
