"""The batches of an import, really signed: ask, follow, record, and wait out an outage."""

import time
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from tem.clock import Clock
from tem.databases.database import reading
from tem.errors import Unavailable
from tem.trust import Trust
from tem_registry import tables
from tem_registry.importing.import_report import Progress
from tem_registry.orders import issuing, orders
from tem_registry.orders.issuer_client import IssuerClient
from tem_registry.orders.orders import Order

POLL_SECONDS = 0.05
STILL_SECONDS = 600.0  # without any progress; an outage may last as long
# Waiting does not help: another day, or somebody, has to come.
LASTING = (
    *issuing.WAIT_FOR,
    *("key_missing", "key_malformed", "key_not_valid", "role_not_allowed"),
)


def waiting(connection: Connection) -> list[Order]:
    """The orders of imported batches that are not issued yet."""
    c = tables.import_ledger.c
    mine = set(connection.execute(select(c.id).where(c.kind == "stamp_batch")).scalars())
    return [order for order in orders.open_orders(connection) if order.id in mine]


@dataclass(frozen=True, slots=True)
class Signing:
    """Lets the issuer sign what it has not signed yet, and records it.

    ``still_seconds`` is how long nothing may move before it gives up.
    """

    engine: Engine
    clock: Clock
    trust: Trust
    issuer: IssuerClient
    progress: Progress
    still_seconds: float = STILL_SECONDS

    def run(self) -> None:
        """Until nothing waits. Raises Unavailable if nothing moved for too long."""
        total, signed, before, why = None, 0, None, ""
        deadline = time.monotonic() + self.still_seconds
        while True:
            with reading(self.engine) as connection:
                left = waiting(connection)
            total = len(left) if total is None else total
            self.progress("stamp_batch issue", total - len(left), total)
            if not left:
                return
            if left != before:
                before, deadline = left, time.monotonic() + self.still_seconds
            elif time.monotonic() > deadline:
                more = self._signed(left)
                if more <= signed:
                    raise _stuck(len(left), why)
                signed, deadline = more, time.monotonic() + self.still_seconds
            why = self._step(left)
            time.sleep(POLL_SECONDS)

    def _step(self, left: list[Order]) -> str:
        """Take each order one step on; why the last one that waits does. Raises what lasts."""
        why = ""
        for order in left:
            try:
                issuing.advance(self.engine, self.clock, self.trust, self.issuer, order)
            except Unavailable as error:
                if error.code in LASTING:
                    raise
                why = f" {error.detail}"
                if error.code == "issuer_unavailable":
                    break  # the others would find the same
        return why

    def _signed(self, left: list[Order]) -> int:
        """How many codes of the batches under way the issuer has signed: a long run moves too."""
        try:
            return sum(self.issuer.find(o.batch).signed for o in left if o.batch is not None)
        except Unavailable:
            return 0


def _stuck(batches: int, why: str) -> Unavailable:
    return Unavailable(
        "signing_takes_too_long",
        f"{batches} batches are not signed, and nothing moves: run the import again later.{why}",
    )
