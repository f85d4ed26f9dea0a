"""Receivers of webhooks as a chain would write one: an HTTP server on loopback."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The message."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed(self, secret: str) -> bool:
        """Whether one of its signatures is by this secret, after the specification's own words."""
        named = (self.headers["webhook-id"], self.headers["webhook-timestamp"])
        signed = b".".join([*(one.encode() for one in named), self.body])
        key = base64.b64decode(secret.partition("_")[2])
        right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return f"v1,{right}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Keeps what it is sent and answers with ``status``, or what ``answer`` gives."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.status, self.headers = 204, dict[str, str]()
        self.before_answer: Callable[[], object] = lambda: None
        outer = self

        class Asked(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                named = {name.lower(): value for name, value in self.headers.items()}
                outer.received.append(Received(self.path, named, body))
                outer.before_answer()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tem?shop=1"
        run = {"poll_interval": 0.02}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs=run, daemon=True)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
