"""What a scan means: every verdict, every precedence, every note, to the instant."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem import verdict as rules
from tem.verdict import (
    CertificateFacts,
    ClosedLot,
    LotFacts,
    RecallFacts,
    Ruling,
    StampFacts,
    verdict,
)
from tem.vocabulary import Note, ProducerStatus, StampState, Verdict

HANOI = timezone(timedelta(hours=7))
ISSUED, DELIVERED, ACTIVATED = StampState.ISSUED, StampState.DELIVERED, StampState.ACTIVATED
VOID, REVOKED = StampState.VOID, StampState.REVOKED
ACTIVE, SUSPENDED, CEASED = ProducerStatus.ACTIVE, ProducerStatus.SUSPENDED, ProducerStatus.CEASED


def at(text: str) -> datetime:
    """An instant in Vietnam's time unless it says otherwise."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=HANOI)


def day(text: str) -> date:
    return date.fromisoformat(text)


NOW = at("2026-11-20T09:00:00")
TODAY, YESTERDAY, TOMORROW = day("2026-11-20"), day("2026-11-19"), day("2026-11-21")
VALID = CertificateFacts(day("2024-10-15"), day("2027-10-15"))
LAPSED = replace(VALID, valid_until=YESTERDAY)
WITHDRAWN = replace(VALID, revoked_on=YESTERDAY)
RENEWED = CertificateFacts(day("2026-11-01"), day("2029-11-01"))
RECALL = RecallFacts(day("2026-11-10"))
PLAIN = LotFacts(day("2026-06-01"), day("2027-05-31"), day("2027-06-30"), (VALID,))
PAST = replace(PLAIN, best_before=YESTERDAY, window_ends_on=day("2026-12-19"))
CLOSED = replace(PLAIN, best_before=day("2026-10-19"), window_ends_on=YESTERDAY)
UNDATED = replace(PLAIN, best_before=None, window_ends_on=day("2028-06-01"))


def stamp(state: StampState = ACTIVATED, lot: LotFacts | None = PLAIN) -> StampFacts:
    return StampFacts(state, lot)


def lot(base: LotFacts = PLAIN, **changes: object) -> StampFacts:
    return StampFacts(ACTIVATED, replace(base, **changes))  # type: ignore[arg-type]


VERDICTS = [
    ("not on record", None, Verdict.UNKNOWN, "not_on_record"),
    ("still at the office", stamp(ISSUED, None), Verdict.NOT_ACTIVATED, "not_activated"),
    ("delivered", stamp(DELIVERED, None), Verdict.NOT_ACTIVATED, "not_activated"),
    ("activated without a lot on record", stamp(lot=None), Verdict.NOT_ACTIVATED, "not_activated"),
    ("void, never activated", stamp(VOID, None), Verdict.VOID, "stamp_void"),
    ("void after activation", stamp(VOID), Verdict.VOID, "stamp_void"),
    ("revoked, never activated", stamp(REVOKED, None), Verdict.STAMP_REVOKED, "stamp_revoked"),
    ("revoked after activation", stamp(REVOKED), Verdict.STAMP_REVOKED, "stamp_revoked"),
    ("recalled", lot(recalls=(RECALL,)), Verdict.RECALLED, "lot_recalled"),
    ("window closed", stamp(lot=CLOSED), Verdict.INFO_EXPIRED, "info_window_closed"),
    ("undated, window closed", lot(UNDATED, window_ends_on=YESTERDAY), Verdict.INFO_EXPIRED,
     "info_window_closed_no_expiry"),
    ("past its date", stamp(lot=PAST), Verdict.PAST_DATE, "past_best_before"),
    ("good", stamp(), Verdict.OK, "activated"),
    ("undated, good", stamp(lot=UNDATED), Verdict.OK, "activated"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "facts", "wanted", "reason"), VERDICTS, ids=lambda v: str(v)[:30])
def test_each_verdict(case: str, facts: StampFacts | None, wanted: Verdict, reason: str) -> None:
    """Each kind of stamp gets its verdict and the reason that goes with it."""
    found = verdict(facts, NOW)
    assert (found.verdict, found.reason) == (wanted, reason), case
    assert wanted is Verdict.OK or found.notes == ()


def test_every_verdict_is_in_the_table() -> None:
    """The table covers all verdicts but the two that are given before a stamp is known."""
    given_before = {rules.MALFORMED.verdict, rules.UNAVAILABLE.verdict}
    assert {case[2] for case in VERDICTS} | given_before == set(Verdict)
    assert verdict(None, NOW) == rules.UNKNOWN


