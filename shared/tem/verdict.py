"""What a scan means: one pure function for page, JSON, bulk answer and command line.

The rules in words: ``docs/life-of-a-stamp.md``, Verdicts and Dates. Nothing here
reads a clock, a table or a key.
"""

from dataclasses import dataclass
from datetime import date, datetime

from tem.dates import end_of_day, start_of_day, vietnam_day
from tem.vocabulary import Note, ProducerStatus, StampState, Verdict


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One recognition of a product; both dates of its term are inclusive."""

    valid_from: date
    valid_until: date
    revoked_on: date | None = None

    def in_force_on(self, day: date) -> bool:
        """Within its term and not yet revoked; a revocation counts from its own day."""
        revoked = self.revoked_on is not None and self.revoked_on <= day
        return self.valid_from <= day <= self.valid_until and not revoked


@dataclass(frozen=True, slots=True)
class RecallFacts:
    """A recall counts from 00:00 of the day it was ordered, until the instant it was lifted."""

    ordered_on: date
    lifted_at: datetime | None = None

    def in_force_at(self, now: datetime) -> bool:
        """Begun, and not lifted."""
        begun = start_of_day(self.ordered_on) <= now
        return begun and (self.lifted_at is None or now < self.lifted_at)


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What decides about a lot. ``window_ends_on`` is the last day its information is public.

    ``best_before`` is None for goods without a declared date. ``producer_statuses`` are
    (status, since) in order of their day.
    """

    production_date: date
    best_before: date | None
    window_ends_on: date
    certificates: tuple[CertificateFacts, ...] = ()
    producer_statuses: tuple[tuple[ProducerStatus, date], ...] = ()
    recalls: tuple[RecallFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """A lot whose window has closed and whose facts are forgotten; no recall of it is in force.

    ``undated`` says that its label declared no date, which only changes the words.
    """

    undated: bool


@dataclass(frozen=True, slots=True)
class StampFacts:
    """A stamp on record: its stored state, and its lot if it was ever tied to one.

    ``scanned_often`` is known to the verifier alone, which counts: see ``docs/adr/0015``.
    """

    state: StampState
    lot: LotFacts | ClosedLot | None = None
    scanned_often: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict, its notes in their fixed order, and a stable reason code."""

    verdict: Verdict
    reason: str
    notes: tuple[Note, ...] = ()


MALFORMED = Ruling(Verdict.MALFORMED, "not_a_stamp_code")
# One answer for never issued, wrong signature, index out of range and canary: no oracle.
UNKNOWN = Ruling(Verdict.UNKNOWN, "not_on_record")
UNAVAILABLE = Ruling(Verdict.UNAVAILABLE, "temporarily_unavailable")


def verdict(facts: StampFacts | None, now: datetime) -> Ruling:
    """The answer to a legible code at an instant; None means it is not on record.

    The first rule that matches wins. A recall stands above void, so that voiding a stamp
    cannot hide it, and above the information window: safety outlives publication. Whether the
    facts of a lot were forgotten after its window makes no difference to the answer.
    """
    if facts is None:
        return UNKNOWN
    lot = facts.lot
    if isinstance(lot, LotFacts) and any(recall.in_force_at(now) for recall in lot.recalls):
        return Ruling(Verdict.RECALLED, "lot_recalled")
    if facts.state is StampState.VOID:
        return Ruling(Verdict.VOID, "stamp_void")
    if facts.state is StampState.REVOKED:
        return Ruling(Verdict.STAMP_REVOKED, "stamp_revoked")
    if facts.state is not StampState.ACTIVATED or lot is None:
        return Ruling(Verdict.NOT_ACTIVATED, "not_activated")
    if isinstance(lot, ClosedLot):
        return _closed(lot.undated)
    return _dated(lot, now, facts.scanned_often)


def _closed(undated: bool) -> Ruling:
    """Goods without a declared date are not told to be past one."""
    reason = "info_window_closed_no_expiry" if undated else "info_window_closed"
    return Ruling(Verdict.INFO_EXPIRED, reason)


def _dated(lot: LotFacts, now: datetime, scanned_often: bool) -> Ruling:
    """The rules that ask for the day: window, best-before, then OK with its notes."""
    if now >= end_of_day(lot.window_ends_on):
        return _closed(lot.best_before is None)
    if lot.best_before is not None and now >= end_of_day(lot.best_before):
        return Ruling(Verdict.PAST_DATE, "past_best_before")
    return Ruling(Verdict.OK, "activated", notes(lot, now, scanned_often=scanned_often))


def certificate_at(
    certificates: tuple[CertificateFacts, ...], day: date
) -> CertificateFacts | None:
    """The certificate in force on a day; the newest if terms overlap, then the longest.

    The order in which they are given makes no difference.
    """
    valid = [c for c in certificates if c.in_force_on(day)]
    return max(valid, key=_newest) if valid else None


def _newest(c: CertificateFacts) -> tuple[date, date, date]:
    return c.valid_from, c.valid_until, c.revoked_on or date.max


def made_under(certificates: tuple[CertificateFacts, ...], day: date) -> CertificateFacts | None:
    """The certificate that goods made on a day were made under.

    The one in force on it; where a withdrawal dates from that day or before, the newest whose
    term the day lies in: the goods carry its stars, so its withdrawal must be told.
    """
    in_term = [c for c in certificates if c.valid_from <= day <= c.valid_until]
    return certificate_at(certificates, day) or max(in_term, key=_newest, default=None)


def is_withdrawn(certificates: tuple[CertificateFacts, ...], day: date) -> bool:
    """Whether a product's recognition is withdrawn on a day: its newest, and none is in force."""
    begun = [c for c in certificates if c.valid_from <= day]
    if not begun or certificate_at(certificates, day) is not None:
        return False
    revoked_on = max(begun, key=_newest).revoked_on
    return revoked_on is not None and revoked_on <= day


def producer_status_on(
    statuses: tuple[tuple[ProducerStatus, date], ...], day: date
) -> ProducerStatus:
    """The status on a day; active before the first one on record."""
    current = ProducerStatus.ACTIVE
    for status, since in statuses:
        if since <= day:
            current = status
    return current


def notes(lot: LotFacts, now: datetime, *, scanned_often: bool = False) -> tuple[Note, ...]:
    """The remarks beside an OK, in their fixed order.

    A lapsed or revoked certificate is remarked on only while no newer one is in force:
    after a re-evaluation the product *is* recognised, and saying otherwise would be untrue.
    """
    today = vietnam_day(now)
    found = []
    if lot.best_before == today:
        found.append(Note.EXPIRES_TODAY)
    if lot.best_before is None:
        found.append(Note.NO_EXPIRY_DECLARED)
    under = made_under(lot.certificates, lot.production_date)
    if under is not None and not _renewed(under, lot.certificates, today):
        if under.revoked_on is not None and under.revoked_on <= today:
            found.append(Note.CERT_REVOKED)
        elif under.valid_until < today:
            found.append(Note.CERT_EXPIRED_AFTER_PRODUCTION)
    if producer_status_on(lot.producer_statuses, today) is not ProducerStatus.ACTIVE:
        found.append(Note.PRODUCER_SUSPENDED)
    if scanned_often:
        found.append(Note.MANY_SCANS)
    return tuple(found)


def _renewed(
    under: CertificateFacts, certificates: tuple[CertificateFacts, ...], today: date
) -> bool:
    """Whether a certificate that began later is in force."""
    return any(c.valid_from > under.valid_from and c.in_force_on(today) for c in certificates)
