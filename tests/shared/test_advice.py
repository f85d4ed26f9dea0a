"""What a till is told to do, for every verdict there is."""

import pytest

from tem.advice import Advice, Check, advice, checked
from tem.vocabulary import Verdict

ADVISED = [
    (Verdict.OK, "activated", "use_by", Advice.ALLOW),
    (Verdict.MALFORMED, "not_a_stamp_code", None, Advice.ASK),
    (Verdict.UNKNOWN, "not_on_record", None, Advice.STOP),
    (Verdict.RECALLED, "lot_recalled", "best_before", Advice.STOP),
    (Verdict.VOID, "stamp_void", None, Advice.STOP),
    (Verdict.STAMP_REVOKED, "stamp_revoked", None, Advice.STOP),
    (Verdict.NOT_ACTIVATED, "not_activated", "use_by", Advice.ASK),
    (Verdict.INFO_EXPIRED, "info_window_closed", None, Advice.STOP),
    (Verdict.INFO_EXPIRED, "info_window_closed_no_expiry", None, Advice.ASK),
    (Verdict.PAST_DATE, "past_best_before", "use_by", Advice.STOP),
    (Verdict.PAST_DATE, "past_best_before", "best_before", Advice.ASK),
    (Verdict.UNAVAILABLE, "temporarily_unavailable", None, Advice.ASK),
]


@pytest.mark.parametrize(("verdict", "reason", "date_kind", "wanted"), ADVISED)
def test_each_verdict_has_its_advice(
    verdict: Verdict, reason: str, date_kind: str | None, wanted: Advice
) -> None:
    """Only an OK goes on; an outage and an unreadable symbol ask and never stop."""
    assert advice(verdict, reason, date_kind) is wanted


def test_every_verdict_is_in_the_table() -> None:
    """A new verdict needs a decision."""
    assert {row[0] for row in ADVISED} == set(Verdict)


def test_what_was_not_asked_is_not_told() -> None:
    """Without a lot nothing is said of date and recall; of what is no code nothing at all."""
    assert (
        checked(Verdict.MALFORMED, has_lot=False)
        == checked(Verdict.UNAVAILABLE, has_lot=True)
        == ()
    )
    assert checked(Verdict.UNKNOWN, has_lot=False) == (Check.SIGNATURE, Check.ISSUED)
    assert Check.RECALL not in checked(Verdict.NOT_ACTIVATED, has_lot=False)
    assert checked(Verdict.OK, has_lot=True) == tuple(Check)[:-1]
