"""The look-ups of one turn of the event loop, answered together when all that arrived is read.

One after the other would go from the kernel to our code and back with each: the processor knows its
way through the code better in one go, and a client that is woken by the first answer finds the
others without being woken again.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tem_verifier.serving.exchange import Exchange

TURN_SECONDS = 0.1  # of one turn of the loop; who comes later in it is sent away
TOO_LATE = "too late"
LookUp = tuple["Exchange", bytes, bytes, list[tuple[bytes, bytes]], str, float, bool]


class Turn:
    """One turn of the event loop: everything that had arrived when it last looked."""

    __slots__ = ("_answer", "_loop", "began", "look_ups")

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[..., Any] | None) -> None:
        """``answer`` is the front's, if there is one."""
        self._loop, self._answer = loop, answer
        self.began = 0.0  # by monotonic(); 0 between turns
        # Connection, method, target, headers, version, arrival, and whether the connection goes on.
        self.look_ups: list[LookUp] = []

    def begin(self) -> None:
        """The first piece of this turn is there."""
        self.began = monotonic()
        self._loop.call_soon(self._end)

    def _end(self) -> None:
        look_ups, self.look_ups = self.look_ups, []
        answer, too_late = self._answer, self.began + TURN_SECONDS
        assert answer is not None or not look_ups
        found: list[Any] = []
        for connection, method, target, headers, _, arrived, _ in look_ups:
            if monotonic() > too_late:
                found.append(TOO_LATE)
                continue
            try:
                found.append(answer(method, target, headers, connection.host, arrived))  # type: ignore[misc]
            except Exception as error:  # one of our own faults must not end the others' turn
                found.append(error)
        self.began = 0.0
        for one, told in zip(look_ups, found, strict=True):
            one[0].end_look_up(one, told)
