"""Which requests are scans, and what is kept of one: pure rules."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

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


class Scan(NamedTuple):
    """One stamp – its batch and its index in it – on one day of Vietnam's calendar.

    ``day`` counts as ``date.toordinal`` does.
    """

    batch: int
    stamp: int
    day: int


def is_scan(method: str, header: Callable[[str], str | None]) -> bool:
    """Whether a request for a stamp's address counts as somebody looking at it.

    GET alone; not what announces itself as fetched ahead (``Sec-Purpose``, ``Purpose``,
    ``X-Moz``, ``X-Purpose``), nor what calls itself a robot. Agents can lie: the count is a hint.
    """
    if method != "GET":
        return False
    for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"):
        purpose = (header(name) or "").lower()
        if any(word in purpose for word in _FETCHED_AHEAD):
            return False
    return not _is_robot((header("User-Agent") or "")[:_LONG_ENOUGH])


@lru_cache(maxsize=2048)  # the same few agents over and over, on the path of every look-up
def _is_robot(agent: str) -> bool:
    return _ROBOTS.search(agent) is not None
