"""Whether a stamp is told as JSON or as a page, and in which language: by the headers alone."""

from collections.abc import Sequence
from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from tem.language import choose_language
from tem_verifier.heads import EN, JSON, VI, Kind

# No browser sends more. What is longer costs a hundred look-ups to read, and is not read.
LONGEST = 300


def kind_of(accept: str, accept_language: str) -> Kind:
    """The kind of answer for ``Accept`` and ``Accept-Language`` as sent, "" where one is absent.

    A tie, as in ``*/*``, is a page; without a language that we have it is Vietnamese.
    """
    return _kind_of(accept[: LONGEST + 1], accept_language[: LONGEST + 1])


@lru_cache(2048)
def _kind_of(accept: str, accept_language: str) -> Kind:
    if wants_json(accept):
        return JSON
    readable = accept_language if len(accept_language) <= LONGEST else None
    return EN if choose_language(None, readable) == "en" else VI


def wants_json(accept: str) -> bool:
    """Whether JSON is preferred to a page."""
    return prefers(accept, "application/json", "text/html")


def prefers(accept: str, this: str, rather_than: str) -> bool:
    """Whether a media type is preferred to another one; a tie goes to that."""
    return best_of(accept, (rather_than, this)) == this


def best_of(accept: str, kinds: Sequence[str]) -> str:
    """The media type that is preferred; a tie, or nothing that we have, goes to the first."""
    if len(accept) > LONGEST:
        return kinds[0]
    wanted = parse_accept_header(accept or None, MIMEAccept)
    return wanted.best_match(kinds, kinds[0]) or kinds[0]
