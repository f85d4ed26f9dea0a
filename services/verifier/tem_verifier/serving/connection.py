"""One client's connection: bytes to requests, by httptools.

What a look-up passes through is :meth:`Connection.data_received`, :meth:`~Connection.on_header` and
:meth:`~Connection.on_headers_complete`, nothing else: these are written for speed, the rest is not.
"""

from time import monotonic

from gunicorn.http.errors import LimitRequestHeaders
from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from tem_verifier import front
from tem_verifier.serving import refusals
from tem_verifier.serving.environ import Message
from tem_verifier.serving.exchange import LOOK_UP, QUEUED, VERSIONS
from tem_verifier.serving.receiving import Receiving
from tem_verifier.serving.request import Request, Spooled
from tem_verifier.serving.server import HEAD_BYTES, Server
from tem_verifier.serving.turn import BATCH

# A head that came in one piece of this size breaks no limit on lines or headers.
SMALL = 4096
MOST_HEADERS = 32768  # as gunicorn's highest
# What is no look-up by its address must not wait for those that are.
LOOK_UPS = b"/s/"
# With these the app decides; a body, too, is for the app.
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect"})
# These gunicorn's rules judge; the others are odd to the front.
ODD = front.ODD | FRAMING | {b"x-forwarded-protocol", b"x-forwarded-ssl"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(Receiving):
    """Made by the worker for each client that connects."""

    __slots__ = (
        "_feed",
        "_fits",
        "_headers",
        "_most_headers",
        "_overhead",
        "_parser",
        "_replays",
        "_since",
        "_turn",
    )

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._turn = server.turn
        self._parser = HttpRequestParser(self)
        self._feed = self._parser.feed_data
        self._headers: list[tuple[bytes, bytes]] = []
        self._most_headers = server.cfg.limit_request_fields or MOST_HEADERS
        self._fits = True
        self._since, self._overhead = (
            0.0,
            0,
        )  # of a request in parts: begin, and what is no body
        self._replays = False  # whether a body is still to be read after an upgrade

    # The way of a look-up.

    def data_received(self, data: bytes) -> None:
        """Some bytes: part of a request, one, or several."""
        turn = self._turn
        if not turn.begun:
            turn.begin()
        elif len(turn.waiting) >= BATCH:
            turn.relieve()
        if self._deaf:
            return
        self._fits = len(data) <= SMALL and not self._target
        try:
            self._feed(data)
        except HttpParserUpgrade as upgrade:
            self._stay(data, upgrade.args[0])
        except HttpParserError as error:
            self._misread(error, data)
        if self._target or self._request is not None:
            self._wait(len(data))

    def on_url(self, url: bytes) -> None:
        """The target, or a piece of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of the head, or of what follows a chunked body."""
        headers = self._headers
        headers.append((name.lower(), value))
        if len(headers) > self._most_headers:  # before the head is whole: nobody fills memory
            raise LimitRequestHeaders("too many headers")

    def on_headers_complete(self) -> None:
        """The head is there: a look-up is answered when its turn of the loop ends."""
        headers = self._headers
        named = dict(headers)
        plain = (
            len(named) == len(headers)
            and ODD.isdisjoint(named)
            and (self._fits or self._is_within_limits())
        )
        parser = self._parser
        now = monotonic()
        version = parser.get_http_version()
        if (
            plain
            and self._free
            and version in VERSIONS
            and self._looks_up < QUEUED
            and self._target.startswith(LOOK_UPS)
        ):
            goes_on = parser.should_keep_alive()
            self._turn.add(self, parser.get_method(), self._target, named, version, now, goes_on)
            self._headers, self._target, self._since = [], b"", 0.0
            self._looks_up += 1
            self._busy, self._free, self._ended = LOOK_UP, goes_on, not goes_on
            return
        self._keep(named, plain, now)

    # Everything else a request can be.

    def _is_within_limits(self) -> bool:
        cfg = self._server.cfg
        return (
            len(self._target) + 32 <= cfg.limit_request_line
            and len(self._headers) <= cfg.limit_request_fields
            and all(len(n) + len(v) + 4 <= cfg.limit_request_field_size for n, v in self._headers)
        )

    def _keep(self, named: dict[bytes, bytes], plain: bool, now: float) -> None:
        """A request for later. Raises gunicorn's errors where no body can be told."""
        parser = self._parser
        request = Request(
            *(parser.get_method(), self._target, parser.get_http_version(), self._headers),
            *(self._peer, self._local),
            last=not parser.should_keep_alive(),
            plain=plain,
            arrived=now,
        )
        # What follows a chunked body is no header of the request: it goes into a list nobody reads.
        self._headers, self._target, self._since, self._overhead = [], b"", 0.0, 0
        self._request = request
        if FRAMING.isdisjoint(named):
            return
        request.message = Message(self._server.cfg, request)
        if request.message.awaits_continue and self._is_idle():
            self._write(CONTINUE)
        self._replays = parser.should_upgrade() and request.method != b"CONNECT"
        spooling = self._server.spooling
        if spooling is not None and spooling.wants(request.method, request.target, named):
            request.spooling = Spooled.WANTED

    def on_message_complete(self) -> None:
        """The request is whole."""
        request = self._request
        if request is None or self._replays:
            return
        self._request, self._headers, self._since, self._overhead = None, [], 0.0, 0
        self._take(request)

    def _stay(self, data: bytes, offset: int) -> None:
        """The parser stopped for an upgrade. We stay with HTTP/1.1: what follows is a request.

        It took a request with a body for one without; another parser is told of the body alone.
        """
        rest = memoryview(data)[offset:]
        if self._replays and self._request is not None:
            self._replays, self._request.last = False, True
            self._feed = HttpRequestParser(_Body(self)).feed_data
            name = b"content-length"
            framing = dict(self._request.headers).get(name)
            line = b"transfer-encoding: chunked" if framing is None else name + b": " + framing
            self._feed(b"POST / HTTP/1.1\r\n" + line + b"\r\n\r\n")
        while rest and not self._deaf:
            try:
                self._feed(rest)
                return
            except HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            except HttpParserError as error:
                self._misread(error, data)
                return

    def _misread(self, error: HttpParserError, data: bytes) -> None:
        """The parser refuses what came, or one of our methods did."""
        if self._deaf or self._ended:
            return  # what follows the last request is nobody's
        cause = error.__context__ if isinstance(error, HttpParserCallbackError) else error
        self._refuse(refusals.answer(cause or error, data, self._server.log))

    def _wait(self, size: int) -> None:
        """Part of a request is there: bound how long it may take, and how much be no body."""
        now, request = monotonic(), self._request
        patience, limit = self._server.patience, self._server.cfg.limit_request_line
        if self._since:
            self._overhead += size
        else:  # its first piece, which may have held other requests as well
            self._since, self._overhead = now, 0
        if request is None:
            deadline = self._since + patience.head
            if len(self._target) > limit > 0:
                self._refuse(refusals.target_too_long())
                return
            if self._overhead > HEAD_BYTES:
                self._refuse(refusals.head_too_long())
                return
        else:
            whole = patience.file if request.spool else patience.body
            deadline = min(now + patience.piece, self._since + whole)
            if request.spooling is Spooled.WANTED and self._is_idle():
                self._ask_to_spool(request)
            if self._overhead > HEAD_BYTES + 8 * request.size:  # chunks of next to nothing
                self._refuse(refusals.broken())
                return
        if self._busy is None and not self._blocked:
            self.deadline = deadline


class _Body:
    """Hears of a body and of nothing else."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete
