"""An answer of 1.5 KB made beforehand: what a server costs when the app costs nothing."""

from collections.abc import Iterable
from typing import Any

BODY = b"x" * 1200
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", str(len(BODY))),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)
HEAD = b"HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in HEADERS).encode()


def plain(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The plainest WSGI app."""
    start_response("200 OK", list(HEADERS))
    return [BODY]


class Front:
    """The same for a worker that asks a front."""

    @staticmethod
    def answer(*asked: object) -> tuple[bytes, bytes]:
        """As tem_verifier.front says."""
        return HEAD, BODY


class Fronted:
    """An app with a front, as the verifier is one."""

    front, flask = Front(), staticmethod(plain)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return plain(environ, start_response)


fronted = Fronted()
