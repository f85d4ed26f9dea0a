"""One client's answers: in the order of its requests, as fast and as long as it reads them."""

from math import inf
from time import monotonic
from typing import Any

from tem_verifier.serving import refusals
from tem_verifier.serving.client import Client
from tem_verifier.serving.outflow import Outflow
from tem_verifier.serving.request import Request
from tem_verifier.serving.server import Server
from tem_verifier.serving.shedding import BODY, HEAD
from tem_verifier.serving.turn import TOO_LATE, LookUp

QUEUED = 64  # requests read ahead of their turn, at most
BUSY_SECONDS = 0.02  # until a piece is asked for again where all threads are busy
VERSIONS = frozenset({"1.1", "1.0"})

# Stands for the look-ups of a connection whose turn is to come.
LOOK_UP = Request(b"", b"", "1.1", [], "", "", last=False, plain=True, arrived=0.0)


class Exchange(Client):
    """What :class:`tem_verifier.serving.connection.Connection` is, reading apart."""

    __slots__ = ("_answer", "_looks_up")

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._answer = server.answer
        self._looks_up = 0  # look-ups whose turn is to come

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
        _, method, target, named, version, arrived, goes_on = look_up
        return Request(
            *(method, target, version, list(named.items()), self._peer, self._local),
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
            named = dict(request.headers)
            found = self._answer(request.method, request.target, named, self.host, request.arrived)
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

    def begin_flow(self, outflow: Outflow) -> None:
        """An answer is there that is made piece by piece."""
        self._outflow = outflow
        self.flow_on()

    def flow_on(self) -> None:
        """The next piece of it, if the client takes it; its end, if the client is gone."""
        outflow = self._outflow
        if outflow is None or outflow.is_running:
            return
        if outflow.timer is not None:
            outflow.timer.cancel()
            outflow.timer = None
        if self._transport.is_closing():
            self._end_flow()
        elif not self._blocked:
            self.deadline = inf
            outflow.is_running = self._server.flow(self, outflow)
            if not outflow.is_running:
                outflow.timer = self._server.loop.call_later(BUSY_SECONDS, self.flow_on)

    def flowed(self, piece: bytes, later: float | None, *, broken: bool) -> None:
        """A piece is there, and there is more in so many seconds."""
        outflow = self._outflow
        assert outflow is not None
        outflow.is_running = False
        if broken or self._transport.is_closing():
            self.cut_off()  # nobody may take it for the whole
            self._end_flow()
            return
        if later is None:
            request = self._busy
            assert request is not None
            self._outflow = None
            self.answered(request, piece, outflow.ends)
            return
        if piece:
            self._write(piece)
        if later:
            outflow.timer = self._server.loop.call_later(later, self.flow_on)
        else:
            self.flow_on()

    def _end_flow(self) -> None:
        self._outflow = None
        if self._busy is not None:
            self._release(self._busy)
            self._busy = None

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
