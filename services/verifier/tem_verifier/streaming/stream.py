"""A file of codes being answered: step by step, for whoever writes the answer as it is read."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from tem.errors import TemError
from tem.logs import log
from tem_verifier.streaming.lines import LINE_BYTES, Line, Read, Wrong
from tem_verifier.streaming.rows import Form

MOST_LINES = 100_000
LINES_A_STEP = 100  # some ten milliseconds of a thread, some hundred kilobytes of answer
_READ_BYTES = LINE_BYTES + 3  # with its end a line is no longer
_SKIPPED_BYTES = 65536


class Stream:
    """The answer to a file, as :meth:`step` makes it; an iterable for servers that know no steps.

    Memory holds one step of it. Not for two threads at a time.
    """

    def __init__(
        self,
        file: BinaryIO,
        form: Form,
        told: Callable[[Sequence[str]], list[bytes]],
        wait: Callable[[int], float],
        *,
        read: int = 0,
        at_once: int = LINES_A_STEP,
    ) -> None:
        """``told`` answers codes. ``wait`` charges so many lines, or says how many seconds to wait
        and ask again. ``read`` lines of the file are read already; ``at_once`` are answered in a
        step."""
        self._file, self._form, self._told, self._wait = file, form, told, wait
        self._number, self._at_once, self._last = read, at_once, read + MOST_LINES
        self._head = form.head
        self._lines: list[Read] = []  # which are not charged yet
        self._answered = 0
        self._is_over = False

    def step(self) -> bytes | float | None:
        """The next piece of the answer, or seconds to wait for it; None after the last."""
        if self._is_over:
            return None
        try:
            return self._step()
        except TemError as error:
            return self._end(error.code)
        except Exception as error:
            log.error("stream_broken", error=type(error).__name__)
            return self._end("temporarily_unavailable")

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self.step()) is not None:
            if isinstance(piece, bytes):
                yield piece
            else:
                time.sleep(piece)

    def _step(self) -> bytes | float:
        if not self._lines:
            self._lines = self._read()
        if not self._lines:
            return self._end(None)
        if self._number > self._last:
            return self._end("too_many_lines")
        seconds = self._wait(len(self._lines))
        if seconds > 0:
            return seconds
        lines, self._lines = self._lines, []
        return self._begun() + b"".join(self._rows(lines))

    def _read(self) -> list[Read]:
        found: list[Read] = []
        most = max(1, min(self._at_once, self._last - self._number))
        while len(found) < most and (raw := self._file.readline(_READ_BYTES)):
            self._number += 1
            if len(raw) == _READ_BYTES and not raw.endswith(b"\n"):
                self._skip_line()
            found.append(self._form.read(self._number, raw))
        return found

    def _skip_line(self) -> None:
        """Of a line that is too long nothing more is kept."""
        while (raw := self._file.readline(_SKIPPED_BYTES)) and not raw.endswith(b"\n"):
            pass

    def _rows(self, lines: Sequence[Read]) -> Iterator[bytes]:
        answers = iter(self._told([line.code for line in lines if isinstance(line, Line)]))
        for line in lines:
            if line is None:
                continue
            self._answered += 1
            if isinstance(line, Wrong):
                yield self._form.wrong(line)
            else:
                yield self._form.row(line, next(answers))

    def _begun(self) -> bytes:
        head, self._head = self._head, b""
        return head

    def _end(self, fault: str | None) -> bytes:
        self._is_over, self._lines = True, []
        return self._begun() + self._form.end(self._answered, fault)
