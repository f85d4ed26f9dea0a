"""A mint of one's own for a test: store, keys and folder, and ways to work and to kill it."""

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.http.web import Wiring
from tem.installation import Installation
from tem.process import LockHeld, die_with_parent, hold_lock
from tem.trail import audit
from tem.trail.audit import Entry
from tem_issuer import first_start, issuance, prints, signer, signing_run, storage
from tem_issuer import settings as issuer_settings
from tem_issuer.app import build
from tem_issuer.domain import Batch, BatchState
from tem_issuer.settings import Settings
from tem_issuer.signer import Signer
from tem_issuer.store import open_store

PUBLIC_URL = "https://tem.example.vn"
PRODUCT, PRODUCER = "sp-1", "cs-1"
DEADLINE = 60.0
KILLED = -signal.SIGKILL


@dataclass
class Mint:
    """One issuer: what a test acts on and looks into."""

    installation: Installation
    settings: Settings
    engine: Engine
    clock: Clock

    def reserve(self, quantity: int = 5, **fields: Any) -> Batch:
        wanted = {"product_id": PRODUCT, "producer_id": PRODUCER, "quantity": quantity, **fields}
        with writing(self.engine) as connection:
            return issuance.reserve(connection, self.settings, self.clock(), "test", **wanted)

    def run(self, number: int, processes: int = 2, **options: Any) -> None:
        signing_run.run(
            self.engine, self.settings, self.clock, number, processes=processes, **options
        )

    def released(self, quantity: int = 5, **fields: Any) -> Batch:
        number = self.reserve(quantity, **fields).number
        self.run(number)
        return self.batch(number)

    def batch(self, number: int) -> Batch:
        with reading(self.engine) as connection:
            found = storage.find_batch(connection, number)
        assert found is not None
        return found

    def batches(self) -> list[Batch]:
        with reading(self.engine) as connection:
            return storage.list_batches(connection, limit=10_000)

    def urls(self, batch: Batch) -> list[str]:
        """What would be printed on the batch's stamps, in order."""
        with prints.open_codes(self.settings, batch) as reader:
            return [url for _, url in prints.stamps(reader, batch, 1, batch.quantity)]

    def confirm(self, batch: Batch) -> None:
        """Confirm the print without deleting anything yet, as a crash would leave it."""
        with writing(self.engine) as connection:
            prints.confirm_print(connection, self.clock(), "test", batch.number)

    def trail(self, object: str | None = None) -> list[Entry]:
        with reading(self.engine) as connection:
            return audit.entries(connection, limit=100_000, object=object)

    def actions(self, batch: Batch) -> list[str]:
        return [entry.action for entry in self.trail(f"batch:{batch.number}")]

    def files(self) -> set[str]:
        """Names of all files of codes, wrapped keys and hashes."""
        folders = (self.settings.codes, self.settings.hashes)
        return {path.name for folder in folders for path in folder.glob("*")}

    def token(self, role: str) -> str:
        name = first_start.OFFICE_KEY_FILE if role == "office" else first_start.SERVICE_KEY_FILE
        return self.installation.key_file(name).read_text().strip()

    def bearer(self, role: str, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role)}", **headers}

    @cached_property
    def app(self) -> Flask:
        return build(self.settings, Wiring(self.engine, self.clock))

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def signer(self) -> Signer:
        return Signer(self.settings, lambda: open_store(self.settings), self.clock, cores=2)


def found_mint(folder: Path, clock: Clock) -> Mint:
    """A new mint as the first start makes it, in the environment of the test."""
    first_start.prepare(Installation(folder))
    return opened_mint(folder, clock)


def opened_mint(folder: Path, clock: Clock) -> Mint:
    """A mint that a first start has made."""
    installation = Installation(folder)
    config = issuer_settings.read(os.environ, installation)
    return Mint(installation, config, open_store(config), clock)


def files_of(batch: Batch) -> set[str]:
    """The files a released batch has until its print is confirmed, and no others."""
    return {f"{batch.number}-{batch.attempt}.{end}" for end in ("codes", "key", "hashes")}


def kill_self(*_: object) -> None:
    """End at once, as kill -9 or a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def fork(mint: Mint, act: Callable[[], object]) -> int:
    """Run ``act`` in a process forked from this one; its number."""
    mint.engine.dispose()  # it must inherit no open connection
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        die_with_parent()
        act()
        status = 0
    except LockHeld:
        status = 2
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def ended(child: int) -> int:
    """How a child ended: its exit status, negative if a signal ended it."""
    until(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def until(happened: Callable[[], Any], within: float = DEADLINE) -> Any:
    """What ``happened`` answers once that is true. Fails the test when it takes too long."""
    deadline = time.monotonic() + within
    while not (answer := happened()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
    return answer


def wait(seconds: float) -> None:
    """Let a moment pass: it is when to kill, not when something should have happened."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        select.select([], [], [], deadline - time.monotonic())


def serve(mint: Mint, retry_seconds: float = 0.02, *, waits: bool = False) -> Callable[[], None]:
    """What a process does that is a signer until it is told to stop by SIGTERM; one that ``waits``
    begins once nobody else holds the lock, as one does that is started again and again."""

    def act() -> None:
        told: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        signer.RETRY_SECONDS = retry_seconds
        while True:
            try:
                return mint.signer().serve(lambda: bool(told))
            except LockHeld:
                if not waits or told:
                    raise
                time.sleep(0.02)

    return act


@contextlib.contextmanager
def signing(mint: Mint) -> Iterator[int]:
    """A real signer at work for as long as the block lasts; its process id."""
    until(lambda: not locked(mint))  # helpers of one just killed may take a moment to end
    # Told to stop before it is at work it stops as soon as it is.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        child = fork(mint, serve(mint, waits=True))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    try:
        yield child
    finally:
        os.kill(child, signal.SIGTERM)
        assert ended(child) == 0


def locked(mint: Mint) -> bool:
    """Whether some process holds the lock of the one signer."""
    try:
        os.close(hold_lock(mint.settings.signer_lock))
    except LockHeld:
        return True
    return False


def all_settled(mint: Mint) -> bool:
    """Whether no batch waits for the signer any more."""
    return all(b.state in (BatchState.RELEASED, BatchState.FAILED) for b in mint.batches())


def children_of(process: int) -> list[int]:
    """The processes whose parent is ``process``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == process and fields[0] != "Z":
                found.append(int(folder.name))
    return found
