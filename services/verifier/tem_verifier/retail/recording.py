"""A till's call: each code looked up, the items told apart, and what counts recorded at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import Counter
from sqlalchemy import Connection

from tem.errors import Unavailable
from tem_verifier.retail import outcomes
from tem_verifier.retail.outcomes import Answer
from tem_verifier.retail.returns import take_back
from tem_verifier.retail.sale_events import Told
from tem_verifier.retail.sale_rules import Outcome, Refused, refused_time
from tem_verifier.retail.sales import sell
from tem_verifier.retail.tills import Till

SALES = Counter("tem_verifier_sales", "Sales told by tills", ["outcome"])
RETURNS = Counter("tem_verifier_returns", "Returns told by tills", ["outcome"])
for outcome in (Outcome.SOLD, Outcome.ALREADY_SOLD, Outcome.REFUSED):
    SALES.labels(outcome)
for outcome in (Outcome.RETURNED, Outcome.NOT_SOLD, Outcome.NOT_SOLD_HERE, Outcome.TOO_LATE):
    RETURNS.labels(outcome)
RETURNS.labels(Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Item:
    """One sale or return as it arrived: when it was, and where."""

    code: str
    store: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with the look-up of its code; ``told`` is what to record, or why nothing is."""

    answer: Answer
    told: Told | Refused


def judged(items: Sequence[Item], look_up: Callable[[str], Answer], now: datetime) -> list[Judged]:
    """Each item with its look-up. Raises Unavailable if not one of them could be answered: the
    same call may then be sent again as it is."""
    answers = [look_up(item.code) for item in items]
    found = [
        Judged(answer, _told(item, answer, now))
        for item, answer in zip(items, answers, strict=True)
    ]
    if all(one.told is Refused.UNAVAILABLE for one in found):
        raise Unavailable(
            "stamps_unavailable",
            "No stamp can be looked up now, nothing was recorded: send the same request again.",
        )
    return found


def _told(item: Item, answer: Answer, now: datetime) -> Told | Refused:
    stamp = outcomes.stamp_of(answer)
    if isinstance(stamp, Refused):
        return stamp
    return refused_time(item.at, now) or Told(stamp, item.store, item.at)


def record_sales(
    connection: Connection, now: datetime, till: Till, items: Sequence[Judged]
) -> list[Answer]:
    """Record the sales that count, whatever their stamps' verdicts: goods that were handed over
    are sold. What became of each, in order."""
    counted = [one.told for one in items if isinstance(one.told, Told)]
    in_way = iter(sell(connection, now, till, counted))
    became = []
    for one in items:
        if isinstance(one.told, Refused):
            became.append(outcomes.refused(one.answer, one.told))
        elif (sale := next(in_way)) is None:
            became.append(outcomes.sold(one.answer, one.told.store, one.told.at))
        else:
            became.append(outcomes.already_sold(one.answer, sale, till.chain))
    return became


def record_returns(
    connection: Connection, now: datetime, till: Till, items: Sequence[Judged]
) -> list[Answer]:
    """Take back the sales that may be. What became of each, in order."""
    counted = [one.told for one in items if isinstance(one.told, Told)]
    found = iter(take_back(connection, now, till, counted))
    became = []
    for one in items:
        told = one.told if isinstance(one.told, Refused) else next(found)
        if isinstance(told, Refused):
            became.append(outcomes.refused(one.answer, told))
        else:
            assert isinstance(one.told, Told)
            became.append(outcomes.returned(one.answer, told, one.told.at))
    return became


def count(counter: Counter, became: Sequence[dict[str, Any]]) -> None:
    """Count what a call came to, once it is committed."""
    for one in became:
        counter.labels(one["outcome"]).inc()
