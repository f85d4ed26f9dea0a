"""The list of stamps that show signs of being copied, a page at a time, newest batches first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from tem.vocabulary import StampState
from tem_verifier.copies import canaries, detector, evidence
from tem_verifier.copies.canaries import Shown
from tem_verifier.copies.trace import Evidence, Sign, Suspicion, TillEvent, Trace
from tem_verifier.stamp_set import Stamp

# Stamps looked through in one call; most were only brought back.
MOST_EXAMINED, AT_ONCE = 5_000, 400
CANARY = 1_000  # nothing innocent shows a code that was never printed

# Its state, and when its lot was made; None for what is not known.
Known = Callable[[int, int], tuple[StampState | None, date | None]]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A stamp and what speaks for copies; ``events`` are what tills told of it."""

    batch: int
    index: int
    suspicion: Suspicion
    events: list[TillEvent]


class SuspectPage(NamedTuple):
    """Some of them, and below which stamp to go on; None at the end."""

    items: list[Suspect]
    after: Stamp | None


def page(
    connection: Connection, known: Known, after: Stamp | None, limit: int, chain: str | None
) -> SuspectPage:
    """At most ``limit`` suspect stamps below ``after``; with a ``chain`` those it had to do with.

    After :data:`MOST_EXAMINED` stamps it is left to the next call to go on: a page may be short,
    or empty, and not the last.
    """
    items: list[Suspect] = []
    for examined, (stamp, events, found) in enumerate(
        _all(connection, known, after, chain), start=1
    ):
        if found is not None and detector.is_alarm(found):
            items.append(Suspect(*stamp, found, events))
        if len(items) == limit or examined == MOST_EXAMINED:
            return SuspectPage(items, stamp)
    return SuspectPage(items, None)


def _all(
    connection: Connection, known: Known, after: Stamp | None, chain: str | None
) -> Iterator[tuple[Stamp, list[TillEvent], Suspicion | None]]:
    """Every stamp of which tills told more than a sale, below one, judged; and canaries."""
    while stamps := evidence.candidates(connection, after, AT_ONCE, chain):
        told = evidence.events(connection, stamps)
        scans = evidence.scans(connection, stamps)
        shown = canaries.looked_up(connection, stamps) if chain is None else {}
        for stamp in stamps:
            events = told.get(stamp, [])
            if stamp in shown:
                yield stamp, events, _of_canary(shown[stamp])
            else:
                trace = Trace(events, scans.get(stamp, ()), *known(*stamp))
                yield stamp, events, detector.judge(trace)
        after = stamps[-1]


def _of_canary(shown: Shown) -> Suspicion:
    told = Evidence(Sign.CANARY, CANARY, {"times": shown.times})
    return Suspicion(CANARY, (told,), shown.since, shown.last_at)
