"""One client's answers: in the order of its requests, as fast and as long as it reads them."""

import asyncio
import contextlib
from collections import deque
from math import inf
from time import monotonic
from typing import Any

from tem_verifier.serving import refusals
from tem_verifier.serving.request import Request
from tem_verifier.serving.server import Server
from tem_verifier.serving.shedding import BODY, HEAD
from tem_verifier.serving.turn import TOO_LATE, LookUp

QUEUED = 64  # requests read ahead of their turn, at most
VERSIONS = frozenset({"1.1", "1.0"})

# Stands for the look-ups of a connection whose turn is to come.
LOOK_UP = Request(b"", b"", "1.1", [], "", "", last=False, plain=True, arrived=0.0)


class Exchange(asyncio.Protocol):
    """What :class:`tem_verifier.serving.connection.Connection` is, reading apart."""

    __slots__ = (
        "_answer",
        "_blocked",
        "_busy",
        "_deaf",
        "_ended",
        "_first",
        "_free",
        "_local",
        "_looks_up",
        "_paused",
        "_peer",
        "_queue",
        "_request",
        "_server",
        "_target",
        "_transport",
        "_write",
        "deadline",
        "host",
    )
    _transport: Any

    def __init__(self, server: Server) -> None:
        self._server, self._answer = server, server.answer
        self._looks_up = 0  # look-ups whose turn is to come
        self._target = b""  # not empty while a head is being read
        self._request: Request | None = None  # whose body is being read
        self._busy: Request | None = None  # which is being answered
        self._first: deque[Request] = deque()  # look-ups whose turn it was before it was over
        self._queue: deque[Request | bytes] = deque()  # what was read after all look-ups
        self._free = self._answer is not None  # to answer on the spot
        self._paused = self._blocked = False  # reading; writing
        self._deaf = self._ended = False  # to what is sent; no request follows
        self.deadline = inf

    # Answers, in the order of the requests.

    def _is_idle(self) -> bool:
        return self._busy is None and not (self._first or self._queue or self._blocked)

    def _take(self, request: Request) -> None:
        """A whole request: it is its turn, or it waits, and nothing more is read meanwhile."""
        self._ended = self._ended or request.last
        if self._is_idle():
            self.serve(request)
            return
        self._pause()
        self._free = False
        if len(self._queue) < QUEUED:
            self._queue.append(request)
        else:  # sent ahead without end: what was taken is answered, then the connection ends
            self._release(request)
            self._refuse(b"")

    def end_look_up(self, look_up: LookUp, found: Any) -> None:
        """What became of a look-up in its turn: an answer of the front, or of its kind,
        :data:`TOO_LATE`, or what it raised."""
        self._looks_up -= 1
        if self._transport.is_closing():
            return
        if self._busy is not LOOK_UP or self._blocked or self._first:  # one before it is not over
            self._first.append(self._request_of(look_up, plain=True))
            self._free = False
            return
        if not self._looks_up:
            self._busy = None
        if found.__class__ is tuple:
            self._tell(*found, goes_on=look_up[-1])
        elif found is TOO_LATE:
            self._server.shed.add("look_up")
            self._tell(HEAD, b"" if look_up[1] == b"HEAD" else BODY, goes_on=look_up[-1])
        elif isinstance(found, Exception):
            self._write(refusals.answer(found, b"", self._server.log))
            self._finish()
        else:
            self.serve(self._request_of(look_up, plain=found is not None))

    def _tell(self, head: bytes, body: bytes, *, goes_on: bool) -> None:
        server = self._server
        self.deadline = monotonic() + server.keepalive
        if not goes_on or server.last:
            self._write(b"".join((head, server.ends, body)))
            self._finish()
            return
        self._write(b"".join((head, server.goes_on, body)))
        if self._busy is None and self._queue:
            self.go_on()

    def _request_of(self, look_up: LookUp, *, plain: bool) -> Request:
        _, method, target, headers, version, arrived, goes_on = look_up
        return Request(
            *(method, target, version, headers, self._peer, self._local),
            last=not goes_on,
            plain=plain,
            arrived=arrived,
        )

    def serve(self, request: Request) -> None:
        """Answer a request: by the front, if it is one for it, or in a thread."""
        if self._transport.is_closing():
            self._release(request)
            return
        self._busy, self._free, self.deadline = request, False, inf
        server = self._server
        if request.plain and self._answer is not None and request.version in VERSIONS:
            asked = (request.method, request.target, request.headers, self.host, request.arrived)
            found = self._answer(*asked)
            if found.__class__ is tuple:
                head, body = found
                ends = request.last or server.last
                answer = b"".join((head, server.ends if ends else server.goes_on, body))
                self.answered(request, answer, ends)
                return
            if found is not None:
                if not server.park(self, request):
                    self._send_away(request, "record")
                return
        if not server.run(self, request):
            self._send_away(request, "thread")

    def answered(self, request: Request, answer: bytes, ends: bool) -> None:
        """A request has its answer: from a thread, or from the front."""
        self._release(request)
        if self._transport.is_closing():
            return
        self._busy = None
        self.deadline = monotonic() + self._server.keepalive
        self._write(answer)
        if (
            ends
            or self._server.last
            or (self._ended and not (self._first or self._looks_up or self._queue))
        ):
            self._linger() if request.size or self._deaf else self._finish()
        else:
            self.go_on()

    def go_on(self) -> None:
        """Nothing stands in the way any more: the next request, or read on."""
        if self._transport.is_closing() or self._blocked:
            return
        if self._busy is not None and self._busy is not LOOK_UP:
            return
        if self._first:
            self.serve(self._first.popleft())
            return
        self._busy = LOOK_UP if self._looks_up else None
        if self._looks_up:  # their turn is to come, before what was read after them
            return
        if self._queue:
            following = self._queue.popleft()
            if isinstance(following, Request):
                self.serve(following)
            else:
                self._write(following)
                self._linger()
            return
        if self._deaf:
            return
        self._free = self._answer is not None
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _send_away(self, request: Request, kind: str) -> None:
        """Too much is asked at once: say so, in a moment."""
        server = self._server
        server.shed.add(kind)
        self._release(request)
        server.send_away(self, request)

    def sent_away(self, request: Request) -> None:
        """The moment has come."""
        server = self._server
        ends = request.last or server.last
        body = b"" if request.method == b"HEAD" else BODY
        self.answered(
            request, b"".join((HEAD, server.ends if ends else server.goes_on, body)), ends
        )

    def _refuse(self, answer: bytes) -> None:
        """Nothing of this connection is read any more; it ends with this answer, in its turn."""
        if self._request is not None:
            self._release(self._request)
        self._request, self._target, self._deaf, self._free = None, b"", True, False
        if self._is_idle():
            self._write(answer)
            self._linger()
        else:
            self._pause()
            self._queue.append(answer)

    # The connection itself.

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        self._transport, self._write = transport, transport.write
        server = self._server
        self._peer = transport.get_extra_info("peername") or ""
        self._local = transport.get_extra_info("sockname")
        self.host = self._peer[0] if isinstance(self._peer, tuple) else ""
        self.deadline = monotonic() + (server.keepalive or server.patience.head)
        server.connections.add(self)
        if len(server.connections) > server.most_connections:
            self._crowded_out()

    def _crowded_out(self) -> None:
        server = self._server
        server.shed.add("connection")
        if len(server.connections) > server.most_connections + server.room.crowd:
            self.cut_off()
        else:
            self._refuse(refusals.OVERLOADED)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._server.connections.discard(self)
        for request in (self._request, *self._first, *self._queue):
            if isinstance(request, Request):
                self._release(request)
        self._request = None
        self._first.clear()
        self._queue.clear()

    def eof_received(self) -> bool:
        """The client sends no more; what it has asked is still answered."""
        self._ended = True
        return not self._is_idle() and self._busy is not None

    def pause_writing(self) -> None:
        """The client does not read what it asked for: nothing more is done for it meanwhile."""
        self._blocked, self._free = True, False
        self.deadline = monotonic() + self._server.patience.reading
        self._pause()

    def resume_writing(self) -> None:
        """It reads again."""
        self._blocked = False
        if not self._deaf or self._first or self._queue:
            self.deadline = monotonic() + self._server.keepalive
            self.go_on()

    def expire(self) -> None:
        """Its time is over."""
        if self._deaf or self._blocked:
            self.cut_off()
        elif self._target or self._request is not None:
            self._refuse(refusals.too_slow())
        else:
            self._finish()

    def cut_off(self) -> None:
        """End it, whatever is not written yet."""
        self._transport.abort()

    def stop(self) -> None:
        """The worker ends: an idle connection does, others have their answer first."""
        if self._busy is None and not (self._target or self._request or self._first or self._queue):
            self._finish()

    def _finish(self) -> None:
        """End it once everything is written."""
        self._deaf, self._free = True, False
        self.deadline = monotonic() + self._server.patience.reading
        self._transport.close()

    def _linger(self) -> None:
        """The same where the client may be sending still: cut off it would lose the answer."""
        self._deaf, self._free, self._paused = True, False, False
        self.deadline = monotonic() + self._server.patience.linger
        with contextlib.suppress(OSError, RuntimeError):
            self._transport.write_eof()
            self._transport.resume_reading()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _release(self, request: Request) -> None:
        self._server.held -= len(request.body)
        request.body = bytearray()
