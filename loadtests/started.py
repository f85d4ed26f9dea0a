"""Servers started for a measurement, on cores of their own; they end with the block, or with us."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tem.process import dying_with_me

HOST = "127.0.0.1"
LIMIT = 600.0  # seconds until a server must answer: a first start reads all there is
RATE = "100000/second"  # the limit for a client is on, and out of the way


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers at a port; ``pid`` is its first process."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """The processes that answer: its children, or itself."""
        told = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in told] or [self.pid]


def on_cores(cores: frozenset[int]) -> Callable[[], None]:
    """What a child does before it begins: tied to our life and to these cores, with many files."""
    tied = dying_with_me()

    def prepare() -> None:
        tied()
        os.sched_setaffinity(0, cores)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return prepare


@contextlib.contextmanager
def started(
    command: list[str],
    port: int,
    cores: frozenset[int],
    log: Path,
    environment: dict[str, str],
    path: str = "/",
) -> Iterator[Started]:
    """Run a server until the block ends. Raises RuntimeError, with its log, if it does not come."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=on_cores(cores),
        )
    try:
        _wait(process, port, path, log)
        yield Started(port, process.pid)
    finally:
        _end(process)


def service(
    name: str, data: Path, cores: frozenset[int], workers: int | None = None
) -> contextlib.AbstractContextManager[Started]:
    """A service of an installation, as `tem serve` starts it, ready to answer."""
    port = free_port()
    command = [sys.executable, "-m", "tem", "serve", name, "--data", str(data)]
    command += ["--bind", f"{HOST}:{port}"]
    command += ["--workers", str(workers)] if workers else []
    log = data.with_name(f"{data.name}-{name}.log")
    return started(command, port, cores, log, installation(data), "/readyz")


def installation(data: Path) -> dict[str, str]:
    """The environment of a seeded installation."""
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("TEM_")}
    rates = dict.fromkeys(("TEM_VERIFIER_RATE", "TEM_VERIFIER_RETAILER_RATE"), RATE)
    return {**hidden, **rates, "TEM_DATA": str(data), "PYTHONUNBUFFERED": "1"}


def gunicorn(
    app: str, folder: Path, cores: frozenset[int], environment: dict[str, str], threads: int = 8
) -> contextlib.AbstractContextManager[Started]:
    """A peer's app under one gthread worker, as its documents advise."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    command += ["--threads", str(threads), "--bind", f"{HOST}:{port}", "--log-level", "error"]
    command += ["--keep-alive", "60", app]
    whole = {**os.environ, **environment}
    return started(command, port, cores, folder / "peers.log", whole, "/livez")


def nginx(
    program: str, folder: Path, cores: frozenset[int], size: int
) -> contextlib.AbstractContextManager[Started]:
    """nginx, one process, that answers 200 with so many bytes, its headers counted."""
    port = free_port()
    file = folder / f"nginx-{size}.conf"
    file.write_text(_nginx(folder, port, size))
    command = [program, "-c", str(file), "-e", str(folder / "nginx.log")]
    return started(command, port, cores, folder / "nginx.log", dict(os.environ))


_HEADERS = 156  # bytes of nginx's own, about
_PIECE = 1000  # a word of its configuration has 4,096 bytes at most


def _nginx(folder: Path, port: int, size: int) -> str:
    body = max(size - _HEADERS, 1)
    pieces = "${piece}" * (body // _PIECE) + "x" * (body % _PIECE)
    places = "".join(
        f"  {kind}_temp_path {folder}/nginx-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off; master_process off; worker_processes 1; pid {folder}/nginx-{port}.pid;
events {{ worker_connections 4096; }}
http {{
{places}
  access_log off; keepalive_requests 1000000000; keepalive_timeout 60s;
  server {{
    listen {HOST}:{port} backlog=1024;
    set $piece "{"x" * _PIECE}";
    location / {{ default_type application/json; return 200 "{pieces}"; }}
  }}
}}
"""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://{HOST}:{port}{path}", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    tail = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"no answer at {path} (status {process.poll()}); its log ends:\n{tail}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return
