"""What a till is told of a sale or return: the outcome beside the verdict of its stamp. Pure."""

from datetime import datetime
from typing import Any

from tem.advice import ALREADY_SOLD, Advice, Check
from tem.dates import rfc3339
from tem.vocabulary import Verdict
from tem_verifier.retail.sale_rules import Outcome, Refused
from tem_verifier.retail.sold import Sold, Stamp

Answer = dict[str, Any]  # the JSON of a look-up
_SHOWN = ("stamp", "verdict", "reason", "reasons", "checked", "advice", "as_of")
_DETAILS = {
    Refused.MALFORMED: "This is no code of a stamp: scan it again, or type what was read.",
    Refused.UNKNOWN: "No such stamp was issued: keep the package and tell the Office.",
    Refused.UNAVAILABLE: "This stamp cannot be looked up now: send the item again with another "
    "Idempotency-Key.",
    Refused.TOO_FAR_AHEAD: "The time lies more than 5 minutes ahead: set the till's clock.",
    Refused.TOO_LONG_AGO: "The time lies more than 31 days back: tell the Office.",
    Refused.BEFORE_ITS_SALE: "It came back before it was sold: set the tills' clocks.",
}
_NO_STAMP = {
    Verdict.MALFORMED: Refused.MALFORMED,
    Verdict.UNKNOWN: Refused.UNKNOWN,
    Verdict.UNAVAILABLE: Refused.UNAVAILABLE,
}


def stamp_of(answer: Answer) -> Stamp | Refused:
    """The stamp that was looked up, or why there is none to be sold."""
    refused = _NO_STAMP.get(Verdict(answer["verdict"]))
    return refused or (answer["stamp"]["batch"], answer["stamp"]["index"])


def refused(answer: Answer, why: Refused) -> Answer:
    """An item of which nothing was recorded."""
    told = {"outcome": str(Outcome.REFUSED), "code": str(why), "detail": _DETAILS[why]}
    return told | _verdict(answer)


def sold(answer: Answer, store: str, sold_at: datetime) -> Answer:
    """A sale that is recorded."""
    told = {"outcome": str(Outcome.SOLD), "sold_at": rfc3339(sold_at), "store": store}
    return told | _verdict(answer, was_asked=True)


def already_sold(answer: Answer, sale: Sold, chain: str) -> Answer:
    """A sale that came late: when the other one was, and where if the chain's own till made it."""
    told = {"outcome": str(Outcome.ALREADY_SOLD), "sold_at": rfc3339(sale.sold_at)}
    if sale.chain == chain:
        told["store"] = sale.store
    shown = _verdict(answer, was_asked=True)
    shown |= {"reasons": [*shown["reasons"], ALREADY_SOLD], "advice": str(Advice.STOP)}
    return told | shown


def returned(answer: Answer, outcome: Outcome, returned_at: datetime) -> Answer:
    """What became of a return."""
    told = {"outcome": str(outcome)}
    if outcome is Outcome.RETURNED:
        told["returned_at"] = rfc3339(returned_at)
    return told | _verdict(answer)


def _verdict(answer: Answer, *, was_asked: bool = False) -> Answer:
    shown = {name: answer[name] for name in _SHOWN if name in answer}
    if was_asked:
        shown["checked"] = [*shown["checked"], str(Check.SOLD)]
    return shown
