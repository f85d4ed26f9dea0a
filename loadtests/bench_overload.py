"""Five times more is asked than one worker can answer; then it must be as before. And 3,000 slow
senders, which must hold up nobody's health."""

import contextlib
import http.client
import select
import socket
import time
from collections.abc import Iterator

from loadtests.bench_place import Place
from loadtests.pace import BROKEN, GIVEN_UP, LATE, Outcome, Pace
from loadtests.paced import paced
from loadtests.ratios import Ratio, at_least, at_most, percentile, short
from loadtests.started import HOST, Started
from loadtests.wrk import Asked, used_by

TIMES, IN_TIME = 5, 1.0
CALM, SECONDS, AFTER, STEP = 2.0, 5.0, 8.0, 0.5
CONNECTIONS = 4000  # more than that are not under way at once: who finds none free gives up
SLOW, SLOW_SECONDS = 3000, 5.0
BEGINNING = b"GET /s/1 HTTP/1.1\r\nHost: tem.example.vn\r\nX-Slow: "


def rows(place: Place, ours: Started) -> Iterator[Ratio]:
    """One worker on one core."""
    wrk, asked = place.beside_one(), Asked(ours.port, place.codes("genuine"))
    peak = sorted(wrk.rate(asked, place.sizes.seconds) for _ in range(3))[1]

    def offered(rate: float, seconds: float, connections: int, *, gives_up: bool) -> Outcome:
        pace = Pace(ours.port, place.codes("genuine"), rate, seconds, connections, gives_up)
        return paced(pace, place.cores.beside_one)

    before = percentile(offered(peak / 2, CALM, 256, gives_up=False).times(), 0.99)
    worked = used_by((ours.pid,))
    during = offered(peak * TIMES, SECONDS, CONNECTIONS, gives_up=True)
    worked = used_by((ours.pid,)) - worked
    after = offered(peak / 2, AFTER, 256, gives_up=False)
    yield at_least(
        f"goodput at {TIMES} times the peak's load / peak",
        0.8,
        [during.good(IN_TIME) / SECONDS / peak],
        measured={
            "peak": short(peak),
            "offered": short(len(during.due) / SECONDS),
            "sent": short((len(during.due) - during.count(GIVEN_UP)) / SECONDS),
            "shed with 503": short(during.count(503) / SECONDS),
            "p99 ms of 200": short(percentile(during.times(), 0.99) * 1000),
            "sent late, p99 ms": short(percentile(during.lags, 0.99) * 1000),
            "broken or late": during.count(BROKEN, LATE),
            "µs of processor for one with 200": short(worked / max(1, during.count(200)) * 1e6),
            "share of its core that it got": short(worked / SECONDS),
        },
    )
    yield at_most(
        "seconds after an overload until p99 is normal",
        10.0,
        [recovered(after, max(0.010, 2 * before))],
        unit="s",
        measured={"p99 ms before": short(before * 1000)},
    )


def recovered(after: Outcome, normal: float) -> float:
    """The end of the last half second whose p99 was not normal; 0 if all were."""
    steps = [STEP * n for n in range(int(AFTER / STEP))]
    slow = [
        at + STEP
        for at in steps
        if not (times := after.times(at, at + STEP)) or percentile(times, 0.99) > normal
    ]
    return max(slow, default=0.0)


def slow_senders(ours: Started) -> Ratio:
    """Health, asked over a new connection each time, while thousands send a byte now and then."""
    with contextlib.ExitStack() as stack:
        slow = [_beginning(stack, ours.port) for _ in range(SLOW)]
        taken, at, end = [], 0, time.monotonic() + SLOW_SECONDS
        while time.monotonic() < end:
            taken.append(_health(ours.port) * 1000)
            for one in slow[at : at + SLOW // 20]:  # each about once a second
                with contextlib.suppress(OSError):
                    one.send(b"x")
            at = (at + SLOW // 20) % SLOW
            time.sleep(0.05)
        open_still = SLOW - _closed(slow)
    return at_most(
        f"longest health answer with {SLOW:,} slow connections",
        250.0,
        [max(taken)],
        unit="ms",
        measured={
            "asked": len(taken),
            "median ms": short(percentile(taken, 0.5)),
            "still open at the end": open_still,
        },
    )


def _beginning(stack: contextlib.ExitStack, port: int) -> socket.socket:
    one = stack.enter_context(socket.create_connection((HOST, port), timeout=10))
    one.send(BEGINNING)
    one.setblocking(False)
    return one


def _closed(connections: list[socket.socket]) -> int:
    """How many the server has ended."""
    waiting = select.poll()
    for one in connections:
        waiting.register(one, select.POLLIN | select.POLLRDHUP)
    return len(waiting.poll(0))


def _health(port: int) -> float:
    """Seconds; no answer in so long counts as that."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(HOST, port, timeout=SLOW_SECONDS)
    with contextlib.closing(connection), contextlib.suppress(TimeoutError):
        connection.request("GET", "/livez")
        if (status := connection.getresponse().status) != 200:
            raise RuntimeError(f"health was answered with {status}")
    return time.monotonic() - began
