"""What gunicorn's workers speak TLS with: ``--certfile`` and ``--keyfile`` switch it on.

gunicorn reads the files anew for each client, and waits for one for ever. Both are mended here.
"""

import ssl
from collections.abc import Callable
from math import inf
from typing import Any

# From a client that has the right to be slow: a phone with a bad signal.
TLS_SECONDS = 5.0
LAST_SECONDS = 0.05
_made: dict[tuple[str, str], ssl.SSLContext] = {}


class PatientSocket(ssl.SSLSocket):
    """One that blocks for :data:`TLS_SECONDS` and no longer: then ``TimeoutError``.

    The limit that our listening sockets hand down (SO_RCVTIMEO) does not reach a client's thread
    under TLS, for there Python itself asks again and again.
    """

    _longest = inf  # seconds of waiting that are left to it

    def setblocking(self, flag: bool) -> None:
        """As gunicorn calls it: True before it reads, False before it waits for a request."""
        self.settimeout(TLS_SECONDS if flag else 0.0)

    def settimeout(self, value: float | None) -> None:
        """Never longer than it may still wait."""
        super().settimeout(value if value is None else min(value, self._longest))

    def do_handshake(self, block: bool = False) -> None:
        """The whole handshake within the time. Raises TimeoutError."""
        self.setblocking(True)
        try:
            super().do_handshake(block)
        except TimeoutError:
            self._longest = 0.0
            raise

    def shutdown(self, how: int) -> None:
        """Before the end. gunicorn then waits for the client's own for two seconds, in the one
        thread that takes new clients: a moment must do, and none for who never spoke."""
        self._longest = min(self._longest, LAST_SECONDS)
        super().shutdown(how)


def context_of(config: Any, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The context of a process, made once: at least TLS 1.2, and HTTP/1.1 for who asks what is
    spoken. Raises OSError or ssl.SSLError where certificate or key cannot be read."""
    files = (str(config.certfile), str(config.keyfile))
    if files not in _made:
        context = default()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.sslsocket_class = PatientSocket
        _made[files] = context
    return _made[files]
