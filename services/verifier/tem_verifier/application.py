"""The verifier for WSGI servers: the front first, then Flask.

Our own worker (:mod:`tem_verifier.serving`) asks the front itself, on its event loop.
"""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from tem_verifier.front import ODD, Front, Later

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application:
    """A WSGI callable over both. ``front`` is for one thread at a time, so they take turns."""

    def __init__(self, flask: Flask, front: Front) -> None:
        self.flask, self.front = flask, front
        self._turn = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """One request."""
        found = None
        if not environ["QUERY_STRING"] and environ["PATH_INFO"].startswith("/s/"):
            method, target, named, peer = _request(environ)
            if ODD.isdisjoint(named):
                with self._turn:
                    found = self.front.answer(method, target, named, peer, time.monotonic())
        if found is None or isinstance(found, Later):
            return self.flask(environ, start_response)
        head, body = found
        status, *lines = head.decode("latin-1").removesuffix("\r\n").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        start_response(status.removeprefix("HTTP/1.1 "), headers)
        return [body]


def _request(environ: "WSGIEnvironment") -> tuple[bytes, bytes, dict[bytes, bytes], str]:
    """Method, target, headers and peer, as the front takes them; a server of WSGI has joined what
    was sent twice."""
    named = {
        name[5:].lower().replace("_", "-").encode("latin-1"): value.encode("latin-1")
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_LENGTH"):
        named[b"content-length"] = environ["CONTENT_LENGTH"].encode("latin-1")
    target = environ.get("RAW_URI") or environ["PATH_INFO"]
    return (
        environ["REQUEST_METHOD"].encode("latin-1"),
        target.encode("latin-1"),
        named,
        environ.get("REMOTE_ADDR", ""),
    )
