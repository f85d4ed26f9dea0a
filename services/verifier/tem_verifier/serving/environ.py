"""What a WSGI app is given and gives back: a request as gunicorn's other workers show it.

The parser in front (httptools) is strict, gunicorn's own rules are stricter: what is read here
passes both, so this worker refuses what gthread refuses, by the same code.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from gunicorn.http import errors, wsgi
from gunicorn.http.message import Request as GunicornRequest
from gunicorn.http.unreader import IterUnreader

from tem.http.gunicorn_hooks import bare_problem, unreadable
from tem_verifier.serving.outflow import Outflow
from tem_verifier.serving.request import Request
from tem_verifier.streaming.stream import Stream

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_CRASHED = "This is our fault and has been logged."


class Message(GunicornRequest):  # type: ignore[misc]
    """A request read by httptools, held against gunicorn's rules.

    Raises gunicorn's ``ParseException``\\ s for what it refuses.
    """

    def __init__(self, cfg: Any, read: Request) -> None:
        self._read = read
        super().__init__(cfg, IterUnreader(iter(())), read.peer)

    def parse(self, unreader: Any) -> bytes:
        """Called by gunicorn's constructor, which then looks at the framing."""
        read = self._read
        line = b"%b %b HTTP/%b" % (read.method, read.target, read.version.encode())
        if len(line) > self.limit_request_line > 0:
            raise errors.LimitRequestLine(len(line), self.limit_request_line)
        self.parse_request_line(line)
        if read.headers:
            lines = b"\r\n".join([b"%b: %b" % header for header in read.headers])
            self.headers = self.parse_headers(lines)
        return b""

    def set_body_reader(self) -> None:
        """Called by the constructor too. gunicorn takes ``gzip, chunked`` and unpacks nothing."""
        super().set_body_reader()
        for name, value in self.headers:
            if name == "TRANSFER-ENCODING" and value.strip(" \t").lower() != "chunked":
                raise errors.UnsupportedTransferCoding(value)

    @property
    def awaits_continue(self) -> bool:
        """Whether the sender keeps its body back until it is told to go on."""
        return bool(self._expected_100_continue)


class _Collected(list[bytes]):
    """Where gunicorn's response writes to: the pieces of an answer."""

    sendall = list.append


def answer(
    app: Wsgi, cfg: Any, log: Any, request: Request, closing: bool
) -> tuple[bytes, bool] | Outflow:
    """The whole answer of an app, and whether the connection ends with it; or an answer that is
    yet to be made. Raises nothing."""
    try:
        return _answer(app, cfg, request, closing)
    except errors.ParseException as error:
        return unreadable(error), True
    except Exception:
        log.exception("The app raised")
        head, body = bare_problem(500, _CRASHED, "internal_error")
        return head + b"Connection: close\r\n\r\n" + body, True


def _answer(app: Wsgi, cfg: Any, request: Request, closing: bool) -> tuple[bytes, bool] | Outflow:
    message = request.message or Message(cfg, request)
    message._expected_100_continue = False  # it has been told
    message.body = _body_of(request)
    pieces = _Collected()
    response, environ = wsgi.create(message, pieces, request.peer, request.local, cfg)
    environ["wsgi.multithread"] = True
    if environ.pop("HTTP_TRANSFER_ENCODING", None):  # no more: it is all here, and counted
        environ["CONTENT_LENGTH"] = str(request.size)
    if closing or request.last:
        response.force_close()
    given = app(environ, response.start_response)
    if isinstance(given, Stream):
        return Outflow(given, response, pieces)
    try:
        for piece in given:
            response.write(piece)
        response.close()
    finally:
        if (close := getattr(given, "close", None)) is not None:
            close()
    return b"".join(pieces), response.should_close()


def _body_of(request: Request) -> BinaryIO:
    if request.spool is None:
        return io.BytesIO(request.body)
    request.spool.file.seek(0)
    return request.spool.file
