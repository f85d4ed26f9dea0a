"""Answers out of pieces: a look-up's finding in, the whole body out.

What a snapshot holds is joined out of its bytes; the rest is rendered when it is first asked for.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from tem.clock import Clock
from tem.dates import rfc3339
from tem.stampcode import serial
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN, Ruling
from tem_verifier.alarms import raise_alarm
from tem_verifier.filters import moment
from tem_verifier.heads import JSON, VI, Kind
from tem_verifier.index import MOST_STALE
from tem_verifier.lookup import Binding, Lookup, as_of, binding_of
from tem_verifier.rendering import Hole, Rendered, Renderer, fill
from tem_verifier.renderings import Renderings
from tem_verifier.snapshot.layout import SUBJECT, VERDICTS
from tem_verifier.view import View

STAMP, SERIAL, CODE = int(Hole.STAMP), int(Hole.SERIAL), int(Hole.CODE)
Told = tuple[str, int, bytes]


class Answering:
    """Makes answers, for any thread."""

    def __init__(
        self, lookup: Lookup, renderer: Renderer, clock: Clock, lacking: Callable[[], None]
    ) -> None:
        """``lacking`` is called where many answers are asked for that no snapshot holds."""
        self._lookup, self._clock, self._lacking = lookup, clock, lacking
        self._renderings = Renderings(renderer)
        self._plain = {one: renderer.plain(one) for one in (MALFORMED, UNKNOWN, UNAVAILABLE)}
        self._holes = (datetime.min.replace(tzinfo=UTC), b"", b"")  # as_of, and what is told of it

    def told(
        self,
        view: View,
        digits: bytes,
        raw: bytes | None,
        kind: Kind,
        *,
        both: bool = False,
        scans: bool = True,
    ) -> Told:
        """Verdict, status and body of the answer to a code: ``raw`` are the bytes that ``digits``
        stand for, None if they are no code. ``both`` as :meth:`Lookup.resolve` takes it; without
        ``scans`` nothing is told of how often a stamp was scanned."""
        now = self._clock()
        holes = self._holes_at(as_of(view, now))
        found = self._lookup.resolve(view, raw, now, both=both)
        if isinstance(found, Ruling):
            if raw is not None:
                holes[CODE] = digits  # of a page that is unavailable, in its link
            return self._filled(self._plain[found], kind, holes)
        batch, index, stands_for, often = found
        often = often and scans
        holes[CODE] = digits
        if kind == JSON:
            holes[STAMP] = b'{"batch":%d,"index":%d}' % (batch, index)
        else:
            holes[SERIAL] = serial(batch, index).encode()
        if isinstance(stands_for, int) and not often and stands_for not in view.stale:
            told = _in_base(view, stands_for, kind, holes, now.timestamp())
            if told is not None:
                return told
        binding = binding_of(view, batch, stands_for)
        return self._filled(self._rendered(view, binding, often, now, batch), kind, holes)

    def _rendered(
        self, view: View, binding: Binding, often: bool, now: datetime, batch: int
    ) -> Rendered:
        if len(self._renderings) > MOST_STALE:
            self._lacking()
        try:
            return self._renderings.of(view, binding, often, now)
        except (LookupError, TypeError, ValueError) as hole:
            raise_alarm("publication_incomplete", batch=batch, error=repr(hole))
            return self._plain[UNAVAILABLE]

    def _holes_at(self, as_of: datetime) -> list[bytes]:
        """What goes into the holes of an answer, as far as the record's age decides."""
        holes = self._holes
        if holes[0] != as_of:
            told = rfc3339(as_of)
            self._holes = holes = (as_of, told.encode(), moment(told).encode())
        return [holes[1], holes[2], b"", b"", b""]

    @staticmethod
    def _filled(rendered: Rendered, kind: Kind, holes: list[bytes]) -> Told:
        pieces = (rendered.json, rendered.vi, rendered.en)[kind]
        return rendered.verdict, rendered.status, fill(pieces, holes)


def _in_base(view: View, subject: int, kind: Kind, holes: list[bytes], now: float) -> Told | None:
    """The answer that the snapshot holds; None if it holds no longer."""
    base = view.base
    assert base is not None
    memory, begins = base.memory, base.fragments
    until, verdict, _, json_at, vi_at, en_at, _, _ = SUBJECT.unpack_from(
        memory, base.subject_records + subject * SUBJECT.size
    )
    if now >= until or not base.is_rendered:
        return None
    at = json_at if kind == JSON else vi_at if kind == VI else en_at
    body = b"".join(
        [
            memory[begins[one] : begins[one + 1]] if one >= 0 else holes[one]
            for one in base.lists[at + 1 : at + 1 + base.lists[at]]
        ]
    )
    return VERDICTS[verdict], 200, body
