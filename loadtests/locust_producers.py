"""Producers: lots recorded, stamps activated, and looked up until they are OK."""

import secrets
from datetime import timedelta

from loadtests.locust_acts import Acting
from loadtests.locust_run import CHANCE, STOCK, TOLD
from loadtests.locust_stamps import Stamp
from loadtests.seed_plan import product_id
from locust import between, task

from tem.vocabulary import StampState

MOST, ACTS_OF_LOT = 20, 5
_waiting = list(TOLD.producers)


class Producer(Acting):
    """One of the first producers of the registry, with its own key and stamps."""

    fixed_count = len(_waiting)
    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        producer, self.key = _waiting.pop()
        self.stamps = STOCK.unused(producer)
        self.batch, self.range = next(self.stamps)
        self.next, self.lot, self.left = self.range.first, "", 0

    @task
    def activate(self) -> None:
        """Tie the next stamps of the present batch to a lot; the public sees it."""
        if self.left == 0 and not self._new_lot():
            return
        last = min(self.range.last, self.next + CHANCE.randint(0, MOST - 1))
        body = {"batch": self.batch, "first": self.next, "last": last}
        path = f"/v1/lots/{self.lot}/activations"
        self.left -= 1
        if self.act("producer: activation", path, self.key, body) is not None:
            index = CHANCE.choice((self.next, last))
            stamp = Stamp(self.batch, index, StampState.ACTIVATED, None)
            self.until_seen("activation", "producer: look-up after an activation", stamp, "OK")
        self._go_on(last)

    def _new_lot(self) -> bool:
        made = STOCK.seeded - timedelta(days=CHANCE.randint(1, 30))
        body = {
            "product_id": product_id(STOCK.plan.product_of(self.batch)),
            "lot_code": secrets.token_hex(6),
            "production_date": made.isoformat(),
            "quantity": 1_000_000,
        }
        answer = self.act("producer: new lot", "/v1/lots", self.key, body)
        if answer is None:
            return False
        self.lot, self.left = answer["lot_id"], ACTS_OF_LOT
        return True

    def _go_on(self, last: int) -> None:
        """The next stamps, of the next batch where this one is used up, else this user rests."""
        self.next = last + 1
        if self.next > self.range.last:
            following = next(self.stamps, None)
            if following is None:
                self.stop()
                return
            self.batch, self.range = following
            self.next, self.left = self.range.first, 0
