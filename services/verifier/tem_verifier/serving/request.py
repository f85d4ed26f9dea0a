"""One request that waits: for its body, for its turn on the connection, for a thread."""

from typing import Any


class Request:
    """What was read of it.

    ``last``: nothing more is read on this connection after it. ``plain``: the front may be asked.
    ``arrived`` is by ``time.monotonic()``.
    """

    __slots__ = (
        "arrived",
        "body",
        "headers",
        "last",
        "local",
        "message",
        "method",
        "peer",
        "plain",
        "size",
        "target",
        "version",
    )

    def __init__(
        self,
        method: bytes,
        target: bytes,
        version: str,
        headers: list[tuple[bytes, bytes]],
        peer: Any,
        local: Any,
        *,
        last: bool,
        plain: bool,
        arrived: float,
    ) -> None:
        self.method, self.target, self.version, self.headers = method, target, version, headers
        self.peer, self.local = peer, local
        self.last, self.plain, self.arrived = last, plain, arrived
        self.message: Any = None  # gunicorn's view of it, where the framing had to be judged
        self.body = bytearray()
        self.size = 0  # bytes of body that were sent, of which `body` keeps no more than is allowed

    @property
    def asks_for_health(self) -> bool:
        """Whether the machine room asks."""
        return self.target in (b"/livez", b"/readyz")
