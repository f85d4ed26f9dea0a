"""An act as an export sees it: who did what to which stamps or lot, and when. Pure."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tem.dates import start_of_day, vietnam_day
from tem_registry.uris import Producer, Product

MAX_INSTANCES = 1000  # stamps that one event names one by one
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tem:epcis")


@dataclass(frozen=True, slots=True)
class LotFacts:
    """What is left of a lot: everything but its id is absent once it has been purged."""

    id: str
    code: str | None = None
    production_date: date | None = None
    packed: bool = False  # the date is that of packing
    best_before: date | None = None
    quantity: int | None = None

    @property
    def is_purged(self) -> bool:
        """Whether its record has ended."""
        return self.code is None


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the audit trail with the facts it needs: the source of an event.

    ``id`` is the entry's hash. ``first`` and ``last`` are absent where no stamps are concerned,
    ``batch`` and ``batch_id`` with them; ``lot`` is absent where the stamps are tied to none.
    """

    id: str
    seq: int
    at: datetime
    action: str
    product: Product
    producer: Producer
    batch: int | None = None
    batch_id: str | None = None
    first: int = 0
    last: int = 0
    lot: LotFacts | None = None
    details: dict[str, Any] = field(default_factory=dict)
    on: date | None = None  # the day the record gives, where it is not that of the entry
    part: str = "0"  # tells the events of one entry apart
    undoes: tuple["Act", ...] = ()  # a correction: the activations it declares wrong

    @property
    def stamps(self) -> int:
        """How many stamps it concerns."""
        return self.last - self.first + 1 if self.batch is not None else 0


def event_time(act: Act) -> datetime:
    """When it happened: the entry's instant, or the beginning of the day the record gives."""
    if act.on is None or act.on == vietnam_day(act.at):
        return act.at
    return start_of_day(act.on)


def event_id(act: Act) -> str:
    """The same id in each export: a UUID of version 5 over the entry's hash."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{act.id}/{act.part}')}"
