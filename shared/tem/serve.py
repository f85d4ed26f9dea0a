"""Starting one service alone, as a container does: what its first start makes, then gunicorn.

``tem up`` starts all of them on one machine with the same command line.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

from tem import settings
from tem.errors import Conflict, Unavailable
from tem.installation import Installation, require_restored
from tem.process import LockHeld, hold_lock
from tem.tls import TlsFiles

SERVICES = ("issuer", "registry", "verifier")
PORTS = {"issuer": 8101, "registry": 8102, "verifier": 8103}
THREADS = {"issuer": 16, "registry": 32, "verifier": 32}
WORKERS = {"issuer": 1, "registry": 1, "verifier": 2}
# The public's own way in has a worker for it: docs/adr/0024-a-worker-of-our-own.md.
WORKER_CLASS = {
    "issuer": "tem.http.gunicorn_hooks.ProblemWorker",
    "registry": "tem.http.gunicorn_hooks.ProblemWorker",
    "verifier": "tem_verifier.serving.worker.LookUpWorker",
}
CONNECTIONS = {"issuer": 1000, "registry": 1000, "verifier": 10_000}  # of one worker
LOCK_SECONDS = 60  # how long another process may take over the first start of the same folder


def web_command(
    service: str, *binds: str, workers: int | None = None, tls: TlsFiles | None = None
) -> list[str]:
    """gunicorn for a service on ``binds`` (host:port each), with its usual number of workers;
    over HTTPS with the certificate of ``tls``.

    Its control socket has one path per user: three services would collide.
    """
    return [
        *(sys.executable, "-m", "gunicorn", "--config", "python:tem.http.gunicorn_hooks"),
        *("--no-control-socket", "--worker-class", WORKER_CLASS[service]),
        *("--worker-connections", str(CONNECTIONS[service])),
        *(word for bind in binds for word in ("--bind", bind)),
        *("--threads", str(THREADS[service]), "--workers", str(workers or WORKERS[service])),
        *(("--certfile", str(tls.certificate), "--keyfile", str(tls.key)) if tls else ()),
        *("--timeout", "120", "--graceful-timeout", "10", "--keep-alive", "15"),
        f"tem_{service}.app:create_app()",
    ]


def first_start(installation: Installation, services: Iterable[str] = SERVICES) -> list[str]:
    """Let each service make what it lacks; the lines that say what was made and where."""
    require_restored(installation)
    installation.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = {entry.name: entry for entry in entry_points(group="tem.first_start")}
    return [line for name in services if name in found for line in found[name].load()(installation)]


def first_start_alone(installation: Installation, service: str) -> list[str]:
    """The first start of one service, while no other process does it in the same folder.

    Raises Unavailable if another one is at it for a minute.
    """
    lock = _lock(installation.data / f"{service}-first-start.lock")
    try:
        return first_start(installation, (service,))
    finally:
        os.close(lock)


def _lock(path: Path) -> int:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return hold_lock(path)
        except LockHeld as error:
            if time.monotonic() > deadline:
                raise Unavailable(
                    "first_start_busy", f"Another process holds {path}: is it still starting?"
                ) from error
            time.sleep(0.1)


def is_busy(host: str, port: int) -> bool:
    """Whether somebody listens there already. What else is wrong with it gunicorn says."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, _, _, address = found[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def is_ours(host: str) -> bool:
    """Whether this machine can be reached at an address; a name is left to gunicorn."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def require_free(binds: Iterable[str]) -> None:
    """Raises Conflict naming the first address (host:port) at which somebody listens."""
    for bind in binds:
        host, _, port = bind.rpartition(":")
        if port.isdecimal() and is_busy(host.strip("[]"), int(port)):
            raise Conflict(
                "port_busy",
                f"{bind} is in use: stop what listens there, or choose another with --bind.",
            )


def lacking(installation: Installation, service: str) -> Iterator[str]:
    """Files that another machine's service has made and this one needs, a line each."""
    if service != "issuer" and not installation.trust_file.exists():
        yield f"{installation.trust_file} is missing: copy it from the issuer's machine"
    # Where a setting names it, only the follower may be meant to read it.
    key = installation.key_file("issuer-service.key")
    elsewhere = os.environ.get("TEM_REGISTRY_ISSUER_KEY_FILE")
    if service == "registry" and not elsewhere and not key.exists():
        yield f"{key} is missing: copy it from the issuer's machine, or no order is issued"


def serve(
    installation: Installation, service: str, binds: tuple[str, ...], workers: int | None
) -> None:
    """Become the web server of one service: this process is gunicorn from here on.

    Without ``binds`` it listens where ``TEM_BIND`` says, on the service's usual port.
    """
    binds = binds or (f"{os.environ.get('TEM_BIND', '127.0.0.1')}:{PORTS[service]}",)
    require_free(binds)
    if service == "verifier":
        settings.require_one_record(os.environ)
    for remark in (*settings.remarks(os.environ), *lacking(installation, service)):
        click.echo(f"warning: {remark}", err=True)
    for line in first_start_alone(installation, service):
        click.echo(f"made the {line}", err=True)
    environment = {
        **os.environ,
        "TEM_DATA": str(installation.data),
        "PROMETHEUS_MULTIPROC_DIR": str(_metrics_folder(installation, service, binds[0])),
        "PYTHONUNBUFFERED": "1",
    }
    command = web_command(service, *binds, workers=workers)
    os.execve(command[0], command, environment)  # noqa: S606 - no shell, our own interpreter


def _metrics_folder(installation: Installation, service: str, bind: str) -> Path:
    """Where the workers keep their metrics: the folder named, else one for each door of ours."""
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    own = installation.data / "metrics" / f"{service}-{bind.rpartition(':')[2]}"
    folder = Path(named) if named else own
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
