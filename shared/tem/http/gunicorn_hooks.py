"""gunicorn's configuration: workers end with their master, slow senders with their time."""

import contextlib
import gc
import importlib
import json
import secrets
import socket
import ssl
import struct
from http import HTTPStatus
from typing import Any

from gunicorn import glogging
from gunicorn.http import errors

from tem import logs, metrics
from tem.http.request_pace import PacedWorker, TooSlow
from tem.http.tls_context import context_of as ssl_context  # noqa: F401 - a hook, by its name
from tem.process import die_with_parent

READ_SECONDS = 2

# The requests' own lines come from the app, which knows route and actor.
accesslog = None

# We stand behind no proxy that may rename paths: such headers are nobody's to send.
forwarder_headers = ""


# Requests that never reach the app; any other broken one is a 400.
_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.LimitRequestLine, 414, "The address is too long."),
    (errors.LimitRequestHeaders, 431, "The headers are too long, or too many."),
    (errors.ExpectationFailed, 417, "Leave the header Expect out."),
    (TooSlow, 408, "The request did not arrive in time: send it again, all at once."),
    (errors.UnsupportedTransferCoding, 501, "Send the body with Content-Length, or in chunks."),
)
_OUR_FAULT = (
    errors.ConfigurationProblem,
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
)
_BROKEN = (
    "This is no HTTP request as we read it: percent-encode what is not ASCII in the address, "
    "blanks too (curl -G --data-urlencode)."
)


def _module(cfg: Any) -> str:
    """The module of the app that is served: ``tem_issuer.app`` or a sister of it."""
    return str(cfg.default_proc_name).partition(":")[0]


def _service(cfg: Any) -> str:
    """Whose server this is."""
    return _module(cfg).partition(".")[0].removeprefix("tem_")


class JsonLogger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's own messages, in the form of all our lines."""

    def setup(self, cfg: Any) -> None:
        """Master and workers begin here, before anything is said."""
        super().setup(cfg)
        logs.configure(_service(cfg))
        logs.log_crashes()
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter(_service(cfg)))


logger_class = JsonLogger


class ProblemWorker(PacedWorker):
    """A gthread worker that answers what it cannot read as all our errors are answered."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """RFC 9457 in place of a page of HTML; what is not the sender's fault stays as it was."""
        if isinstance(exc, ssl.SSLError):  # no TLS was spoken, or our certificate not believed
            self.log.debug("A client failed at TLS: %s", exc)
            return
        if not isinstance(exc, errors.ParseException) or isinstance(exc, _OUR_FAULT):
            super().handle_error(req, client, addr, exc)
            return
        self.log.debug("Unreadable request: %s", type(exc).__name__)
        with contextlib.suppress(OSError):
            client.sendall(unreadable(exc))


def unreadable(error: Exception) -> bytes:
    """The whole answer to a request that could not be read."""
    found = (one[1:] for one in _STATUS if isinstance(error, one[0]))
    status, detail = next(found, (400, _BROKEN))
    head, body = bare_problem(status, detail)
    return head + b"Connection: close\r\n\r\n" + body


def bare_problem(
    status: int, detail: str, code: str = "", headers: str = "", request_id: str | None = None
) -> tuple[bytes, bytes]:
    """A problem document that no app wrote: its head, without the empty line, and its body.

    ``headers`` are more lines, each ended by CRLF. Without ``code`` it is the status in words.
    """
    phrase = HTTPStatus(status).phrase
    id = secrets.token_hex(8) if request_id is None else request_id
    code = code or phrase.lower().replace(" ", "_").replace("-", "_")
    document = {
        "type": f"urn:tem:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": "",
        "request_id": id,
    }
    body = json.dumps(document, ensure_ascii=False).encode()
    marked = f"X-Request-Id: {id}\r\n" if id else ""
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n{marked}"
        f"Content-Type: application/problem+json\r\nCache-Control: no-store\r\n{headers}"
        f"Content-Length: {len(body)}\r\n"
    )
    return head.encode(), body


def on_starting(server: Any) -> None:
    """The code is read once, before the workers are: they begin sooner, and share its memory.

    Modules only: what they open and start they do in ``create_app``, each worker for itself.
    What the workers of the last start counted is forgotten, as they are.
    """
    if _module(server.cfg).startswith("tem_"):
        importlib.import_module(_module(server.cfg))
    metrics.begin(_service(server.cfg))


def when_ready(server: Any) -> None:
    """A connection that stops in the middle of a request gives its thread back.

    Accepted sockets take this over from the listening one. It is a limit on silence; that on
    slowness is in :mod:`tem.http.request_pace`.
    """
    for listener in server.LISTENERS:
        limit = struct.pack("ll", READ_SECONDS, 0)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def post_worker_init(worker: Any) -> None:
    """A sender that fell silent is no error of ours: it must not fill the log."""
    silent = (BlockingIOError, TimeoutError)
    worker.log.error_log.addFilter(
        lambda record: not (record.exc_info and record.exc_info[0] in silent)
    )


def pre_fork(server: Any, worker: Any) -> None:
    """What lives until now is left alone by the collector, whose marks would unshare its pages."""
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A master killed with -9 leaves no worker behind."""
    die_with_parent(worker.ppid)
    metrics.of_worker(_service(server.cfg))


def child_exit(server: Any, worker: Any) -> None:
    """A worker's gauges no longer count."""
    metrics.forget_worker(worker.pid)
