"""The rules of issuing, without any I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from tem.dates import vietnam_day
from tem.errors import Conflict, Gone, Invalid
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH


class BatchState(StrEnum):
    """``reserved → signing → released``, or ``failed`` when signing failed again and again."""

    RESERVED = "reserved"
    SIGNING = "signing"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Batch:
    """An order's worth of stamps of one product. Fields from ``last_index`` on are absent
    until the batch is released; ``printed_at`` until the office confirmed the print."""

    number: int
    state: BatchState | str
    quantity: int
    product_id: str
    producer_id: str
    reference: str | None
    url_prefix: str
    created_at: datetime
    attempt: int = 0
    failures: int = 0
    signed: int = 0
    last_index: int | None = None
    public_key: bytes | None = None
    manifest: str | None = None
    signature: bytes | None = None
    released_at: datetime | None = None
    printed_at: datetime | None = None

    @property
    def host(self) -> str:
        """The host in its symbols, as printed in plain words beside them."""
        return urlsplit(self.url_prefix).netloc

    @property
    def codes(self) -> str:
        """Where its codes stand: ``none`` yet, ``kept`` until printed, then ``destroyed``."""
        if self.state != BatchState.RELEASED:
            return "none"
        return "kept" if self.printed_at is None else "destroyed"


def check_ceiling(reserved_today: int, quantity: int, ceiling: int) -> None:
    """Raises Conflict if a producer would get more stamps in a day than the ceiling."""
    if reserved_today + quantity > ceiling:
        raise Conflict(
            "daily_ceiling",
            f"One producer gets at most {ceiling} stamps a day here, and {reserved_today} are "
            "reserved today. Try again tomorrow, or have the ceiling raised on the machine.",
            ceiling=ceiling,
            reserved_today=reserved_today,
        )


def check_number(number: int, sandbox: bool) -> None:
    """Raises Conflict when the range of batch numbers is used up, or is another environment's."""
    if sandbox and number < FIRST_TEST_BATCH:
        raise Conflict(
            "not_a_sandbox",
            "This store has issued stamps of production: a sandbox needs a folder of its own.",
        )
    if number > (MAX_BATCH if sandbox else FIRST_TEST_BATCH - 1):
        raise Conflict("numbers_used_up", "There are no batch numbers left.")


def check_codes_kept(batch: Batch) -> None:
    """Raises Conflict before release, Gone after the print was confirmed."""
    if batch.state != BatchState.RELEASED:
        raise Conflict(
            "not_released",
            f"Batch {batch.number} is {batch.state}: follow GET /v1/batches/{batch.number}.",
            state=str(batch.state),
        )
    if batch.printed_at is not None:
        raise Gone(
            "codes_destroyed",
            f"The print of batch {batch.number} was confirmed on "
            f"{vietnam_day(batch.printed_at):%d/%m/%Y}, and its codes were destroyed then.",
        )


def check_range(batch: Batch, first: int, last: int) -> None:
    """Raises Invalid unless ``first..last`` are stamps of the batch (canaries are none)."""
    if not 1 <= first <= last <= batch.quantity:
        raise Invalid(
            "no_such_stamps",
            f"Batch {batch.number} has the stamps 1 to {batch.quantity}.",
            quantity=batch.quantity,
        )
