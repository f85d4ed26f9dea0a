"""``python -m loadtests.servers``: what the servers cost that the verifier could run under.

Each gives the same answer, made beforehand, on one core; nginx's ``return 200`` of the same size is
the measure. All are measured in turn, round by round; a row has the median of the rounds. Beside
answers a second stands the processor's time for one, which other users of the machine disturb less.
"""

import os
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from importlib.util import find_spec
from pathlib import Path

from loadtests.cores import Cores, here
from loadtests.engines import require_engines
from loadtests.servers_stub import BODY, HEAD
from loadtests.started import HOST, Started, free_port, nginx, started
from loadtests.wrk import Asked, Wrk

ROUNDS, SECONDS, CONNECTIONS = 3, 2, 64
CODES = 1000
SIZE = len(HEAD) + len(BODY) + 90  # with Server, Date and Connection
STUB = "loadtests.servers_stub"
OURS = "tem_verifier.serving.worker.LookUpWorker"
Server = AbstractContextManager[Started]


def servers(program: str, folder: Path, cores: Cores) -> Iterator[tuple[str, Server]]:
    """Each server with its name; none is started yet. Raises RuntimeError if one is missing."""
    if find_spec("granian") is None:
        raise RuntimeError("granian is missing: pip install 'tem[load]', or make install")
    yield "nginx, return 200", nginx(program, folder, cores.one, SIZE)
    for name, command in (
        ("our worker, its front", _gunicorn(OURS, "fronted")),
        ("our worker, an app in threads", _gunicorn(OURS, "plain")),
        ("granian, the app", _granian()),
        ("gunicorn gthread, the app", _gunicorn("gthread", "plain")),
    ):
        port = free_port()
        where = ["--port", str(port)] if "granian" in command else ["--bind", f"{HOST}:{port}"]
        log = folder / "servers.log"
        yield name, started([*command, *where], port, cores.one, log, dict(os.environ))


def _gunicorn(worker: str, app: str) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", worker]
    command += ["--threads", "8", "--keep-alive", "60", "--log-level", "error"]
    return [*command, f"{STUB}:{app}"]


def _granian() -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1"]
    command += ["--blocking-threads", "1", "--log-level", "error", "--no-access-log"]
    return [*command, "--host", HOST, f"{STUB}:plain"]


def processor_seconds(server: Started) -> float:
    """What its processes have used so far. proc(5): fields 14 and 15 of stat."""
    ticks = 0
    for pid in {server.pid, *server.workers()}:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(running: dict[str, Started], wrk: Wrk, codes: Path) -> dict[str, tuple[float, float]]:
    """Answers a second and microseconds of processor for one, by name: medians."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in running}
    for _ in range(ROUNDS):
        for name, server in running.items():
            before = processor_seconds(server)
            rate = wrk.run(Asked(server.port, codes), SECONDS, CONNECTIONS).per_second
            used = processor_seconds(server) - before
            found[name].append((rate, used / (rate * SECONDS) * 1e6))
    return {
        name: (statistics.median(r for r, _ in rounds), statistics.median(c for _, c in rounds))
        for name, rounds in found.items()
    }


def table(measured: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Rows for people; the first one is the measure of the others."""
    most, least = next(iter(measured.values()))
    yield f"{'':32}{'answers/s':>10}{'of nginx':>10}{'us each':>10}{'of nginx':>10}"
    for name, (rate, cost) in measured.items():
        yield f"{name:32}{rate:10,.0f}{rate / most:10.2f}{cost:10.1f}{least / cost:10.2f}"


def main() -> int:
    """Measure and print; status 1 with what is missing."""
    cores = here()
    try:
        programs = require_engines()
        with tempfile.TemporaryDirectory() as named, ExitStack() as stack:
            folder = Path(named)
            codes = folder / "codes"
            digits = random.Random(1)
            lines = (f"{digits.randrange(10**174):0174d}\n" for _ in range(CODES))
            codes.write_text("".join(lines))
            named_servers = servers(programs["nginx"], folder, cores)
            running = {name: stack.enter_context(one) for name, one in named_servers}
            found = measure(running, Wrk(programs["wrk"], cores.beside_one), codes)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
