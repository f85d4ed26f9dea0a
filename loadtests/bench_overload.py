"""Five times more is due than one worker can answer; then it must be as before. And 3,000 slow
senders, which must hold up nobody's health."""

import contextlib
import http.client
import math
import resource
import select
import socket
import time
from collections.abc import Iterator

from loadtests.bench_place import Place
from loadtests.pace import BROKEN, GIVEN_UP, LATE, NEVER, Outcome, Pace
from loadtests.paced import paced
from loadtests.ratios import Ratio, at_least, at_most, percentile, short
from loadtests.started import HOST, Started
from loadtests.wrk import Asked, used_by

TIMES, LEAST_SENT, IN_TIME = 5, 2.0, 1.0
CALM, SECONDS, AFTER, STEP = 2.0, 5.0, 12.0, 0.5
# More than that are not under way at once: who finds none free gives up. A worker takes 10,000.
CONNECTIONS = 9_000
# A p99 in seconds that is normal whatever it was before, and the most that ever is.
FASTEST, SLOWEST = 0.010, 0.050
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
    during = offered(peak * TIMES, SECONDS, _connections(), gives_up=True)
    worked = used_by((ours.pid,)) - worked
    after = offered(peak / 2, AFTER, 256, gives_up=False)
    sent = during.count_but(GIVEN_UP) / SECONDS / peak
    yield at_least(
        f"goodput / peak, {TIMES} times the peak due, {sent:.1f} times sent",
        0.8,
        [during.good(IN_TIME) / SECONDS / peak],
        unless=too_few(sent),
        measured={
            "peak": short(peak),
            "offered": short(len(during.due) / SECONDS),
            "sent": short(sent * peak),
            "not sent, all connections waiting": short(during.count(GIVEN_UP) / SECONDS),
            "connections": _connections(),
            "shed with 503": short(during.count(503) / SECONDS),
            "p99 ms of 200": short(percentile(during.times(), 0.99) * 1000),
            "sent late, p99 ms": short(percentile(during.lags, 0.99) * 1000),
            "broken or late": during.count(BROKEN, LATE),
            "µs of processor for one with 200": short(worked / max(1, during.count(200)) * 1e6),
            "share of its core that it got": short(worked / SECONDS),
        },
    )
    gap = max(0.0, after.began - during.began - SECONDS)  # it was not asked meanwhile
    yield at_most(
        "seconds after an overload until p99 is normal",
        10.0,
        [min(gap + recovered(after, normal(before)), NEVER)],
        unit="s",
        measured={
            "p99 ms before": short(before * 1000),
            "normal up to, ms": short(normal(before) * 1000),
            "first looked after, s": short(gap),
            "then watched, s": AFTER,
        },
    )


def too_few(sent: float) -> str:
    """Why a load of so many times the peak proves nothing; "" if it does."""
    return "" if sent >= LEAST_SENT else f"no more than {sent:.2f} times the peak was sent"


def normal(before: float) -> float:
    """The p99 in seconds that is normal again: twice what it was, but nothing that is slow of
    itself, however slow it was."""
    return min(SLOWEST, max(FASTEST, 2 * before))


def recovered(after: Outcome, most: float) -> float:
    """The end of the last half second whose p99 was more than that; 0 if none was, infinite if the
    last one was: then nobody has seen it recover."""
    steps = [STEP * n for n in range(int(AFTER / STEP))]
    slow = [
        at + STEP
        for at in steps
        if not (waits := after.waits(at, at + STEP)) or percentile(waits, 0.99) > most
    ]
    last = max(slow, default=0.0)
    return math.inf if last >= AFTER else last


def _connections() -> int:
    """As many as the server's open files allow, half of them left for what else it has open."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 2)


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
        unless="" if open_still == SLOW else f"{SLOW - open_still:,} of them were not held open",
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
