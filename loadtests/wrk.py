"""wrk, the generator of the raw rates: closed loop, keep-alive, codes from a file."""

import contextlib
import json
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loadtests.started import HOST, on_cores

SCRIPT = Path(__file__).with_suffix(".lua")
CONNECTIONS = 48
MOST_REFUSED = 0.05
JSON, PAGE = "application/json", "text/html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of whom: codes of a file (``most`` of them, 0 for all) at a port.

    ``processes`` are the first ones of all that works for the answer, its database too.
    """

    port: int
    codes: Path
    accept: str = JSON
    most: int = 0
    processes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A run: answers a second, and a second of processor time of those who answered; bytes of one
    with its headers; wrk's share of its cores.

    On a quiet machine both rates are the same, for the server's core is never idle; on a busy one
    the second still says what an answer costs.
    """

    per_second: float
    per_processor_second: float
    bytes_each: float
    generator_busy: float


class Wrk:
    """wrk on cores of its own; ``busiest`` is the largest share of them it ever used."""

    def __init__(self, program: str, cores: frozenset[int]) -> None:
        self._program, self._cores = program, cores
        self.busiest = 0.0

    def run(self, asked: Asked, seconds: int, connections: int = CONNECTIONS) -> Answered:
        """One run, of which answers with 200 count. Raises RuntimeError if connections broke, or
        more was refused than a busy machine explains."""
        before, worked = _processor(), used_by(asked.processes)
        said, _ = self.start(asked, seconds, connections).communicate()
        told = _figures(said)
        good = told["requests"] - told["not_200"]
        if told["broken"] or not good or told["not_200"] > MOST_REFUSED * good:
            raise RuntimeError(f"wrk was not answered as it should: {told}")
        busy = (_processor() - before) / (seconds * len(self._cores))
        self.busiest = max(self.busiest, busy)
        worked = used_by(asked.processes) - worked
        rate = good * 1e6 / told["microseconds"]
        cost = good / worked if worked else 0.0
        return Answered(rate, cost, told["bytes"] / told["requests"], busy)

    def start(
        self, asked: Asked, seconds: int, connections: int = CONNECTIONS
    ) -> "subprocess.Popen[str]":
        """Start a run that ends by itself."""
        command = [self._program, f"-t{len(self._cores)}", f"-c{connections}", f"-d{seconds}s"]
        command += ["-s", str(SCRIPT), f"http://{HOST}:{asked.port}", "--"]
        command += [str(asked.codes), asked.accept, str(asked.most)]
        command += [str(len(self._cores))]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=on_cores(self._cores),
        )

    def rate(self, asked: Asked, seconds: int) -> float:
        """Answers a second."""
        return self.run(asked, seconds).per_second


def used_by(processes: tuple[int, ...]) -> float:
    """Seconds of the processor that processes and their children have used."""
    ticks = 0
    for first in processes:
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for one in (first, *map(int, children)):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
                ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _figures(said: str) -> dict[str, float]:
    line = next((one for one in said.splitlines() if one.startswith("json ")), None)
    if line is None:
        raise RuntimeError(f"wrk failed: {said[-500:]}")
    figures: dict[str, float] = json.loads(line.removeprefix("json "))
    return figures


def _processor() -> float:
    """Seconds of the processor that our ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
