"""One request that waits: for its body, for its turn on the connection, for a thread."""

from enum import Enum
from typing import Any

from tem_verifier.streaming.spooling import Spool


class Spooled(Enum):
    """Whether a body goes into a file: not, if it does not come in one piece, if its sender may."""

    NOT = "not"
    WANTED = "wanted"
    ASKED = "asked"


class Request:
    """What was read of it.

    ``last``: nothing more is read on this connection after it. ``plain``: the front may be asked.
    ``arrived`` is by ``time.monotonic()``.
    """

    __slots__ = (
        "arrived",
        "body",
        "headers",
        "holder",
        "last",
        "local",
        "message",
        "method",
        "peer",
        "plain",
        "size",
        "spool",
        "spooling",
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
        self.spooling = Spooled.NOT
        self.spool: Spool | None = None  # what holds the body in place of `body`
        self.holder = ""  # of the key that it came with, where there is a spool

    @property
    def asks_for_health(self) -> bool:
        """Whether the machine room asks."""
        return self.target in (b"/livez", b"/readyz")
