"""HTTP with one deadline for a whole call, whatever the other side does to draw it out.

httpx bounds each read. Against somebody who sends a byte a second, in headers, between chunks or
before the answer proper, only a clock over all reads helps. No connection is kept, so that a
connection is a call.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)


class Transport(httpx.HTTPTransport):
    """httpx's own, each of whose calls ends after ``seconds`` with httpx.TimeoutException."""

    def __init__(self, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(verify=context, trust_env=False, limits=_NONE_KEPT)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_keepalive_connections=0, network_backend=_Network(seconds)
        )


class _Network(httpcore.NetworkBackend):
    """The system's sockets; a deadline begins as one is opened."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._system = seconds, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        until = time.monotonic() + self._seconds
        stream = self._system.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, until)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Stream(stream, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        """Seconds for one step. Raises httpcore.ReadTimeout once the time of the call is over."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole call took too long")
        return left if timeout is None else min(left, timeout)
