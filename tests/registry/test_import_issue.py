"""Signing during an import: an outage is waited out, what does not move is given up."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.registry.installed import issuer, opened, run, small_folder

from tem.databases.database import reading
from tem.errors import Unavailable
from tem.installation import Installation
from tem_registry.importing import import_issue
from tem_registry.stamps import stamps

SMALL = {"HT-T0053", "HT-T0089"}


class FlakyRoad:
    """A road to the issuer that breaks off the first connections it is asked for."""

    def __init__(self, url: str, refusals: int) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []
        self.refusals = refusals
        self.refused = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._begin(self._accept)

    def _begin(self, act: Callable[..., None], *words: Any) -> None:
        thread = threading.Thread(target=act, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.refused < self.refusals:
                    self.refused += 1
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                self._begin(_carry, near, far)
                self._begin(_carry, far, near)

    def close(self) -> None:
        """End every connection, and wait until nobody carries anything."""
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def flaky(url: str, refusals: int) -> Iterator[FlakyRoad]:
    road = FlakyRoad(url, refusals)
    try:
        yield road
    finally:
        road.close()


def test_an_outage_is_waited_out(tmp_path: Path) -> None:
    """Connections that break off, one after the other, cost time and nothing else."""
    data, folder = tmp_path / "data", small_folder(tmp_path / "folder", SMALL)
    with issuer(data) as url, flaky(url, 9) as road:
        report = run(data, folder, road.url)
        assert road.refused == 9
    assert report.problems == []
    assert report.added["stamp_batch"] == 2
    with opened(data) as engine, reading(engine) as connection:
        assert all(stamps.intervals(connection, number) for number in (1, 2))


def test_what_does_not_move_is_given_up(tmp_path: Path) -> None:
    """An issuer that stays away: the import ends, says so, and goes on where it stopped."""
    data, folder = tmp_path / "data", small_folder(tmp_path / "folder", SMALL)
    with issuer(data) as url:
        with flaky(url, 10**9) as road, pytest.raises(Unavailable) as gave_up:
            run(data, folder, road.url, still_seconds=0.3)
        assert gave_up.value.code == "signing_takes_too_long"
        assert "cannot be reached" in gave_up.value.detail
        with opened(data) as engine, reading(engine) as connection:
            assert len(import_issue.waiting(connection)) == 2
        report = run(data, folder, url)
    assert report.problems == []
    assert report.unchanged["stamp_batch"] == 2


def test_a_key_that_is_not_accepted_is_said_at_once(tmp_path: Path) -> None:
    """Nothing is gained by waiting: somebody has to give the registry another key."""
    data, folder = tmp_path / "data", small_folder(tmp_path / "folder", SMALL)
    with issuer(data) as url:
        Installation.at(data).key_file("issuer-service.key").write_text("tem_none", "ascii")
        with pytest.raises(Unavailable) as refused:
            run(data, folder, url, still_seconds=600)
    assert refused.value.code in import_issue.LASTING
