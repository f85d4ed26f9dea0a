"""How soon verifiers follow again after a partition: ``python -m loadtests.partition [SECONDS …]``.

A record and two machines with two verifiers each, in network namespaces (root, iproute2,
iptables). One wire is cut for so long, in each way there is; the table says how many seconds after
its end the last verifier answered what was done meanwhile, and the worst look-up meanwhile.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.edges import Process, Site, site, standing_still
from tests.netns import RESET

SECONDS = (5.0, 60.0, 120.0)
LIMIT = 60.0
Fault = Callable[[Site], AbstractContextManager[None]]
FAULTS: dict[str, Fault] = {
    "silent, both ways": lambda made: made.record.machine.cut(1),
    "silent, to the record": lambda made: made.record.machine.losing(1),
    "silent, from the record": lambda made: made.record.machine.losing(1, incoming=False),
    "half of the packets lost": lambda made: made.record.machine.losing(
        1, "-m", "statistic", "--mode", "random", "--probability", "0.5", "-j", "DROP"
    ),
    "connections reset": lambda made: made.record.machine.losing(1, *RESET),
    "the record stands still": lambda made: standing_still(made.record.server),
    "the edge's server stands still": lambda made: standing_still(made.edges[0].server),
}


def measure(made: Site, number: int, fault: Fault, seconds: float) -> tuple[float, float]:
    """Seconds from the end of a fault until the last verifier has caught up; the worst look-up."""
    stamp, worst = made.record.batch(number).text(1), 0.0
    made.all_say(stamp, "OK")
    with fault(made):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for verifier in made.edges[0].verifiers:
                worst = max(worst, asked(verifier, stamp))
            time.sleep(0.2)
    healed = time.monotonic()
    made.record.recall(number)
    made.all_say(stamp, "RECALLED", LIMIT)
    return time.monotonic() - healed, worst


def asked(verifier: Process, stamp: str) -> float:
    """How long a look-up took; it must be answered."""
    began = time.monotonic()
    verdict = verifier.verdict(stamp)
    if verdict != "OK":
        raise RuntimeError(f"a stamp known before the fault answered {verdict}")
    return time.monotonic() - began


def main(lengths: tuple[float, ...]) -> None:
    """Print the table."""
    print("| fault | lasts | caught up after its end | worst look-up meanwhile |")
    print("| --- | --- | --- | --- |")
    number = 1
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), 2, 2) as made:
        for name, fault in FAULTS.items():
            for seconds in lengths:
                caught_up, worst = measure(made, number, fault, seconds)
                number += 1
                told = f"| {name} | {seconds:.0f} s | {caught_up:.1f} s | {worst * 1000:.0f} ms |"
                print(told, flush=True)


if __name__ == "__main__":
    main(tuple(map(float, sys.argv[1:])) or SECONDS)
