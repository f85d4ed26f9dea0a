"""Too much at once: some are sent away quickly, the others are answered, and it passes."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.running import until
from tests.verifier.serving_gunicorn import OURS, STATUS, Served, one_answer, served

LOOK_UP = b"GET /s/%b HTTP/1.1\r\nHost: x\r\n\r\n"
HELD = b"GET /held?file=%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
THREADS, WAITING = 4, 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("overload")) as found:
        yield found


def opened(server: Served, stack: ExitStack, count: int) -> list[socket.socket]:
    """So many connections that have each had an answer."""
    sockets = [stack.enter_context(server.connect()) for _ in range(count)]
    for sock in sockets:
        sock.sendall(LOOK_UP % b"1")
        one_answer(sock)
    return sockets


def test_look_ups_that_wait_for_half_a_second_are_sent_away(server: Served) -> None:
    """The first ones are answered, who waits too long gets 503 and Retry-After, and health is
    answered however many wait."""
    before = server.shed("look_up")
    with ExitStack() as stack:
        other, *sockets = opened(server, stack, 25)
        # Each holds the worker up for 50 ms: together for longer than anybody is to wait.
        for sock in sockets:
            sock.sendall(LOOK_UP % b"slow")
        other.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert one_answer(other).startswith(b"HTTP/1.1 200")
        answers = [one_answer(sock) for sock in sockets]
        statuses = [int(STATUS.findall(answer)[0]) for answer in answers]
        assert statuses[0] == 200 and statuses[-1] == 503, statuses
        assert statuses.count(200) >= 3 and statuses.count(503) >= 8, statuses
        head, _, body = answers[-1].partition(b"\r\n\r\n")
        assert b"Retry-After: 1\r\n" in head and b"Cache-Control: no-store\r\n" in head
        assert b"application/problem+json" in head and b"Date: " in head
        told = json.loads(body)
        assert (told["code"], told["status"]) == ("overloaded", 503)
        assert "says nothing about any stamp" in told["detail"]
        # The same connections go on at once, those sent away too.
        for sock in sockets:
            sock.sendall(LOOK_UP % b"1")
        assert all(one_answer(sock).startswith(b"HTTP/1.1 200") for sock in sockets)
    until(lambda: server.shed("look_up") == before + statuses.count(503), 10)


def test_only_so_many_wait_for_a_thread(server: Served, tmp_path: Path) -> None:
    """Beyond eight for each thread the answer is 503, while look-ups and health answer as ever."""
    let_go = tmp_path / "let-go"
    held = HELD % str(let_go).encode()
    with ThreadPoolExecutor(60) as clients:
        sent = [clients.submit(server.statuses, held) for _ in range(60)]
        until(lambda: sum(one.done() for one in sent) >= 60 - THREADS - WAITING, 10)
        assert server.statuses(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") == [200]
        assert server.statuses(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n") == [200]
        assert server.statuses(LOOK_UP % b"1") == [200]
        assert sum(one.done() for one in sent) == 60 - THREADS - WAITING
        let_go.touch()
        statuses = sorted(one.result()[0] for one in sent)
    assert statuses == [200] * (THREADS + WAITING) + [503] * (60 - THREADS - WAITING)
    assert server.statuses(held) == [200]
    until(lambda: server.shed("thread") == 60 - THREADS - WAITING, 10)


def test_what_the_front_cannot_say_yet_is_asked_again(server: Served) -> None:
    """The answer comes when it is there, and others are answered meanwhile."""
    with server.connect() as waiting, server.connect() as other:
        waiting.sendall(LOOK_UP % b"later")
        other.sendall(LOOK_UP % b"1")
        assert one_answer(other).startswith(b"HTTP/1.1 200")
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)
        waiting.settimeout(20)
        assert one_answer(waiting).startswith(b"HTTP/1.1 200")


def test_more_connections_than_allowed_are_told_so(tmp_path: Path) -> None:
    """The connection too many gets 503 and ends; when another has gone there is room again."""
    with served(tmp_path, OURS, "--worker-connections", "5") as server:
        with ExitStack() as stack:
            sockets = opened(server, stack, 5)
            assert server.statuses(b"") == [503]
            sockets[0].sendall(LOOK_UP % b"1")
            assert one_answer(sockets[0]).startswith(b"HTTP/1.1 200")
        until(lambda: server.statuses(LOOK_UP % b"1") == [200], 10)
