"""A paced generator: requests are due at fixed instants, whether earlier ones were answered or not.

wrk sends a request when the one before was answered, so a server that stalls is asked less and its
stall is seen by one request a connection (coordinated omission). Here every answer's time counts
from the instant its request was *due*: what waits in the generator for a free connection has begun
to wait. A connection that breaks under a request is made anew and the request sent once more; the
whole time counts. A generator is one process without threads on a core of its own, which asks
30,000 times a second and more; how late it sent is told with the outcome.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

from loadtests.pace import Outcome, Pace
from loadtests.paced_loop import Loop
from loadtests.started import on_cores


def paced(pace: Pace, cores: frozenset[int]) -> Outcome:
    """Run a generator on each of the cores; what became of every request."""
    with generators(pace, cores) as outcome:
        return outcome()


@contextlib.contextmanager
def generators(pace: Pace, cores: frozenset[int]) -> Iterator["Collect"]:
    """The same, going on meanwhile: ``outcome()`` waits for its end."""
    context, parts = get_context("fork"), []
    start = time.monotonic() + 0.3 + pace.connections / 4000  # all are connected by then
    for number, core in enumerate(sorted(cores)):
        mine, theirs = context.Pipe(duplex=False)
        work = (pace.share(len(cores)), number, start, on_cores(frozenset([core])), theirs)
        process = context.Process(target=_generate, args=work, daemon=True)
        process.start()
        theirs.close()
        parts.append((process, mine))
    try:
        yield Collect(parts)
    finally:
        for process, _ in parts:
            process.terminate()
            process.join()


class Collect:
    """Waits for generators and joins what they tell."""

    def __init__(self, parts: list[tuple[object, Connection]]) -> None:
        self._parts = parts

    def __call__(self) -> Outcome:
        """The outcome of all. Raises EOFError if one of them died."""
        whole = Outcome()
        for _, pipe in self._parts:
            whole.add(pipe.recv())
        return whole


def _generate(
    pace: Pace, number: int, start: float, prepare: Callable[[], None], pipe: Connection
) -> None:
    prepare()
    pipe.send(Loop(pace, number).run(start))
