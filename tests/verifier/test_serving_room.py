"""What a worker has room for, all connections together: beyond it 503, and room again later."""

from contextlib import ExitStack, closing
from time import monotonic

import pytest
from prometheus_client import REGISTRY
from tests.running import until
from tests.verifier.serving_gunicorn import STATUS, everything, one_answer
from tests.verifier.serving_loop import Loop

from tem_verifier.serving.server import AWAY_SECONDS, Patience, Room

LOOK_UP = b"GET /s/%b HTTP/1.1\r\nHost: x\r\n\r\n"
JSON = b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
POST = b"POST /v1/echo HTTP/1.1\r\nHost: x\r\n" + JSON


def shed(kind: str) -> float:
    """How many were sent away so far."""
    return REGISTRY.get_sample_value("tem_verifier_shed_total", {"kind": kind}) or 0.0


def test_bodies_beyond_the_room_for_them_are_refused() -> None:
    """The body too many gets 503 and its connection ends; the others are received to their end."""
    before = shed("memory")
    with Loop(room=Room(bodies=12)) as loop, closing(loop.connect()) as first:
        first.sendall(POST + b'{"a":')
        until(lambda: loop.server.held == 5, 10)
        answer = loop.exchange(POST + b'{"abc":1}')
        assert STATUS.findall(answer) == [b"503"] and b"Connection: close" in answer
        with closing(loop.connect()) as second:  # in pieces, of which the first one fits
            second.sendall(POST + b'{"abc"')
            until(lambda: loop.server.held == 11, 10)
            second.sendall(b":1}")
            assert STATUS.findall(everything(second)) == [b"503"]
            until(lambda: loop.server.held == 5, 10)
        first.sendall(b" 12}")
        assert one_answer(first).startswith(b"HTTP/1.1 200")
        assert STATUS.findall(loop.exchange(POST + b'{"abc":1}')) == [b"200"]
        until(lambda: (loop.server.held, shed("memory")) == (0, before + 2), 10)


def test_look_ups_beyond_the_room_for_those_that_wait_for_the_record_are_sent_away() -> None:
    """The one too many is told after a moment, in which nothing else of it is answered, and its
    connection goes on; the one that waits has its answer."""
    before = shed("record")
    with (
        Loop(room=Room(parked=1)) as loop,
        closing(loop.connect()) as first,
        closing(loop.connect()) as second,
    ):
        first.sendall(LOOK_UP % b"later")
        until(lambda: loop.server._parked, 10)
        began = monotonic()
        second.sendall(LOOK_UP % b"later" + LOOK_UP % b"1")
        assert one_answer(second).startswith(b"HTTP/1.1 503")
        assert monotonic() - began >= AWAY_SECONDS
        assert one_answer(second).startswith(b"HTTP/1.1 200")
        assert one_answer(first).startswith(b"HTTP/1.1 200")
        until(lambda: shed("record") == before + 1, 10)


def test_a_crowd_beyond_those_who_are_told_is_cut_off() -> None:
    """With one connection allowed the second is told 503, the third ends without a word."""
    before = shed("connection")
    with Loop(Patience(linger=20), Room(crowd=1)) as loop, ExitStack() as stack:
        loop.server.most_connections = 1
        first, second, third = (stack.enter_context(loop.connect()) for _ in range(3))
        assert everything(third) == b""
        assert one_answer(second).startswith(b"HTTP/1.1 503")
        first.sendall(LOOK_UP % b"1")
        assert one_answer(first).startswith(b"HTTP/1.1 200")
        until(lambda: shed("connection") == before + 2, 10)


def test_of_more_look_ups_than_there_is_room_for_the_last_are_sent_away() -> None:
    """Answers come in the order of the requests also then, and what was kept is answered."""
    before, count = shed("look_up"), 6
    with Loop(room=Room(look_ups=4)) as loop, closing(loop.connect()) as sock:
        sock.sendall(LOOK_UP % b"1" * count)
        statuses = [one_answer(sock)[9:12] for _ in range(count)]
        assert statuses == [b"200"] * 4 + [b"503"] * 2
        until(lambda: shed("look_up") == before + 2, 10)


def test_many_codes_at_once_leave_the_other_threads_alone() -> None:
    """Requests with a body have threads of their own: one is answered while all others are busy."""
    with Loop() as loop, closing(loop.connect()) as busy:
        busy.sendall(b"GET /sleep?seconds=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: loop.server._threads._under_way == 1, 10)
        assert STATUS.findall(loop.exchange(POST + b'{"abc":1}')) == [b"200"]
        busy.setblocking(False)
        with pytest.raises(BlockingIOError):
            busy.recv(1)
