"""One client's connection as such: from its beginning to its end, whatever is asked on it."""

import asyncio
import contextlib
from collections import deque
from math import inf
from time import monotonic
from typing import Any

from tem_verifier.serving import refusals
from tem_verifier.serving.outflow import Outflow
from tem_verifier.serving.request import Request
from tem_verifier.serving.server import Server


class Client(asyncio.Protocol):
    """What is kept for a client, how long it may take, how it is sent away.

    :class:`tem_verifier.serving.exchange.Exchange` adds the answers,
    :class:`tem_verifier.serving.receiving.Receiving` the bodies,
    :class:`tem_verifier.serving.connection.Connection` the reading.
    """

    __slots__ = (
        "_blocked",
        "_busy",
        "_deaf",
        "_ended",
        "_first",
        "_free",
        "_local",
        "_outflow",
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
        self._server = server
        self._target = b""  # not empty while a head is being read
        self._request: Request | None = None  # whose body is being read
        self._busy: Request | None = None  # which is being answered
        self._first: deque[Request] = deque()  # look-ups whose turn it was before it was over
        self._queue: deque[Request | bytes] = deque()  # what was read after all look-ups
        self._outflow: Outflow | None = None  # an answer that is being written piece by piece
        self._free = server.answer is not None  # to answer on the spot
        self._paused = self._blocked = False  # reading; writing
        self._deaf = self._ended = False  # to what is sent; no request follows
        self.deadline = inf

    def go_on(self) -> None:
        """Nothing stands in the way any more: the next request, or read on."""
        raise NotImplementedError

    def flow_on(self) -> None:
        """The next piece of an answer, if one is being written and it can be."""
        raise NotImplementedError

    def _is_idle(self) -> bool:
        return self._busy is None and not (self._first or self._queue or self._blocked)

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
        self.flow_on()  # to its end

    def eof_received(self) -> bool:
        """The client sends no more; what it has asked is still answered, but over TLS, where
        nobody who waits for an answer says so."""
        self._ended = True
        awaited = not self._is_idle() and self._busy is not None
        return awaited and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """The client does not read what it asked for: nothing more is done for it meanwhile."""
        self._blocked, self._free = True, False
        self.deadline = monotonic() + self._server.patience.reading
        self._pause()

    def resume_writing(self) -> None:
        """It reads again."""
        self._blocked = False
        if self._outflow is not None:
            self.flow_on()
        elif not self._deaf or self._first or self._queue:
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
            if self._transport.can_write_eof():  # TLS cannot end one direction alone
                self._transport.write_eof()
            self._transport.resume_reading()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _release(self, request: Request) -> None:
        self._server.held -= len(request.body)
        request.body = bytearray()
        if request.spool is not None:
            files = self._server.spooling_for
            files[request.holder] -= 1
            if not files[request.holder]:
                del files[request.holder]
            request.spool.close()
            request.spool = None

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
