"""What all connections of a worker share: the app, the limits, the time, who is connected."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from gunicorn import SERVER
from gunicorn.util import http_date

from tem.http.web import DRAIN_BYTES
from tem_verifier.serving import environ
from tem_verifier.serving.outflow import Outflow
from tem_verifier.serving.request import Request
from tem_verifier.serving.shedding import Tally
from tem_verifier.serving.threads import Threads
from tem_verifier.serving.turn import Turn
from tem_verifier.streaming.spooling import Spooling

if TYPE_CHECKING:
    from tem_verifier.serving.client import Client
    from tem_verifier.serving.exchange import Exchange
    from tem_verifier.serving.receiving import Receiving

# gunicorn would hold 800 kB of headers a connection; with 10,000 of them that is 8 GB.
HEAD_BYTES = 64 * 1024
BODY_BYTES = 1024 * 1024  # of an app that sets neither LARGEST_BODY nor MAX_CONTENT_LENGTH
PARKED_SECONDS = 0.02
AWAY_SECONDS = 0.25  # until a client that is sent away is told so
HEALTH_THREADS = 4
# For requests with a body, which are many codes at once: each check of a signature lets go of the
# lock that Python's threads share; of many such threads the event loop would hardly get it back.
BODY_THREADS = 2
# Files of codes are answered behind everything else.
STREAM_THREADS = 1


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a client may take: from its first byte to the end of a head; between two pieces
    of a body, and for all of it; for one that goes into a file; to read an answer; to read the
    last one before the end."""

    head: float = 10.0
    piece: float = 10.0
    body: float = 30.0
    file: float = 300.0
    reading: float = 30.0
    linger: float = 2.0


@dataclass(frozen=True, slots=True)
class Room:
    """What there is room for, of all connections together: bytes of bodies; files of codes, from
    their first piece to the last of the answer, and those that came with one key; look-ups that
    wait for their turn, or for the record; connections more than there may be, who are told so
    (further ones are cut off)."""

    bodies: int = 64 * 1024 * 1024
    files: int = 16
    files_each: int = 4
    look_ups: int = 20_000
    parked: int = 10_000
    crowd: int = 500


PATIENCE, ROOM = Patience(), Room()


