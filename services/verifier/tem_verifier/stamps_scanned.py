"""Which requests are scans, what is kept of one, and how many are many: pure rules."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from tem.dates import end_of_day, start_of_day, vietnam_day

# A link that is shared is fetched by machines before anybody looks at it: chats and mail draw
# previews, browsers fetch ahead. They are not people with a package in their hands. CUBOT is a
# phone, and what chats' own browsers call themselves is people's.
_ROBOTS = re.compile(
    r"(?<!cu)bot(?![a-z])|crawl|spider|preview|facebookexternalhit|meta-externalagent"
    r"|^whatsapp/|embedly|headlesschrome",
    re.IGNORECASE,
)
_LONG_ENOUGH = 300
_FETCHED_AHEAD = ("prefetch", "prerender", "preview")
_OUR_PAGE = "same-origin"


class Scan(NamedTuple):
    """One stamp – its batch and its index in it – on one day of Vietnam's calendar.

    ``day`` counts as ``date.toordinal`` does.
    """

    batch: int
    stamp: int
    day: int


class Day(NamedTuple):
    """A day of Vietnam's calendar: its number, its first instant and the next day's."""

    number: int
    begins: datetime
    ends: datetime

    @classmethod
    def at(cls, now: datetime) -> "Day":
        """The day of an instant."""
        day = vietnam_day(now)
        begins, ends = start_of_day(day).astimezone(UTC), end_of_day(day).astimezone(UTC)
        return cls(day.toordinal(), begins, ends)  # instants of one zone compare faster


@dataclass(frozen=True, slots=True)
class Rules:
    """What brings the note MANY_SCANS: ``often`` scans within 30 days, or ``origins`` different
    daily origins (each day's added up: nobody can know that two days had the same); 0: neither.

    ``days``: how long counts are kept by the day, 30 at least.
    """

    often: int
    origins: int
    days: int


def is_scan(method: str, header: Callable[[str], str | None]) -> bool:
    """Whether a request for a page's beacon counts as somebody looking at the stamp.

    GET alone; not what announces itself as fetched ahead (``Sec-Purpose``, ``Purpose``,
    ``X-Moz``, ``X-Purpose``), nor what calls itself a robot, nor what a browser says was not
    asked for by a page of ours (``Sec-Fetch-Site``). Agents can lie: the count is a hint.
    """
    if method != "GET":
        return False
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"):
        purpose = header(name)
        if purpose and any(word in purpose.lower() for word in _FETCHED_AHEAD):
            return False
    if (header("Sec-Fetch-Site") or _OUR_PAGE) != _OUR_PAGE:
        return False
    return not _is_robot((header("User-Agent") or "")[:_LONG_ENOUGH])


@lru_cache(maxsize=2048)  # the same few agents over and over, on the path of every scan
def _is_robot(agent: str) -> bool:
    return _ROBOTS.search(agent) is not None
