"""The look-ups of one turn of the event loop, read first and answered together, a batch at a time.

One after the other would go from the kernel to our code and back with each: the processor knows its
way through the code better in one go, and a client that is woken by the first answer finds the
others without being woken again. A batch is small, for what is read must be in the processor's
cache still when it is answered.

When more arrives than a turn can answer, look-ups wait in the order of their arrival, and the loop
goes on. Who has waited too long is sent away then and not before: asking again at once gains nobody
a place, so that sending away never takes the time of answering.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tem_verifier.serving.exchange import Exchange

BATCH = 64
TURN_SECONDS = 0.1  # of answering; health, threads and new clients have their turn in between
WAIT_SECONDS = 0.5  # from arrival to an answer; who would wait longer is sent away
TOO_LATE = "too late"
Named = dict[bytes, bytes]  # headers by their names in lower case, in order
LookUp = tuple["Exchange", bytes, bytes, Named, str, float, bool]


class Turn:
    """What has arrived and is not answered yet, and the time of the loop that it may take."""

    __slots__ = ("_answer", "_ends", "_loop", "_room", "begun", "waiting")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, answer: Callable[..., Any] | None, room: int
    ) -> None:
        """``answer`` is the front's, if there is one; of more than ``room`` look-ups only what is
        needed to send them away is kept."""
        self._loop, self._answer, self._room = loop, answer, room
        self.begun = False  # whether an end of the turn is coming
        self._ends = 0.0
        self.waiting: deque[LookUp] = deque()

    def begin(self) -> None:
        """The first piece of this turn is there."""
        self.begun, self._ends = True, monotonic() + TURN_SECONDS
        self._loop.call_soon(self._end)

    def add(
        self,
        connection: "Exchange",
        method: bytes,
        target: bytes,
        named: Named,
        version: str,
        arrived: float,
        goes_on: bool,
    ) -> None:
        """A look-up, by :func:`time.monotonic`; ``goes_on``: others may follow it."""
        if len(self.waiting) >= self._room:
            named, arrived = {}, -inf
        self.waiting.append((connection, method, target, named, version, arrived, goes_on))

    def relieve(self) -> None:
        """A batch or more waits while others are being read: answer one, if there is time."""
        if monotonic() < self._ends:
            self._answer_some()

    def _end(self) -> None:
        """Everything that had arrived is read."""
        while self.waiting:
            self._answer_some()
            if monotonic() >= self._ends:
                break
        self.begun = False
        if self.waiting:
            self.begin()

    def _answer_some(self) -> None:
        answer, waiting, told = self._answer, self.waiting, list[tuple[LookUp, Any]]()
        now, ends = monotonic(), self._ends
        while waiting and len(told) < BATCH:
            one = waiting.popleft()
            connection, method, target, named, _, arrived, _ = one
            found: Any = TOO_LATE
            if now - arrived <= WAIT_SECONDS:
                try:
                    found = answer(method, target, named, connection.host, arrived)  # type: ignore[misc]
                except Exception as error:  # one of our own faults must not end the others' turn
                    found = error
            told.append((one, found))
            now = monotonic()
            if now >= ends:
                break
        for one, found in told:
            one[0].end_look_up(one, found)
