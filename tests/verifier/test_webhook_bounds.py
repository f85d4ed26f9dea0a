"""The bounds of webhooks hold at the very moment too: their number, and the time of an attempt."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from tests.conftest import SetClock
from tests.running import until

from tem.databases.database import reading, writing
from tem.errors import Conflict
from tem_verifier import webhook_addresses
from tem_verifier.retail.tills import ALL, Till
from tem_verifier.webhooks import endpoints, posting
from tem_verifier.webhooks.endpoints import Log
from tem_verifier.webhooks.retry_rules import Answer

Act = Callable[[Connection], object]
LOOPBACK = webhook_addresses.networks("127.0.0.0/8")
HELD_UP = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.mark.parametrize("own_store", ["postgresql"], indirect=True)
def test_who_comes_at_the_same_moment_is_counted(own_store: Engine, clock: SetClock) -> None:
    """A call that began before another was committed waits for it, and then knows of it: an
    address comes once, added or changed, and no sixth webhook comes."""

    def till(chain: str) -> Till:
        return Till("0" * 12, chain, chain, None, ALL)

    def adding(chain: str, url: str) -> Act:
        return lambda to: endpoints.add(to, clock(), till(chain), Log("e", 0), url, [])

    def changing(chain: str, id: str, url: str) -> Act:
        return lambda to: endpoints.change(to, clock(), till(chain), id, {"url": url})

    def refused(act: Act) -> str:
        with pytest.raises(Conflict) as conflict, writing(own_store) as connection:
            act(connection)
        return conflict.value.code

    def is_held_up() -> bool:
        with reading(own_store) as connection:
            return bool(connection.execute(HELD_UP).scalar_one())

    def second_of(first: Act, second: Act) -> str:
        with ThreadPoolExecutor(1) as other:
            with writing(own_store) as connection:
                first(connection)
                later = other.submit(refused, second)
                until(is_held_up)
            return later.result()

    with writing(own_store) as connection:
        for n in range(4):
            adding("four", f"https://a.vn/{n}")(connection)
        ids = [one.id for one in endpoints.all_of(connection, "four")]
    one = "https://b.vn/"
    assert [
        second_of(adding("none", one), adding("none", one)),
        second_of(changing("four", ids[0], one), changing("four", ids[1], one)),
        second_of(adding("four", f"{one}5"), adding("four", f"{one}6")),
        second_of(changing("four", ids[2], f"{one}7"), adding("four", f"{one}7")),
    ] == ["webhook_exists", "webhook_exists", "too_many_webhooks", "webhook_exists"]


def sent(url: str) -> Answer:
    """What became of an attempt for which there is little time."""

    def attempt() -> Answer | None:
        found = posting.post(url, {}, b"{}", LOOPBACK, ssl.create_default_context())
        return None if found.problem == "name_unknown" else found  # a busy machine: once more

    found: Answer = until(attempt)
    return found


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts that may take half a second."""
    monkeypatch.setattr(posting, "SECONDS", 0.5)


@contextlib.contextmanager
def silent(address: str) -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full."""
    with contextlib.ExitStack() as opened:
        listening = opened.enter_context(socket.create_server((address, 0), backlog=0))
        port: int = listening.getsockname()[1]
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, port))
        yield port


@pytest.mark.usefixtures("in_haste")
def test_an_address_is_not_tried_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose first address is silent to the end does not get more time with its second."""
    with silent("127.0.9.1") as port, socket.create_server(("127.0.9.2", port)) as second:

        def told(host: str, *_: Any, **__: Any) -> list[Any]:
            numbers = ("127.0.9.1", "127.0.9.2") if host.endswith("vn") else (host,)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in numbers]

        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", told)
            assert sent(f"http://tills.example.vn:{port}/").problem == "timed_out"
        assert select.select([second], [], [], 0)[0] == []


@pytest.mark.usefixtures("in_haste")
def test_a_head_that_is_not_at_its_end_in_time_is_none() -> None:
    """A status of 200 with lines that never end is no delivery."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def begin_a_head() -> None:
            peer, _address = listening.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while peer.recv(4096):
                    pass

        answering = threading.Thread(target=begin_a_head, daemon=True)
        answering.start()
        answer = sent(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert (answer.status, answer.problem) == (None, "timed_out")
        answering.join(20)
