"""A real installation for tests: `tem up` as people start it, in a process of its own."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tests import commands, plain_http

from tem.process import die_with_parent

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "shared" / "sample"
PYCACHE = ROOT / "var" / "pycache"
SERVICES = ("issuer", "registry", "verifier")
# What stands in the command line of each child of `tem up`.
MARKS = {
    "issuer": "tem_issuer.app",
    "registry": "tem_registry.app",
    "verifier": "tem_verifier.app",
    "signer": "issuer\0sign",
    "follower": "registry\0follow",
}
Answer = TypeVar("Answer")


def until(question: Callable[[], Answer], seconds: float = 60.0) -> Answer:
    """Ask until the answer is yes, and give it; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds} s; the last answer: {answer!r}"
        time.sleep(0.02)
    return answer


def free_base_port() -> int:
    """A port with three free ones behind it, below those the system hands out by itself."""
    while True:
        base = random.randrange(20_000, 31_000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(base, base + 4):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", port))
            return base


Settings = Mapping[str, str]


def environment(data: Path, settings: Settings | None = None) -> dict[str, str]:
    """What a child of a test sees: of our settings the installation's folder, and those given."""
    hidden = ("TEM_", "PROMETHEUS_")
    inherited = {n: value for n, value in os.environ.items() if not n.startswith(hidden)}
    return {**inherited, "TEM_DATA": str(data), **(settings or {})}


def tem(
    data: Path, *arguments: object, settings: Settings | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of `tem` on an installation to its end."""
    return commands.run(*arguments, env=environment(data, settings))


def processes_of(data: Path) -> dict[int, str]:
    """The living processes of an installation and their command lines."""
    mark = f"TEM_DATA={data}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_text()
    return {pid: command for pid, command in found.items() if command}  # a zombie has none


class Running:
    """`tem up` on one folder; it can be stopped, killed and started again."""

    def __init__(self, data: Path, settings: Settings | None = None, *options: str) -> None:
        self.data, self.settings, self.base_port = data, settings, free_base_port()
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._clients = contextlib.ExitStack()

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        command = [sys.executable, "-m", "tem", "up", "--data", str(self.data)]
        self._process = subprocess.Popen(
            [*command, "--base-port", str(self.base_port), *self._options],
            env=environment(self.data, self.settings),
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("ready"):
                return
        raise AssertionError(f"tem up ended with status {self._process.wait()} before `ready`")

    def stop(self) -> None:
        """Stop it as an operator does: it ends well and leaves no process behind."""
        self._clients.close()
        if self._process is None:
            return
        self._process.terminate()
        status = self._end()
        assert status == 0, f"tem up ended with status {status}"
        assert processes_of(self.data) == {}

    def kill(self) -> None:
        """kill -9 of `tem up` itself."""
        assert self._process is not None
        self._process.kill()
        self._end()

    def _end(self) -> int:
        assert self._process is not None and self._process.stdout is not None
        status = self._process.wait(40)
        self._process.stdout.close()
        self._process = None
        return status

    def children(self, service: str) -> set[int]:
        """The processes of one service, its workers included."""
        return {p for p, line in processes_of(self.data).items() if MARKS[service] in line}

    def kill9(self, service: str) -> None:
        """kill -9 of every process of one service; `tem up` will start it again."""
        killed = self.children(service)
        assert killed, f"the {service} does not run"
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.base_port + 1 + SERVICES.index(service)}"

    def client(self, service: str, key: str | None = None) -> httpx.Client:
        """A client of a service, with an API key if one is given."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = plain_http.Client(base_url=self.url(service), headers=headers, timeout=30)
        return self._clients.enter_context(client)

    def office(self, service: str = "registry") -> httpx.Client:
        """The office, with the key that the first start made."""
        return self.client(
            service, (self.data / "keys" / f"{service}-office.key").read_text().strip()
        )

    def tem(self, *arguments: object) -> str:
        """Standard output of a `tem` command, which must succeed."""
        done = tem(self.data, *arguments, settings=self.settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_key(self, service: str, role: str, name: str, *more: str) -> str:
        """A new API key, made on the machine itself."""
        made = self.tem(service, "key", "create", "--role", role, "--name", name, *more)
        return made.split()[-1]

    def producer(self, producer_id: str, name: str) -> httpx.Client:
        """A producer signed in at the registry."""
        key = self.make_key("registry", "producer", name, "--producer", producer_id)
        return self.client("registry", key)

    def scan(self, address: str) -> dict[str, Any]:
        """The JSON of a look-up of a printed address."""
        answer = plain_http.get(address, headers={"Accept": "application/json"})
        found: dict[str, Any] = answer.json()
        return found


@contextlib.contextmanager
def running(data: Path, settings: Settings | None = None) -> Iterator[Running]:
    """An installation that runs for as long as the block lasts, and is gone after it."""
    installation = Running(data, settings)
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()
