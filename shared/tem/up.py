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
import sys
import time
from collections.abc import Callable, Iterator

import click

from tem import settings
from tem.child import Child
from tem.commandline import stopping_flag
from tem.doors import LOOPBACK, Doors, plain
from tem.errors import Conflict, Invalid, Unavailable
from tem.installation import Installation, write_private
from tem.process import LockHeld, hold_lock
from tem.readiness import START_SECONDS, Stopped, is_ready, wait_alive
from tem.serve import first_start, is_busy, is_ours, web_command
from tem.tls import TlsFiles, client_context

STOP_SECONDS = 15
# Said once, at the first start: nobody can sign in to the pages yet.
_INVITE = "the first person: tem registry account invite --role office --login LOGIN --name NAME"


class AlreadyRunning(Conflict):
    """Somebody else runs the services of this installation."""


def _children(installation: Installation, doors: Doors, public_url: str) -> list[Child]:
    """The processes for the services that have a door, each after what it depends on."""
    environment = {
        **os.environ,
        "TEM_DATA": str(installation.data),
        "TEM_PUBLIC_URL": public_url,
        "PYTHONUNBUFFERED": "1",
    }
    tem = [sys.executable, "-m", "tem"]
    files = TlsFiles.of(installation)

    def web(service: str) -> list[str]:
        encrypted = doors.addresses.get(service, "").startswith("https:")
        return web_command(service, *doors.binds.get(service, ()), tls=files if encrypted else None)

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
        if belongs.get(name, name) in doors.binds:
            # One folder a service: the issuer shows the signer's numbers beside its own.
            metrics = installation.data / "metrics" / belongs.get(name, name)
            shutil.rmtree(metrics, ignore_errors=True)
            metrics.mkdir(parents=True)
            own = {**environment, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
            children.append(Child(name, command, own, logs / f"{name}.log"))
    return children


def require_free(doors: Doors) -> None:
    """Raises Conflict naming the first port somebody listens on, Invalid an address that is none of
    this machine's."""
    for service, binds in doors.binds.items():
        for host, _, port in (bind.rpartition(":") for bind in binds):
            # Ours on loopback may be somebody else's who listens at one address.
            if any(is_busy(one, int(port)) for one in (LOOPBACK, host.strip("[]"))):
                raise Conflict(
                    "port_busy",
                    f"Port {port} (for the {service}) is in use: stop what listens there, "
                    "or choose others with --base-port.",
                )
            if not is_ours(host.strip("[]")):
                raise Invalid(
                    "no_such_address",
                    f"{host} is no address of this machine: `ip address` lists them. Behind a "
                    "router or in a container say with TEM_BIND where to listen.",
                )


@contextlib.contextmanager
def _running(
    installation: Installation,
    doors: Doors,
    stopping: Callable[[], bool],
    prepare: Callable[[], None] = lambda: None,
) -> Iterator[list[Child]]:
    """The services at these doors, for as long as the block lasts; ``prepare`` is called before
    they start, and by nobody else at the same time. Raises AlreadyRunning."""
    try:
        lock = hold_lock(installation.lock_file)
    except LockHeld as error:
        raise AlreadyRunning(
            "already_running",
            f"The services of {installation.data} are running already, or an import is.",
        ) from error
    children: list[Child] = []
    try:
        require_free(doors)
        made = list(first_start(installation))
        for line in made:
            click.echo(f"  made the {line}", err=True)
        if made:
            click.echo(f"  {_INVITE} --data {installation.data}", err=True)
        prepare()
        public_url = _public_url(installation, doors)
        told = {**doors.addresses, "public_url": public_url}
        if "registry" in doors.shown:
            told["registry_url"] = doors.shown["registry"]
        write_private(installation.addresses_file, json.dumps(told, indent=1).encode())
        children = _children(installation, doors, public_url)
        for child in children:
            child.start()
        believing = client_context(TlsFiles.of(installation).authority) if doors.encrypted else None
        wait_alive(doors.addresses, believing, children, stopping)
        yield children
    finally:
        _stop(children)
        os.close(lock)


def _public_url(installation: Installation, doors: Doors) -> str:
    """What is printed on stamps: the setting, else where people find the verifier."""
    own = doors.shown.get("verifier") or installation.public_url
    return os.environ.get("TEM_PUBLIC_URL") or own


def _stop(children: list[Child]) -> None:
    """End them, those that depend on others first."""
    for child in reversed(children):
        child.stop()
    deadline = time.monotonic() + STOP_SECONDS
    for child in reversed(children):
        child.wait(deadline)


def serve(
    installation: Installation,
    doors: Doors,
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Run all services until SIGINT or SIGTERM; what dies is started again."""
    stopping = stopping_flag(signal.SIGINT, signal.SIGTERM)
    settings.require_one_record(os.environ)
    for remark in settings.remarks(os.environ):
        click.echo(f"warning: {remark}", err=True)
    with (
        contextlib.suppress(Stopped),
        _running(installation, doors, stopping, prepare) as children,
    ):
        for service, address in doors.shown.items():
            click.echo(f"{service:9} {address}")
        if doors.encrypted:
            files = TlsFiles.of(installation)
            click.echo(f"phones    {files.authority}  (install it on each)")
            click.echo(f"SHA-256   {files.fingerprint}")
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
            probe.bind((LOOPBACK, 0))
            only = plain({"issuer": probe.getsockname()[1]}, None)
        try:
            stack.enter_context(_running(installation, only, lambda: False))
            address = only.addresses["issuer"]
        except AlreadyRunning:
            address = _address_of_running_issuer(installation)
        yield address


def _address_of_running_issuer(installation: Installation) -> str:
    """Where it answers; whoever holds the lock may still be starting it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        address = installation.addresses().get("issuer")
        if address is not None and is_ready(address):
            return address
        time.sleep(0.1)
    raise Unavailable("no_answer", "The services are running, but their issuer does not answer.")
