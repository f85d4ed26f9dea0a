"""Running the services of one installation on one machine, without importing any of them.

Each is a process of its own, found by name, restarted when it dies, and gone when we are:
the kernel ends the children even if this process is killed with -9.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import click

from tem import settings
from tem.commandline import stopping_flag
from tem.errors import Conflict, Unavailable
from tem.installation import Installation, write_private
from tem.process import LockHeld, dying_with_me, hold_lock
from tem.serve import SERVICES, first_start, is_busy, web_command

HOST = "127.0.0.1"  # where we ask; TEM_BIND says where the services listen
START_SECONDS = 60
MAKING_SECONDS = 900  # a verifier's first reading of very many ranges
TELL_SECONDS = 10
STOP_SECONDS = 15


class AlreadyRunning(Conflict):
    """Somebody else runs the services of this installation."""


@dataclass
class Child:
    """One process we look after."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    next_start: float = field(default=0.0)

    def start(self) -> None:
        """Start it, its output going to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dying_with_me(),
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        self.started = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has died, more slowly each time it dies young."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.next_start:
                self.start()
        elif (status := self.process.poll()) is not None:
            self.failures = 0 if now - self.started > 30 else self.failures + 1
            self.next_start = now + min(0.2 * 2**self.failures, 5.0)
            self.process = None
            click.echo(f"{self.name} ended with status {status}: starting it again", err=True)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for its end, and insist after the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _children(installation: Installation, ports: dict[str, int], public_url: str) -> list[Child]:
    """The processes for the services that have a port, each after what it depends on."""
    environment = {
        **os.environ,
        "TEM_DATA": str(installation.data),
        "TEM_PUBLIC_URL": public_url,
        "PYTHONUNBUFFERED": "1",
    }
    tem = [sys.executable, "-m", "tem"]
    host = os.environ.get("TEM_BIND", HOST)

    def web(service: str) -> list[str]:
        return web_command(service, f"{host}:{ports.get(service, 0)}")

    commands = {
        "issuer": web("issuer"),
        "signer": [*tem, "issuer", "sign"],
        "registry": web("registry"),
        "follower": [*tem, "registry", "follow"],
        "verifier": web("verifier"),
    }
    belongs = {"signer": "issuer", "follower": "registry"}
    logs = installation.data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    children = []
    for name, command in commands.items():
        if belongs.get(name, name) in ports:
            # One folder a service: the issuer shows the signer's numbers beside its own.
            metrics = installation.data / "metrics" / belongs.get(name, name)
            shutil.rmtree(metrics, ignore_errors=True)
            metrics.mkdir(parents=True)
            own = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
            children.append(Child(name, command, own, logs / f"{name}.log"))
    return children


def require_free(ports: dict[str, int]) -> None:
    """Raises Conflict naming the first port somebody listens on."""
    for service, port in ports.items():
        if is_busy(HOST, port):
            raise Conflict(
                "port_busy",
                f"Port {port} (for the {service}) is in use: stop what listens there, "
                "or choose others with --base-port.",
            )


class Stopped(Exception):
    """We were told to stop before everything had started."""


def wait_alive(
    addresses: dict[str, str], children: list[Child], stopping: Callable[[], bool]
) -> None:
    """Wait until every service answers, and tell now and then for what. Raises Stopped, or
    Unavailable with the end of a log."""
    began = told = time.monotonic()
    for service, address in addresses.items():
        while not _is_ready(address):
            _require_started(children)
            if stopping():
                raise Stopped
            if time.monotonic() > told + TELL_SECONDS:
                told = time.monotonic()
                why = _why_not(service, address)
                longest = MAKING_SECONDS if "snapshot_being_made" in why else START_SECONDS
                if told > began + longest:
                    raise Unavailable("no_answer", why)
                click.echo(f"  {why}", err=True)
            time.sleep(0.05)


def _why_not(service: str, address: str) -> str:
    """What is told of a service that is not ready in time: its own words, if it has any."""
    try:
        told = json.loads(_readiness(address)[1])
        return f"The {service} is not ready: {told['detail']} [{told['code']}]"
    except (ValueError, LookupError, TypeError):
        return f"The {service} does not answer at {address}."


def _is_ready(address: str) -> bool:
    return _readiness(address)[0] == 200


def _readiness(address: str) -> tuple[int, bytes]:
    """Status and body of ``/readyz``; 0 and nothing if nobody answers."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def _require_started(children: list[Child]) -> None:
    for child in children:
        if child.process is not None and child.process.poll() is not None:
            with child.log.open(encoding="utf-8", errors="replace") as log:
                end = "".join(log.readlines()[-15:])
            raise Unavailable("did_not_start", f"The {child.name} ended at once:\n{end}")


@contextlib.contextmanager
def _running(
    installation: Installation, ports: dict[str, int], stopping: Callable[[], bool]
) -> Iterator[list[Child]]:
    """The services on these ports, for as long as the block lasts. Raises AlreadyRunning."""
    try:
        lock = hold_lock(installation.lock_file)
    except LockHeld as error:
        raise AlreadyRunning(
            "already_running",
            f"The services of {installation.data} are running already, or an import is.",
        ) from error
    addresses = {service: f"http://{HOST}:{port}" for service, port in ports.items()}
    children: list[Child] = []
    try:
        require_free(ports)
        for line in first_start(installation):
            click.echo(f"  made the {line}", err=True)
        own = addresses.get("verifier") or installation.public_url
        public_url = os.environ.get("TEM_PUBLIC_URL", own)
        content = json.dumps({**addresses, "public_url": public_url}, indent=1)
        write_private(installation.addresses_file, content.encode())
        children = _children(installation, ports, public_url)
        for child in children:
            child.start()
        wait_alive(addresses, children, stopping)
        yield children
    finally:
        _stop(children)
        os.close(lock)


def _stop(children: list[Child]) -> None:
    """End them, those that depend on others first."""
    for child in reversed(children):
        child.stop()
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        child.wait(deadline)


def serve(installation: Installation, base_port: int) -> None:
    """Run all services until SIGINT or SIGTERM; what dies is started again."""
    stopping = stopping_flag(signal.SIGINT, signal.SIGTERM)
    ports = {service: base_port + place for place, service in enumerate(SERVICES, start=1)}
    settings.require_one_record(os.environ)
    for remark in settings.remarks(os.environ):
        click.echo(f"warning: {remark}", err=True)
    with contextlib.suppress(Stopped), _running(installation, ports, stopping) as children:
        for service, port in ports.items():
            click.echo(f"{service:9} http://{HOST}:{port}")
        click.echo(f"data      {installation.data}")
        click.echo(f"API keys  {installation.data / 'keys'}")
        click.echo("ready; stop with Ctrl-C")
        sys.stdout.flush()
        while not stopping():
            for child in children:
                child.look_after()
            time.sleep(0.1)
    click.echo("stopped")


@contextlib.contextmanager
def issuer_of(installation: Installation) -> Iterator[str]:
    """The address of the running issuer, or of one started for as long as the block lasts."""
    with contextlib.ExitStack() as stack:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        try:
            stack.enter_context(_running(installation, {"issuer": port}, lambda: False))
            address = f"http://{HOST}:{port}"
        except AlreadyRunning:
            address = _address_of_running_issuer(installation)
        yield address


def _address_of_running_issuer(installation: Installation) -> str:
    """Where it answers; whoever holds the lock may still be starting it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        address = installation.addresses().get("issuer")
        if address is not None and _is_ready(address):
            return address
        time.sleep(0.1)
    raise Unavailable("no_answer", "The services are running, but their issuer does not answer.")
