"""The office: a recall, and its lift a moment later."""

import gevent
from loadtests.locust_acts import Acting
from loadtests.locust_run import CHANCE, STOCK, TOLD, verdicts
from loadtests.locust_stamps import OFFICE_LOTS
from loadtests.seed_plan import lot_id
from locust import between, task

NOTICE = {
    "kind": "voluntary",
    "ordered_by": "Văn phòng (mẫu)",
    "reason_public": "Đo tải (mẫu)",
}
_number, _processes = TOLD.share
_own = [
    (batch, one)
    for batch, one in STOCK.office
    if one.lot is not None and one.lot // OFFICE_LOTS % _processes == _number
]


class Office(Acting):
    """One in each process, with lots that no other process recalls."""

    fixed_count = 1
    wait_time = between(1, 3)

    @task
    def recall(self) -> None:
        """A lot is recalled, the public sees it; the recall is lifted, and it sees that."""
        if not _own:  # a registry too small for it
            self.stop()
            return
        stamp = STOCK.first_of(CHANCE.choice(_own), CHANCE.randint(0, 1000))
        assert stamp.lot is not None
        before, path = min(verdicts(stamp)), f"/v1/lots/{lot_id(stamp.lot.number)}/recall"
        if self.act("office: recall", path, TOLD.office, NOTICE) is None:
            return
        self.until_seen("recall", "office: look-up after a recall", stamp, "RECALLED")
        gevent.sleep(CHANCE.uniform(0.2, 1))
        lifted = self.act("office: lift", f"{path}/lift", TOLD.office, {}, 200)
        if lifted is not None:
            self.until_seen("lift", "office: look-up after a lift", stamp, before)
