"""How long a request may take to arrive, all of it, in a worker whose threads wait for senders.

A limit on silence alone lets somebody who sends a byte a second keep a thread for hours, and as
many bytes as there are threads shut a service. What arrives buys time, up to a bound: a photo on a
slow line is let in, a drip is not.
"""

import time
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from gunicorn.util import close_graceful
from gunicorn.workers.gthread import TConn, ThreadWorker

FIRST_SECONDS = 10.0  # for head and body together
BYTES_A_SECOND = 20_000  # that buy a second more each
LONGEST_SECONDS = 60.0
LINGER_SECONDS = 1.0  # for a client to end a connection that has had its last answer


class TooSlow(ParseException):  # type: ignore[misc]
    """A head that did not arrive in its time."""


class PacedReader(SocketUnreader):  # type: ignore[misc]
    """gunicorn's reader of a connection, which gives up on a request that takes too long.

    In a head it raises :class:`TooSlow`, in a body TimeoutError, as a silent sender's does: to the
    app a sender that broke off.
    """

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.begin()

    def begin(self) -> None:
        """A request may come, or go on coming after it was waited for."""
        self._began, self._received, self.in_head = time.monotonic(), 0, True

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What the next read from the socket brings, as gunicorn asks for it."""
        bought = FIRST_SECONDS + self._received / BYTES_A_SECOND
        if time.monotonic() - self._began > min(bought, LONGEST_SECONDS):
            raise TooSlow() if self.in_head else TimeoutError("the request came too slowly")
        piece: bytes = super().chunk(size_hint)
        self._received += len(piece)
        return piece


class PacedWorker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker each of whose requests has its time."""

    def handle(self, conn: Any) -> Any:
        """A request of a connection, in a thread; False if it was the last, and the end waited for.

        gunicorn would wait for it in the one thread that takes new clients: thirty that do not
        hang up would shut the service for a minute.
        """
        conn.init = partial(_begun, conn)  # called where the request is about to be read
        goes_on = super().handle(conn)
        if goes_on is False:
            close_graceful(conn.sock, LINGER_SECONDS)
            conn.close = _is_closed
        return goes_on

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The head is there; what is read from now on is body."""
        conn.parser.unreader.in_head = False
        return super().handle_request(req, conn)


def _is_closed(graceful: bool = False) -> None:
    """There is nothing left to do."""


def _begun(conn: Any) -> None:
    TConn.init(conn)
    reader = conn.parser.unreader
    if isinstance(reader, PacedReader):
        reader.begin()
    else:
        conn.parser.unreader = PacedReader(conn.sock)
