"""The registry and the verifier of a seeded installation, run for a load test, and their users."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import httpx
from loadtests.seed_plan import lot_id, producer_id

from tem.clock import system_clock
from tem.databases.database import open_engine, sqlite_url, writing
from tem.http import auth
from tem.process import dying_with_me
from tem.vocabulary import Role

HOST = "127.0.0.1"
START_SECONDS, STOP_SECONDS, COUNT_SECONDS = 120, 20, 20
# The bulk calls of a few keys stand for those of all retailers; shoppers have the usual limit.
SETTINGS = {"TEM_VERIFIER_RETAILER_RATE": "100000000/minute"}
Names = list[tuple[str, str | None]]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers; ``pid`` is gunicorn's master."""

    name: str
    url: str
    pid: int

    def processor_seconds(self) -> float:
        """What it has used so far, its workers and those that ended included."""
        return sum(_used(pid) for pid in (self.pid, *_children(self.pid)))


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _used(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS
    return 0.0


@contextlib.contextmanager
def service(name: str, data: Path) -> Iterator[Service]:
    """``tem serve`` on a free port of loopback. Raises RuntimeError if it does not get ready."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    hidden = {key: value for key, value in os.environ.items() if not key.startswith("TEM_")}
    own = {"TEM_PUBLIC_URL": f"http://{HOST}:{port}"} if name == "verifier" else {}
    command = [sys.executable, "-m", "tem", "serve", name, "--data", str(data)]
    with (data / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--bind", f"{HOST}:{port}"],
            env={**hidden, **SETTINGS, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=dying_with_me(),
            start_new_session=True,  # Ctrl-C reaches us alone, and we end all in order
        )
    try:
        _wait_ready(process, f"http://{HOST}:{port}", data / f"{name}.log")
        yield Service(name, f"http://{HOST}:{port}", process.pid)
    finally:
        end(process, STOP_SECONDS)


def _wait_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{log.stem} did not start; its log ends:\n{log.read_text()[-1500:]}")


def end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Ask a process to end, and insist after some seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def producers_keys(data: Path, count: int) -> list[tuple[int, str]]:
    """API keys of the first producers, by their number."""
    names: Names = [(f"producer {n}", producer_id(n)) for n in range(count)]
    return list(enumerate(_keys(data, "registry", Role.PRODUCER, names)))


def retailers_keys(data: Path, count: int) -> list[str]:
    """API keys of some retailers."""
    return _keys(data, "verifier", Role.RETAILER, [(f"retailer {n}", None) for n in range(count)])


def _keys(data: Path, where: str, role: Role, names: Names) -> list[str]:
    engine = open_engine(sqlite_url(data / where / f"{where}.db"))
    try:
        with writing(engine) as connection:
            return [
                auth.create_key(connection, system_clock(), "make load", role, name, producer)
                for name, producer in names
            ]
    finally:
        engine.dispose()


def office_key(data: Path) -> str:
    """The key of the office, which the registry's first start made."""
    return (data / "keys" / "registry-office.key").read_text().strip()


def seeded_on(data: Path) -> date:
    """The day of the seed, after which the plan dates everything: its first lot is a day old."""
    command = "SELECT production_date FROM lot WHERE id = ?"
    [made] = _row(data / "registry" / "registry.db", command, lot_id(0))
    return date.fromisoformat(made) + timedelta(days=1)


def views_counted(data: Path, expected: int) -> int:
    """The page views in the verifier's database, once they are as many as expected or it is too
    late: they are written behind."""
    deadline, counted = time.monotonic() + COUNT_SECONDS, -1
    while counted < expected and time.monotonic() < deadline:
        time.sleep(0.2)
        command = "SELECT coalesce(sum(count), 0) FROM scan_day"
        counted = int(_row(data / "verifier" / "verifier.db", command)[0])
    return counted


def _row(file: Path, command: str, *values: str) -> tuple[str, ...]:
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        found: tuple[str, ...] = connection.execute(command, values).fetchone()
        return found