# What makes a stamp deserve each verdict, in the order in which they win. A stamp has one state,
# so void, revoked and not activated never meet each other.
CAUSES: dict[Verdict, dict[str, object]] = {
    Verdict.RECALLED: {"recalls": (RECALL,)},
    Verdict.VOID: {"state": VOID},
    Verdict.STAMP_REVOKED: {"state": REVOKED},
    Verdict.NOT_ACTIVATED: {"state": DELIVERED},
    Verdict.INFO_EXPIRED: {"window_ends_on": YESTERDAY},
    Verdict.PAST_DATE: {"best_before": YESTERDAY},
}
PAIRS = [
    (first, second)
    for first, second in combinations(CAUSES, 2)
    if not ("state" in CAUSES[first] and "state" in CAUSES[second])
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_earlier_verdict_wins(first: Verdict, second: Verdict) -> None:
    """Of two verdicts a stamp deserves, the one earlier in the list is given."""
    causes = CAUSES[second] | CAUSES[first]
    state = causes.pop("state", ACTIVATED)
    assert isinstance(state, StampState)
    assert verdict(StampFacts(state, lot(**causes).lot), NOW).verdict is first


def test_precedence_is_the_order_of_the_vocabulary() -> None:
    """The causes above are in the order in which the verdicts are declared."""
    assert [v for v in Verdict if v in CAUSES] == list(CAUSES)


BOUNDARIES = [
    ("best before, last second", PLAIN, "2027-05-31T23:59:59.999999", Verdict.OK),
    ("best before, over", PLAIN, "2027-06-01T00:00:00", Verdict.PAST_DATE),
    ("best before, last second in UTC", PLAIN, "2027-05-31T16:59:59.999999+00:00", Verdict.OK),
    ("best before, over in UTC", PLAIN, "2027-05-31T17:00:00+00:00", Verdict.PAST_DATE),
    ("best before, over in New York", PLAIN, "2027-05-31T13:00:00-04:00", Verdict.PAST_DATE),
    ("window, last second", PLAIN, "2027-06-30T23:59:59.999999", Verdict.PAST_DATE),
    ("window, over", PLAIN, "2027-07-01T00:00:00", Verdict.INFO_EXPIRED),
    ("window, last second in UTC", PLAIN, "2027-06-30T16:59:59.999999+00:00", Verdict.PAST_DATE),
    ("window, over in UTC", PLAIN, "2027-06-30T17:00:00+00:00", Verdict.INFO_EXPIRED),
    ("undated, last second", UNDATED, "2028-06-01T23:59:59.999999", Verdict.OK),
    ("undated, over", UNDATED, "2028-06-02T00:00:00", Verdict.INFO_EXPIRED),
    ("undated, over in UTC", UNDATED, "2028-06-01T17:00:00+00:00", Verdict.INFO_EXPIRED),
]


@pytest.mark.parametrize(("case", "facts", "when", "wanted"), BOUNDARIES, ids=lambda v: str(v)[:40])
def test_boundaries(case: str, facts: LotFacts, when: str, wanted: Verdict) -> None:
    """Dates count through the last instant of their day in Vietnam, however it is written."""
    assert verdict(stamp(lot=facts), at(when)).verdict is wanted, case


RECALLS = [
    ("before it begins", RECALL, "2026-11-09T23:59:59.999999", False),
    ("as it begins", RECALL, "2026-11-10T00:00:00", True),
    ("just before, in UTC", RECALL, "2026-11-09T16:59:59.999999+00:00", False),
    ("as it begins, in UTC", RECALL, "2026-11-09T17:00:00+00:00", True),
    ("ten years later", RECALL, "2036-11-10T00:00:00", True),
    ("before it is lifted", replace(RECALL, lifted_at=NOW), "2026-11-20T08:59:59.999999", True),
    ("as it is lifted", replace(RECALL, lifted_at=NOW), "2026-11-20T09:00:00", False),
    ("as it is lifted, in UTC", replace(RECALL, lifted_at=NOW), "2026-11-20T02:00:00+00:00", False),
    ("lifted long ago", replace(RECALL, lifted_at=NOW), "2036-11-20T09:00:00", False),
]


@pytest.mark.parametrize(("case", "recall", "when", "recalled"), RECALLS, ids=lambda v: str(v)[:30])
def test_recall_begins_and_is_lifted(
    case: str, recall: RecallFacts, when: str, recalled: bool
) -> None:
    """A recall holds from 00:00 of its day, without end date, until the instant it is lifted."""
    found = verdict(lot(recalls=(recall,)), at(when)).verdict
    assert (found is Verdict.RECALLED) is recalled, case


def test_one_of_several_recalls_is_enough() -> None:
    """A lifted recall does not hide another one that still holds."""
    lifted = replace(RECALL, lifted_at=NOW - timedelta(days=1))
    assert verdict(lot(recalls=(lifted, RECALL)), NOW).verdict is Verdict.RECALLED
    assert verdict(lot(recalls=(RECALL, lifted)), NOW).verdict is Verdict.RECALLED
    assert verdict(lot(recalls=(lifted, lifted)), NOW).verdict is Verdict.OK


def suspended(*statuses: tuple[ProducerStatus, date]) -> dict[str, object]:
    return {"producer_statuses": statuses}


LATE = day("2026-12-31")
NOTES: list[tuple[str, LotFacts, dict[str, object], list[Note]]] = [
    ("nothing to remark", PLAIN, {}, []),
    ("expires today", PLAIN, {"best_before": TODAY}, [Note.EXPIRES_TODAY]),
    ("expires tomorrow", PLAIN, {"best_before": TOMORROW}, []),
    ("undated", UNDATED, {}, [Note.NO_EXPIRY_DECLARED]),
    ("certificate lapsed", PLAIN, {"certificates": (LAPSED,)},
     [Note.CERT_EXPIRED_AFTER_PRODUCTION]),
    ("certificate's last day", PLAIN, {"certificates": (replace(VALID, valid_until=TODAY),)}, []),
    ("certificate revoked", PLAIN, {"certificates": (WITHDRAWN,)}, [Note.CERT_REVOKED]),
    ("certificate revoked today", PLAIN,
     {"certificates": (replace(VALID, revoked_on=TODAY),)}, [Note.CERT_REVOKED]),
    ("certificate to be revoked", PLAIN,
     {"certificates": (replace(VALID, revoked_on=TOMORROW),)}, []),
    ("certificate revoked, then its term ended", PLAIN,
     {"certificates": (replace(LAPSED, revoked_on=day("2026-09-01")),)}, [Note.CERT_REVOKED]),
    ("lapsed, then renewed", PLAIN, {"certificates": (LAPSED, RENEWED)}, []),
    ("renewed, in the other order", PLAIN, {"certificates": (RENEWED, LAPSED)}, []),
    ("revoked, then renewed", PLAIN, {"certificates": (WITHDRAWN, RENEWED)}, []),
    ("lapsed, the renewal revoked", PLAIN,
     {"certificates": (LAPSED, replace(RENEWED, revoked_on=TODAY))},
     [Note.CERT_EXPIRED_AFTER_PRODUCTION]),
    ("lapsed, the renewal begins tomorrow", PLAIN,
     {"certificates": (LAPSED, replace(RENEWED, valid_from=TOMORROW))},
     [Note.CERT_EXPIRED_AFTER_PRODUCTION]),
    ("made before any certificate", PLAIN,
     {"certificates": (LAPSED,), "production_date": day("2024-10-14")}, []),
    ("made on the certificate's first day", PLAIN,
     {"certificates": (LAPSED,), "production_date": day("2024-10-15")},
     [Note.CERT_EXPIRED_AFTER_PRODUCTION]),
    ("made on its last day", PLAIN, {"certificates": (LAPSED,), "production_date": YESTERDAY},
     [Note.CERT_EXPIRED_AFTER_PRODUCTION]),
    ("made the day before the revocation", PLAIN,
     {"certificates": (WITHDRAWN,), "production_date": day("2026-11-18")}, [Note.CERT_REVOKED]),
    ("made on the day of the revocation", PLAIN,
     {"certificates": (WITHDRAWN,), "production_date": YESTERDAY}, [Note.CERT_REVOKED]),
    ("made after the revocation, within the term", PLAIN,
     {"certificates": (replace(VALID, revoked_on=day("2025-01-01")),)}, [Note.CERT_REVOKED]),
    ("revoked before production, then renewed", PLAIN,
     {"certificates": (replace(VALID, revoked_on=day("2025-01-01")), RENEWED)}, []),
    ("made after a term that was shortened", PLAIN,
     {"certificates": (replace(VALID, valid_until=day("2026-05-31")),)}, []),
    ("the newer one revoked, an older in force", PLAIN,
     {"certificates": (VALID, replace(RENEWED, valid_from=day("2026-05-01"), revoked_on=TODAY))},
     [Note.CERT_REVOKED]),
    ("the older one lapsed, a newer in force at production", PLAIN,
     {"certificates": (LAPSED, replace(RENEWED, valid_from=day("2026-05-01")))}, []),
    ("no certificate at all", PLAIN, {"certificates": ()}, []),
    ("suspended", PLAIN, suspended((SUSPENDED, YESTERDAY)), [Note.PRODUCER_SUSPENDED]),
    ("suspended from today", PLAIN, suspended((SUSPENDED, TODAY)), [Note.PRODUCER_SUSPENDED]),
    ("suspended from tomorrow", PLAIN, suspended((SUSPENDED, TOMORROW)), []),
    ("ceased", PLAIN, suspended((CEASED, YESTERDAY)), [Note.PRODUCER_SUSPENDED]),
    ("suspended, then active again", PLAIN,
     suspended((SUSPENDED, day("2026-01-01")), (ACTIVE, TODAY)), []),
    ("active again from tomorrow", PLAIN,
     suspended((SUSPENDED, day("2026-01-01")), (ACTIVE, TOMORROW)), [Note.PRODUCER_SUSPENDED]),
    ("suspended, active, ceased", PLAIN,
     suspended((SUSPENDED, day("2025-01-01")), (ACTIVE, day("2025-06-01")), (CEASED, TODAY)),
     [Note.PRODUCER_SUSPENDED]),
    ("today, lapsed, suspended", PLAIN,
     {"best_before": TODAY, "certificates": (LAPSED,)} | suspended((SUSPENDED, TODAY)),
     [Note.EXPIRES_TODAY, Note.CERT_EXPIRED_AFTER_PRODUCTION, Note.PRODUCER_SUSPENDED]),
    ("undated, revoked, ceased", UNDATED,
     {"certificates": (WITHDRAWN,)} | suspended((CEASED, TODAY)),
     [Note.NO_EXPIRY_DECLARED, Note.CERT_REVOKED, Note.PRODUCER_SUSPENDED]),
    ("a recall yet to begin", PLAIN, {"recalls": (RecallFacts(LATE),)}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "base", "changes", "wanted"), NOTES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_notes(case: str, base: LotFacts, changes: dict[str, object], wanted: list[Note]) -> None:
    """An OK carries exactly the notes its lot deserves, in their fixed order."""
    assert verdict(lot(base, **changes), NOW) == Ruling(Verdict.OK, "activated", tuple(wanted)), (
        case
    )


def test_every_note_is_in_the_table() -> None:
    """The table covers all notes but the one that comes from counting scans, which is next."""
    assert {note for case in NOTES for note in case[3]} == set(Note) - {Note.MANY_SCANS}


@pytest.mark.parametrize(
    ("case", "base", "changes", "wanted"), NOTES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_many_scans_stands_last(
    case: str, base: LotFacts, changes: dict[str, object], wanted: list[Note]
) -> None:
    """A stamp scanned often has the same notes and this one after them."""
    facts = replace(lot(base, **changes), scanned_often=True)
    assert verdict(facts, NOW).notes == (*wanted, Note.MANY_SCANS), case


def test_many_scans_stands_beside_an_ok_only() -> None:
    """No other verdict changes because a stamp was scanned often."""
    for state in StampState:
        for facts in (StampFacts(state, one) for one in (None, PLAIN, PAST, CLOSED)):
            told = verdict(facts, NOW)
            often = verdict(replace(facts, scanned_often=True), NOW)
            wanted = (Note.MANY_SCANS,) if told.verdict is Verdict.OK else ()
            assert (often.verdict, often.notes) == (told.verdict, told.notes + wanted)
    closed = StampFacts(StampState.ACTIVATED, ClosedLot(False), scanned_often=True)
    assert verdict(closed, NOW).notes == ()


@pytest.mark.parametrize("instant", ["2026-11-19T17:00:00+00:00", "2026-11-20T16:59:59+00:00"])
def test_notes_follow_vietnams_day(instant: str) -> None:
    """Today is Vietnam's today, from its first second to its last, however UTC calls it."""
    facts = lot(best_before=TODAY, certificates=(LAPSED,), producer_statuses=((CEASED, TODAY),))
    ruling = verdict(facts, at(instant))
    wanted = (Note.EXPIRES_TODAY, Note.CERT_EXPIRED_AFTER_PRODUCTION, Note.PRODUCER_SUSPENDED)
    assert ruling.notes == wanted
    before = verdict(facts, at("2026-11-19T16:59:59+00:00"))
    assert before.notes == ()


def test_certificate_at_takes_the_newest_of_overlapping_terms() -> None:
    """Where two terms overlap, the one that began later counts."""
    assert rules.certificate_at((VALID, RENEWED), TODAY) is RENEWED
    assert rules.certificate_at((RENEWED, VALID), TODAY) is RENEWED
    assert rules.certificate_at((VALID, RENEWED), day("2026-10-31")) is VALID
    assert rules.certificate_at((VALID,), day("2024-10-14")) is None
    assert rules.certificate_at((VALID,), day("2027-10-15")) is VALID
    assert rules.certificate_at((VALID,), day("2027-10-16")) is None


WITHDRAWALS = [
    ((), False),
    ((VALID,), False),
    ((LAPSED,), False),
    ((replace(VALID, revoked_on=TODAY),), True),
    ((replace(VALID, revoked_on=TOMORROW),), False),
    ((WITHDRAWN, RENEWED), False),
    ((WITHDRAWN, replace(RENEWED, valid_from=TOMORROW)), True),
    ((WITHDRAWN, replace(RENEWED, valid_until=YESTERDAY)), False),
    ((LAPSED, replace(RENEWED, revoked_on=TODAY)), True),
]


@pytest.mark.parametrize(("certificates", "wanted"), WITHDRAWALS)
def test_when_a_recognition_is_withdrawn(
    certificates: tuple[CertificateFacts, ...], wanted: bool
) -> None:
    """Its newest certificate is, and none is in force; a lapse is another thing."""
    assert rules.is_withdrawn(certificates, TODAY) is wanted
    assert rules.is_withdrawn(certificates[::-1], TODAY) is wanted


DAYS = st.dates(day("2025-06-01"), day("2028-06-01"))
INSTANTS = st.datetimes(
    datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.sampled_from([UTC, HANOI])
)
CERTIFICATES = st.builds(CertificateFacts, DAYS, DAYS, st.none() | DAYS)
STATUSES = st.lists(st.tuples(st.sampled_from(ProducerStatus), DAYS), max_size=3).map(
    lambda found: tuple(sorted(found, key=lambda status: status[1]))
)
LOTS = st.builds(
    LotFacts,
    DAYS,
    st.none() | DAYS,
    DAYS,
    st.lists(CERTIFICATES, max_size=3).map(tuple),
    STATUSES,
    st.lists(st.builds(RecallFacts, DAYS, st.none() | INSTANTS), max_size=2).map(tuple),
)
STAMPS = st.none() | st.builds(StampFacts, st.sampled_from(StampState), st.none() | LOTS)


@given(STAMPS, INSTANTS)
def test_every_stamp_has_a_verdict_at_every_instant(
    facts: StampFacts | None, now: datetime
) -> None:
    """The rule never fails, answers the same twice and in either zone, and remarks on OK only."""
    found = verdict(facts, now)
    assert found.verdict in Verdict
    assert found.verdict not in (Verdict.MALFORMED, Verdict.UNAVAILABLE)
    assert verdict(facts, now) == found
    assert verdict(facts, now.astimezone(timezone(timedelta(hours=-11)))) == found
    assert found.notes == () or found.verdict is Verdict.OK
    order = list(Note)
    assert list(found.notes) == sorted(set(found.notes), key=order.index)


@given(st.sampled_from(StampState), LOTS, INSTANTS)
def test_a_recall_in_force_is_never_hidden(
    state: StampState, facts: LotFacts, now: datetime
) -> None:
    """Whatever else is true of a stamp tied to a lot, a recall that holds is what is said."""
    holds = any(
        datetime(r.ordered_on.year, r.ordered_on.month, r.ordered_on.day, tzinfo=HANOI) <= now
        and (r.lifted_at is None or r.lifted_at > now)
        for r in facts.recalls
    )
    found = verdict(StampFacts(state, facts), now)
    assert (found.verdict is Verdict.RECALLED) is holds


@given(LOTS, INSTANTS, st.sampled_from([VOID, REVOKED]))
def test_the_end_of_a_stamp_is_never_outdated(
    facts: LotFacts, now: datetime, state: StampState
) -> None:
    """Without a recall, a voided or revoked stamp stays so whatever the clock says."""
    wanted = Verdict.VOID if state is VOID else Verdict.STAMP_REVOKED
    assert verdict(StampFacts(state, replace(facts, recalls=())), now).verdict is wanted


def test_a_naive_instant_is_refused() -> None:
    """The question needs an instant, not a clock face somewhere."""
    with pytest.raises((ValueError, TypeError)):
        verdict(stamp(), datetime(2026, 11, 20))
