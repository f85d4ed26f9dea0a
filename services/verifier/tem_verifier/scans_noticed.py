"""Stamps whose scans are worth the office's look: not activated, void or withdrawn and yet looked
at, or looked at often. What is told is evidence in numbers, never a judgement on goods."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from tem.vocabulary import Noticed, StampState
from tem_verifier.stamp_set import Stamp

BY_STATE: Mapping[StampState | None, Noticed] = MappingProxyType(
    {
        StampState.ISSUED: Noticed.SCANNED_NOT_ACTIVATED,
        StampState.DELIVERED: Noticed.SCANNED_NOT_ACTIVATED,
        StampState.VOID: Noticed.SCANNED_VOID,
        StampState.REVOKED: Noticed.SCANNED_REVOKED,
    }
)
# Stamps looked through in one call: nearly all that people look at are activated.
MOST_EXAMINED, AT_ONCE = 50_000, 2_000


@dataclass(frozen=True, slots=True)
class StampScans:
    """A stamp's scans within some days. ``origins``: each day's different networks added up."""

    batch: int
    index: int
    count: int
    origins: int
    first_day: date
    last_day: date


Read = Callable[[Stamp | None, int], list[StampScans]]


class NoticedStamp(NamedTuple):
    """A stamp, why it is noticed, its state as published, and its scans."""

    kinds: tuple[Noticed, ...]
    state: StampState
    scans: StampScans


class NoticedPage(NamedTuple):
    """Some of them, and below which stamp to go on; None at the end."""

    items: list[NoticedStamp]
    after: Stamp | None


def kinds_of(state: StampState | None, *, often: bool) -> tuple[Noticed, ...]:
    """What is noticed about a scanned stamp; nothing about one that is activated and not scanned
    often, nor about one whose state is not known."""
    found = [BY_STATE[state]] if state in BY_STATE else []
    return tuple([*found, Noticed.MANY_SCANS] if often and state is not None else found)


def page(
    read: Read,
    state_of: Callable[[int, int], StampState | None],
    is_often: Callable[[Stamp], bool],
    after: Stamp | None,
    limit: int,
    kind: str | None = None,
) -> NoticedPage:
    """At most ``limit`` stamps noticed, the highest number first, below ``after``.

    ``read(below, n)`` gives the next ``n`` stamps scanned. After :data:`MOST_EXAMINED` of them it
    is left to the next call to go on: a page may be short, or empty, and not the last.
    """
    items: list[NoticedStamp] = []
    for examined, scans in enumerate(_all(read, after), start=1):
        stamp = (scans.batch, scans.index)
        state = state_of(*stamp)
        kinds = kinds_of(state, often=is_often(stamp))
        if state is not None and kinds and (kind is None or kind in kinds):
            items.append(NoticedStamp(kinds, state, scans))
        if len(items) == limit or examined == MOST_EXAMINED:
            return NoticedPage(items, stamp)
    return NoticedPage(items, None)


def _all(read: Read, after: Stamp | None) -> Iterator[StampScans]:
    """Every stamp scanned, below one, in pieces."""
    while some := read(after, AT_ONCE):
        yield from some
        after = (some[-1].batch, some[-1].index)
