"""What a till is to do with a stamp's verdict, and which checks led to it.

A till gets one of three words beside the verdict, in page-less answers of every kind: single,
bulk and offline. The stamp is judged, never the goods, and a person can always overrule it.
"""

from enum import StrEnum

from tem.vocabulary import Verdict


class Advice(StrEnum):
    """``allow`` goes on, ``stop`` does not sell, ``ask`` calls a person, who decides."""

    ALLOW = "allow"
    ASK = "ask"
    STOP = "stop"


class Check(StrEnum):
    """The questions asked about a code, in their order. ``sold`` is asked for retailers alone."""

    SIGNATURE = "signature"
    ISSUED = "issued"
    ACTIVATED = "activated"
    LOT = "lot"
    EXPIRY = "expiry"
    RECALL = "recall"
    SOLD = "sold"


ALREADY_SOLD = "already_sold"
_OF_CODE = (Check.SIGNATURE, Check.ISSUED)
_OF_STAMP = (*_OF_CODE, Check.ACTIVATED)
_OF_LOT = (*_OF_STAMP, Check.LOT, Check.EXPIRY, Check.RECALL)
_ADVICE = {
    Verdict.OK: Advice.ALLOW,
    # Read again or by hand: another symbol, a blurred one, or a line that is down.
    Verdict.MALFORMED: Advice.ASK,
    Verdict.UNAVAILABLE: Advice.ASK,
    # The producer may only be late with the activation.
    Verdict.NOT_ACTIVATED: Advice.ASK,
    Verdict.UNKNOWN: Advice.STOP,
    Verdict.RECALLED: Advice.STOP,
    Verdict.VOID: Advice.STOP,
    Verdict.STAMP_REVOKED: Advice.STOP,
    Verdict.INFO_EXPIRED: Advice.STOP,
    Verdict.PAST_DATE: Advice.STOP,
}


def advice(verdict: Verdict, reason: str, date_kind: str | None) -> Advice:
    """The word for a verdict. ``date_kind`` is the product's, where the verdict shows it.

    A "best before" that has passed is about quality, and goods without a date have none to be
    past: a person looks. A "use by" is about safety.
    """
    if verdict is Verdict.PAST_DATE and date_kind == "best_before":
        return Advice.ASK
    if reason == "info_window_closed_no_expiry":
        return Advice.ASK
    return _ADVICE[verdict]


def checked(verdict: Verdict, *, has_lot: bool) -> tuple[Check, ...]:
    """The checks that were carried out; ``has_lot`` if the stamp is or was tied to a lot."""
    if verdict in (Verdict.MALFORMED, Verdict.UNAVAILABLE):
        return ()
    if verdict is Verdict.UNKNOWN:
        return _OF_CODE
    return _OF_LOT if has_lot else _OF_STAMP
