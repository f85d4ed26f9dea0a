"""Scans in memory: the look-up adds one and goes on; a thread takes them away in parcels."""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice

from prometheus_client import Counter

from tem_verifier.parcels import MOST_SCANS, Parcel
from tem_verifier.stamps_scanned import Scan

# 200,000 stamps a worker, some 40 MB: many minutes of a busy worker with nowhere to put them.
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
        self._open: dict[Scan, int] = {}
        self._parcels: deque[Parcel] = deque()
        self._held = 0  # scans' rows in the parcels

    def add(self, scan: Scan) -> None:
        """Count one scan."""
        with self._lock:
            known = self._open.get(scan)
            if known is None and len(self._open) + self._held >= self._most:
                lost = True
            else:
                self._open[scan] = (known or 0) + 1
                lost = False
        BUFFERED.inc()
        if lost:
            LOST.inc()

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
        """Make parcels of what was added; from here on their content never changes."""
        with self._lock:
            counts, self._open = self._open, {}
            rows = iter(counts.items())
            while part := dict(islice(rows, MOST_SCANS)):
                self._sequence += 1
                self._parcels.append(Parcel(self._writer, self._sequence, made_at, part))
            self._held += len(counts)