class Server:
    """One worker's. ``app`` is any WSGI app; one with ``front`` and ``flask`` is asked directly."""

    def __init__(
        self,
        app: Any,
        cfg: Any,
        log: Any,
        loop: asyncio.AbstractEventLoop,
        patience: Patience = PATIENCE,
        room: Room = ROOM,
    ) -> None:
        self.cfg, self.log, self.loop = cfg, log, loop
        self.patience, self.room = patience, room
        front = getattr(app, "front", None)
        self.answer = front.answer if front is not None else None
        # What the front declined it would only decline again.
        self.app = app.flask if front is not None else app
        config = getattr(self.app, "config", {})
        self.body_bytes = int(
            config.get("LARGEST_BODY") or config.get("MAX_CONTENT_LENGTH") or BODY_BYTES
        )
        self.drained_bytes = self.body_bytes + DRAIN_BYTES
        self.spooling: Spooling | None = config.get("SPOOLING")
        self.keepalive = float(cfg.keepalive)
        self.most_connections = int(cfg.worker_connections)
        self.turn, self.shed = Turn(loop, self.answer, room.look_ups), Tally()
        self.connections: set[Client] = set()
        self.held = 0  # bytes of bodies in memory
        self.spooling_for: Counter[str] = Counter()  # bodies in files, by whose key they came
        self.last = cfg.keepalive == 0  # whether each answer is the last of its connection
        self._threads = Threads(cfg.threads, "app")
        self._health = Threads(HEALTH_THREADS, "health")
        self._bodies = Threads(BODY_THREADS, "bodies")
        self._streams = Threads(STREAM_THREADS, "streams")
        self._parked: list[tuple[Exchange, Request]] = []
        self._sent_away: deque[tuple[float, Exchange, Request]] = deque()
        self.tell_time()

    @property
    def spools(self) -> int:
        """Bodies in files."""
        return self.spooling_for.total()

    def tell_time(self) -> None:
        """The lines that every answer ends its head with; made once a second."""
        lines = f"Server: {SERVER}\r\nDate: {http_date(time())}\r\nConnection: "
        self.goes_on = f"{lines}keep-alive\r\n\r\n".encode()
        self.ends = f"{lines}close\r\n\r\n".encode()

    def sweep(self) -> None:
        """What is to be done once a second: deadlines, the time, numbers."""
        self.tell_time()
        self.shed.write_down()
        now = monotonic()
        for connection in [one for one in self.connections if one.deadline < now]:
            connection.expire()

    def is_full(self, coming: int) -> bool:
        """Whether nobody more is let in, not even to be told so; ``coming`` are those whose TLS
        handshake is under way."""
        full = len(self.connections) + coming >= self.most_connections + self.room.crowd
        if full:
            self.shed.add("connection")
        return full

    def run(self, connection: "Exchange", request: Request) -> bool:
        """Let a thread answer, which tells the connection; False if too many wait for one."""
        pool = self._pool_for(request)
        last = self.last

        def work() -> None:
            self._tell(done, environ.answer(self.app, self.cfg, self.log, request, last))

        def done(answer: "tuple[bytes, bool] | Outflow") -> None:
            pool.ended()
            if isinstance(answer, Outflow):
                connection.begin_flow(answer)
            else:
                connection.answered(request, *answer)

        return pool.begin(work)

    def _tell(self, done: Callable[..., None], *found: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the worker has ended meanwhile
            self.loop.call_soon_threadsafe(done, *found)

    def flow(self, connection: "Exchange", outflow: Outflow) -> bool:
        """Let a thread make the next piece of an answer, which tells the connection; False if too
        many wait for one."""
        pool = self._streams

        def work() -> None:
            try:
                self._tell(done, *outflow.step())
            except Exception:
                self.log.exception("An answer broke off")
                self._tell(done, b"", None, True)

        def done(piece: bytes, later: float | None, broken: bool = False) -> None:
            pool.ended()
            connection.flowed(piece, later, broken=broken)

        return pool.begin(work)

    def ask_to_spool(self, connection: "Receiving", request: Request) -> bool:
        """Let a thread see whose body it is that wants to go into a file, and tell the connection;
        False if too many wait for one."""
        spooling, pool = self.spooling, self._bodies
        assert spooling is not None
        sent = dict(request.headers).get(b"authorization", b"").decode("latin-1")

        def work() -> None:
            holder = None
            try:
                holder = spooling.holder(sent)
            except Exception as error:  # the app will say so in its own words
                self.log.error("A key could not be looked up: %s", type(error).__name__)
            self._tell(done, holder)

        def done(holder: str | None) -> None:
            pool.ended()
            connection.may_spool(request, holder)

        return pool.begin(work)

    def _pool_for(self, request: Request) -> Threads:
        if request.asks_for_health:
            return self._health
        return self._bodies if request.size else self._threads

    def park(self, connection: "Exchange", request: Request) -> bool:
        """Ask the front again in 20 ms: the record is being read. False if too many wait."""
        if len(self._parked) >= self.room.parked:
            return False
        if not self._parked:
            self.loop.call_later(PARKED_SECONDS, self._ask_again)
        self._parked.append((connection, request))
        return True

    def _ask_again(self) -> None:
        parked, self._parked = self._parked, []
        for connection, request in parked:
            connection.serve(request)

    def send_away(self, connection: "Exchange", request: Request) -> None:
        """Tell a client in a moment to come back: told at once it would ask again at once, and soon
        nothing else would be done. Not reading on after the answer would do the same, but behind a
        proxy the next request is a stranger's."""
        if not self._sent_away:
            self.loop.call_later(AWAY_SECONDS, self._tell_sent_away)
        self._sent_away.append((monotonic() + AWAY_SECONDS, connection, request))

    def _tell_sent_away(self) -> None:
        sent_away = self._sent_away
        while sent_away and sent_away[0][0] <= monotonic():
            _, connection, request = sent_away.popleft()
            connection.sent_away(request)
        if sent_away:
            self.loop.call_later(PARKED_SECONDS, self._tell_sent_away)

    def stop(self) -> None:
        """Nothing new: idle connections end at once, the others with their answer."""
        self.last = True
        for connection in list(self.connections):
            connection.stop()
