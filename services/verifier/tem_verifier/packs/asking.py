"""A pack's file asked by a till: what it has seen before, and by what time it answers."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from tem.clock import Clock
from tem.dates import rfc3339
from tem.errors import Invalid
from tem.pack.canonical import instant
from tem.pack.reader import Pack
from tem_verifier.packs import seen
from tem_verifier.packs.seen import Seen

# Exit statuses of every command that asks a pack; of many codes the highest counts.
STATUS = {"allow": 0, "ask": 3, "stop": 4}
REFUSED = 5

# A clock so far behind is wrong, and not only a little slow; as often the latest one is written.
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """The time to answer by, and the pack's age; None where the clock is certainly wrong."""

    now: datetime
    age: timedelta | None


def moment(clock: datetime, as_of: datetime, latest: datetime) -> Moment:
    """Time does not go back: not behind what a pack knows, nor behind a clock seen before."""
    known = max(as_of, latest)
    now = max(clock, known)
    return Moment(now, None if clock < known - HOUR else now - as_of)


class Asked:
    """A pack that was opened out of its file. ``at`` is a clock that was moved: it is not
    remembered, nor held against the one before. ``warn`` says what could not be kept."""

    def __init__(
        self,
        pack: Pack,
        file: Path,
        *,
        clock: Clock,
        at: datetime | None,
        warn: Callable[[str], Any],
    ) -> None:
        self.pack, self._file, self._clock, self._at, self._warn = pack, file, clock, at, warn
        self._as_of = self._latest = instant(pack.header.as_of)
        kept = seen.read(file)
        self._kept = kept if kept.sequence == pack.header.sequence else Seen()
        if self._kept.clock and at is None:
            self._latest = instant(self._kept.clock)
        self.moment()  # accepted: remembered at once

    def answers(self, codes: Iterable[str]) -> Iterator[tuple[dict[str, Any], Moment]]:
        """The answer to each code when it comes. Raises PackRefused once the pack is too old."""
        for code in codes:
            found = self.moment()
            yield self.pack.answer(code, found.now), found

    def moment(self) -> Moment:
        """By what time the next code is answered."""
        clock = self._clock() if self._at is None else self._at
        found = moment(clock, self._as_of, self._latest)
        if self._at is None:
            self._latest = found.now
        self._keep(Seen(self.pack.header.sequence, rfc3339(self._latest) if not self._at else ""))
        return found

    def _keep(self, found: Seen) -> None:
        if found <= self._kept:
            return
        young = self._kept.clock and instant(found.clock) < instant(self._kept.clock) + HOUR
        if found.sequence == self._kept.sequence and young:
            return
        self._kept = found
        try:
            seen.keep(self._file, found)
        except (OSError, Invalid) as error:
            self._warn(f"Cannot remember that pack {found.sequence} was seen: {error}")

    def known(self, found: Moment) -> dict[str, Any]:
        """What an answer says of its pack."""
        header = self.pack.header
        return {
            "sequence": header.sequence,
            "base": self.pack.base,
            "valid_until": header.valid_until,
            "age_seconds": None if found.age is None else int(found.age.total_seconds()),
            "clock_is_wrong": found.age is None,
        }


def scanned(lines: TextIO) -> Iterator[str]:
    """The codes of a scanner, one a line; bytes that are no text are no code."""
    if isinstance(lines, io.TextIOWrapper):
        lines.reconfigure(encoding="utf-8", errors="replace")
    return (line.rstrip("\r\n") for line in lines)
