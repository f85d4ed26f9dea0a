"""An answer that an app makes piece by piece: the next when the last one is written."""

import asyncio
from typing import Any

from tem_verifier.streaming.stream import Stream


class Outflow:
    """One such answer, framed by gunicorn's ``response``, which writes into ``pieces``.

    :meth:`step` is for any thread, one at a time; the rest is the event loop's.
    """

    __slots__ = ("_pieces", "_response", "_stream", "is_running", "timer")

    def __init__(self, stream: Stream, response: Any, pieces: list[bytes]) -> None:
        self._stream, self._response, self._pieces = stream, response, pieces
        self.is_running = False  # whether a thread is at it
        self.timer: asyncio.TimerHandle | None = None  # until it is asked again

    def step(self) -> tuple[bytes, float | None]:
        """What is to be written now, and in how many seconds there is more: None for never.

        Raises what an app may raise.
        """
        found = self._stream.step()
        if isinstance(found, float):
            return b"", found
        if found is None:
            self._response.close()
        else:
            self._response.write(found)
        written = b"".join(self._pieces)
        self._pieces.clear()
        return written, None if found is None else 0.0

    @property
    def ends(self) -> bool:
        """Whether the connection ends with it."""
        return bool(self._response.should_close())
