"""The layer in front of Flask: answers a stamp's plain address, and its beacon, out of memory.

It answers exactly ``GET`` and ``HEAD`` of ``/s/<174 digits>`` and of the beacon behind it, declines
everything else, and never waits. What it answers is what Flask would: the same
look-up, the same pieces, the same headers.
"""

import re
import secrets
from itertools import count
from time import perf_counter
from typing import Final

from tem.clock import Clock
from tem.http import problems
from tem.language import Lang
from tem.stampcode import DIGITS, raw_of
from tem.verdict import Ruling
from tem_verifier import admission, beacon
from tem_verifier.admission import Admission
from tem_verifier.answering import Answering
from tem_verifier.heads import (
    JSON,
    VI,
    Kind,
    head_of,
    headers_of_json,
    headers_of_page,
    heads_of_stamps,
)
from tem_verifier.index import Index
from tem_verifier.limits import Refusal
from tem_verifier.lookup import (
    RECHECK_SECONDS,
    Lookup,
    batch_of,
    index_of,
)
from tem_verifier.negotiation import kind_of
from tem_verifier.pages import Pages
from tem_verifier.scans import Scans
from tem_verifier.stamps_scanned import is_scan
from tem_verifier.tally import Tally
from tem_verifier.view import View

PREFIX = b"/s/"
SEEN = b"/seen"
TARGET_BYTES = len(PREFIX) + DIGITS
SEEN_BYTES = TARGET_BYTES + len(SEEN)
_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_64_BITS = 0xFFFFFFFFFFFFFFFF
# With one of these, or any header sent twice, a request is not for the front: who asks it looks.
ODD: Final = frozenset(
    {b"traceparent", b"content-length", b"transfer-encoding", b"expect", b"upgrade"}
)


class Later:
    """Ask again in a moment, with the same arguments: the record is being read."""


LATER: Final = Later()
Named = dict[bytes, bytes]
Answer = tuple[bytes, bytes]


class Front:
    """Answers look-ups on one thread, the one that calls it."""

    def __init__(
        self,
        index: Index,
        lookup: Lookup,
        answering: Answering,
        pages: Pages,
        allowed: Admission,
        scans: Scans,
        clock: Clock,
        tally: Tally,
        log_lookups: int = 0,
    ) -> None:
        """One look-up in ``log_lookups`` is left to Flask, which writes a line about it."""
        self._index, self._lookup, self._clock = index, lookup, clock
        self._admission, self._tally, self._pages = allowed, tally, pages
        self._answering, self._scans = answering, scans
        self._heads, self._heads_of_503 = heads_of_stamps()
        self._head_of_seen = head_of("200 OK", list(beacon.HEADERS))
        self._ids = count(secrets.randbits(63))
        self._left, self._log_lookups = log_lookups, log_lookups

    def answer(
        self, method: bytes, target: bytes, named: Named, peer: str, arrived: float
    ) -> Answer | Later | None:
        """The head and body of an answer, :data:`LATER`, or None for what Flask is to answer.

        ``target`` is as sent; ``named`` are the headers by their names in lower case, of which none
        was sent twice and none is in :data:`ODD`; ``arrived`` in seconds of the monotonic clock.
        The head ends without the empty line, and without Server, Date and Connection, which are
        the server's; the body of HEAD is empty.
        """
        is_seen = len(target) == SEEN_BYTES and target.endswith(SEEN)
        if (len(target) != TARGET_BYTES and not is_seen) or not target.startswith(PREFIX):
            return None
        began = perf_counter() if arrived >= self._tally.next_observed else 0.0
        digits = target[len(PREFIX) : TARGET_BYTES]
        if not digits.isdigit():
            return None
        if (method != b"GET" and method != b"HEAD") or self._leaves_a_line():
            return None
        view, raw = self._index.view, raw_of(digits)
        if raw is not None and not view.knows(batch_of(raw)) and self._reads_on(arrived):
            return LATER
        client = self._admission.clients(peer, named.get(b"x-forwarded-for", b"").decode("latin-1"))
        refusal = self._admission.public.take(client)
        kind = kind_of(
            named.get(b"accept", b"").decode("latin-1"),
            named.get(b"accept-language", b"").decode("latin-1"),
        )
        sent = named.get(b"x-request-id", b"")
        id = sent if sent and _ID.fullmatch(sent) else b"%016x" % (next(self._ids) & _64_BITS)
        if is_seen or refusal is not None:
            if refusal is None:
                head, body = self._seen(method, named, client, view, raw)
            else:
                head, body = self._limited(refusal, kind, target, id, is_seen=is_seen)
            self._tally.count(method, "", 200 if refusal is None else 429)
        else:
            verdict, status, body = self._answering.told(view, digits, raw, kind)
            self._tally.count(method, verdict, status)
            head = (self._heads if status == 200 else self._heads_of_503)[kind]
        head = b"%bContent-Length: %d\r\nX-Request-Id: %b\r\n" % (head, len(body), id)
        if began:
            self._tally.observe(arrived, perf_counter() - began)
        return head, b"" if method == b"HEAD" else body

    def _seen(
        self,
        method: bytes,
        named: Named,
        client: str | None,
        view: View,
        raw: bytes | None,
    ) -> Answer:
        """The beacon of a page: the same for every code, and a scan of one that was issued."""

        def header(name: str) -> str | None:
            value = named.get(name.lower().encode())
            return None if value is None else value.decode("latin-1")

        if (
            raw is not None
            and is_scan(method.decode(), header)
            and not isinstance(self._lookup.find(view, raw, self._clock()), Ruling)
        ):
            self._scans.add(batch_of(raw), index_of(raw), client)
        return self._head_of_seen, beacon.PIXEL

    def _limited(
        self,
        refusal: Refusal,
        kind: Kind,
        target: bytes,
        id: bytes,
        *,
        is_seen: bool,
    ) -> Answer:
        if kind == JSON or is_seen:
            own = headers_of_json("application/problem+json")[: 1 if is_seen else 2]
            body = problems.encoded(admission.document_of(refusal, target.decode(), id.decode()))
        else:
            lang: Lang = "vi" if kind == VI else "en"
            own, body = headers_of_page(lang), self._pages.limited(lang).encode()
        return head_of("429 TOO MANY REQUESTS", own + admission.headers_of(refusal)), body

    def _reads_on(self, arrived: float) -> bool:
        """Whether a batch that is not known may be known in a moment."""
        return self._index.readings.is_due(arrived, RECHECK_SECONDS)

    def _leaves_a_line(self) -> bool:
        if self._log_lookups == 0:
            return False
        self._left = self._left - 1 or self._log_lookups
        return self._left == self._log_lookups
