"""What is known of one stamp: what tills told of it, how often it was looked up. No persons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from tem.vocabulary import StampState
from tem_verifier.retail.sale_kinds import Kind


@dataclass(frozen=True, slots=True)
class TillEvent:
    """``at`` by the till's clock, ``recorded_at`` by ours."""

    kind: Kind
    chain: str
    store: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class ScanDay:
    """Look-ups of a day, and from how many different networks."""

    day: date
    count: int
    origins: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A stamp. ``events`` in the order in which they were recorded; ``made_on``: when its lot was
    made, if it has one."""

    events: Sequence[TillEvent]
    scans: Sequence[ScanDay] = ()
    state: StampState | None = None
    made_on: date | None = None


class Sign(StrEnum):
    """What speaks for copies, or against: stable codes."""

    ANOTHER_CHAIN = "sold_in_another_chain"
    ANOTHER_STORE = "sold_in_another_store"
    AGAIN_IN_STORE = "sold_again_in_store"
    TOO_SOON = "sold_elsewhere_too_soon"
    AFTER_RETURN = "sold_elsewhere_after_return"
    SOLD_VOID = "sold_though_void"
    SOLD_REVOKED = "sold_though_revoked"
    SCANNED_WIDELY = "scanned_widely_after_sale"
    SCANNED_EARLY = "scanned_before_it_was_made"
    DOUBLE_SCAN = "scanned_twice_at_the_till"
    RETURN_BETWEEN = "returned_in_between"
    CANARY = "canary_looked_up"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sign, how much it weighs, and the numbers in its sentence."""

    sign: Sign
    points: int
    values: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Suspicion:
    """All signs of a stamp, the heaviest first. ``score`` is of what tills told alone; ``since``
    and ``last_at`` are when the first and the latest of it was recorded."""

    score: int
    evidence: tuple[Evidence, ...]
    since: datetime
    last_at: datetime
