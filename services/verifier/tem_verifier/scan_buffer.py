"""Scans in memory: the look-up adds one and goes on; a thread takes them away in parcels."""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice

from prometheus_client import Counter

from tem_verifier.parcels import MOST_ORIGINS, MOST_SCANS, Parcel
from tem_verifier.stamps_scanned import Scan

# 200,000 stamps a worker, some 60 MB: many minutes of a busy worker with nowhere to put them.
MOST_WAITING = 200_000
MOST_OFFERED = 40  # parcels at once

BUFFERED = Counter("tem_verifier_scans_buffered", "Scans counted in memory")
FLUSHED = Counter("tem_verifier_scans_flushed", "Scans handed over to Valkey or the database")
LOST = Counter("tem_verifier_scans_lost", "Scans dropped: no room, or nothing we could read")


class ScanBuffer:
    """Bounded. ``add`` never waits for anything but a short lock; what finds no room is counted."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most, self._writer, self._sequence = most, secrets.token_hex(16), 0
        self._lock, self._shipping = threading.Lock(), threading.Lock()
        self._open: dict[tuple[int, int, int], int] = {}
        self._origins: dict[tuple[int, int, int], list[int]] = {}
        self._parcels: deque[Parcel] = deque()  # theirs who ship
        self._held = 0  # scans' rows in the parcels

    def add(self, scan: tuple[int, int, int], origin: int | None = None) -> None:
        """Count one scan – batch, index, day – and the bucket it came from, if that is known."""
        with self._lock:
            known = self._open.get(scan)
            if known is None and len(self._open) + self._held >= self._most:
                lost = True
            else:
                lost = False
                self._open[scan] = (known or 0) + 1
                if origin is not None:
                    self._note(scan, origin)
        if lost:
            BUFFERED.inc()
            LOST.inc()

    def _note(self, scan: tuple[int, int, int], origin: int) -> None:
        origins = self._origins.get(scan)
        if origins is None:
            self._origins[scan] = [origin]
        elif origin not in origins and len(origins) < MOST_ORIGINS:
            origins.append(origin)

    def ship(self, now: float, take: Callable[[list[Parcel]], bool]) -> int:
        """Offer what waits, oldest first, until ``take`` says no; how many scans it took.

        ``take`` may have worked although it said no or raised: the parcels are offered again
        under their own names. ``now`` is in seconds since 1970.
        """
        with self._shipping:
            self._wrap(int(now))
            shipped = 0
            while offered := list(islice(self._parcels, MOST_OFFERED)):
                if not take(offered):
                    break
                with self._lock:
                    for parcel in offered:
                        self._parcels.popleft()
                        self._held -= len(parcel.counts)
                shipped += sum(parcel.total for parcel in offered)
            FLUSHED.inc(shipped)
        return shipped

    def _wrap(self, made_at: int) -> None:
        """Make parcels of what was added; from here on their content never changes.

        The lock is held for the exchange alone: however much it is, a look-up does not wait.
        """
        with self._lock:
            counts, self._open = self._open, {}
            origins, self._origins = self._origins, {}
            self._held += len(counts)
        BUFFERED.inc(sum(counts.values()))
        rows = iter(counts.items())
        while part := {Scan(*scan): count for scan, count in islice(rows, MOST_SCANS)}:
            known = {scan: tuple(origins[scan]) for scan in part if scan in origins}
            self._sequence += 1
            self._parcels.append(Parcel(self._writer, self._sequence, made_at, part, known))
