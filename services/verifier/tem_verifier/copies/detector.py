"""Does a stamp show signs of being copied? A pure rule over what is known of it.

Points say how hard it is to explain a sign without a second package. Look-ups are anybody's and
give no points: who scans a rival's stamps all day must not bring them onto a list. They stand
beside the evidence of tills, for the reader.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from tem.dates import vietnam_day
from tem.vocabulary import StampState
from tem_verifier.copies.trace import Evidence, Sign, Suspicion, TillEvent, Trace
from tem_verifier.retail.sale_kinds import Kind

# From here on a stamp is on the list. One sale in another store reaches it alone; in the same store
# it takes three more days.
ALARM = 50
# Goods do not go from one chain's shelf to another's. What is left: a trader who buys retail.
ANOTHER_CHAIN = 80
# Within a chain somebody may have taken it back without telling and sent it to a sister store.
ANOTHER_STORE = 60
# Each chain or store more makes an innocent course of events longer.
EACH_MORE = 10
# In the same store a return that nobody wrote down is the likeliest by far, or a package that lies
# beside the till and is scanned for all: so days count, and not sales. The till was told each time.
AGAIN_IN_STORE = 20
# Taken back properly, and then sold by somebody who never had it.
AFTER_RETURN = 30
# Void stamps are broken, lost or stolen, none should be on goods; but goods that came back may have
# been destroyed and their stamps voided since.
SOLD_VOID = 10
TOO_SOON = 15
# So long after a scan at the same till it is the same package: a cashier's second scan, one package
# scanned for several, a till that was started again.
SAME_PACKAGE = timedelta(minutes=30)
# In less nobody brings goods home, brings them back and has them put on another store's shelf.
SHORTEST_WAY_BACK = timedelta(hours=2)
# A household, its guests and the shop: not from so many networks on days after the sale.
MANY_ORIGINS = 10
# Producers and the Office try some blank stamps: once, from one network.
EARLY_DAYS, EARLY_ORIGINS = 2, 3


def is_alarm(suspicion: Suspicion | None) -> bool:
    """Whether somebody should look into it."""
    return suspicion is not None and suspicion.score >= ALARM


def judge(trace: Trace) -> Suspicion | None:
    """The signs of a stamp; None for nearly all, which were sold once at most."""
    if len(trace.events) < 2:
        return None
    found = [*_of_tills(_Course(trace)), *_of_look_ups(trace)]
    score = sum(one.points for one in found)
    heaviest = tuple(sorted(found, key=lambda one: -one.points))
    told = [one.recorded_at for one in trace.events[1:]]
    return Suspicion(score, heaviest, min(told), max(told))


class _Course:
    """What happened, one event after the other."""

    def __init__(self, trace: Trace) -> None:
        self.state = trace.state
        self.attempts: list[TillEvent] = []
        self.chains: set[str] = set()  # beyond the first seller's, with no return between
        self.stores: set[tuple[str, str]] = set()
        self.twice = self.returns = self.after_return = 0
        self.again_on: set[date] = set()
        self.soonest: timedelta | None = None
        self._holder: TillEvent | None = None
        for event in trace.events:
            self._take(event)

    def _take(self, event: TillEvent) -> None:
        if event.kind is Kind.RETURN:
            self.returns += 1
            return
        if self._is_same_package(event):
            self.twice += 1
        elif event.kind is Kind.SALE:
            self._resold(event)
        elif self._holder is not None:
            self._refused(event, self._holder)
        self.attempts.append(event)
        if event.kind is Kind.SALE:
            self._holder = event

    def _is_same_package(self, event: TillEvent) -> bool:
        return any(
            (one.chain, one.store) == (event.chain, event.store)
            and abs(event.at - one.at) <= SAME_PACKAGE
            for one in self.attempts
        )

    def _resold(self, event: TillEvent) -> None:
        """Sold once more after a return: odd only where no seller before had it."""
        if self.attempts and event.chain not in {one.chain for one in self.attempts}:
            self.after_return += 1

    def _refused(self, event: TillEvent, holder: TillEvent) -> None:
        place = (event.chain, event.store)
        if place == (holder.chain, holder.store) or place in self.stores:
            self.again_on.add(vietnam_day(event.at))
            return
        if event.chain != holder.chain:
            self.chains.add(event.chain)
        self.stores.add(place)
        apart = min(abs(event.at - one.at) for one in self.attempts)
        if apart < SHORTEST_WAY_BACK:
            self.soonest = apart if self.soonest is None else min(apart, self.soonest)


def _of_tills(course: _Course) -> Iterator[Evidence]:
    chains, stores = len(course.chains), len(course.stores)
    if chains:
        points = ANOTHER_CHAIN + EACH_MORE * (stores - 1)
        yield Evidence(Sign.ANOTHER_CHAIN, points, {"chains": chains + 1, "stores": stores + 1})
    elif stores:
        points = ANOTHER_STORE + EACH_MORE * (stores - 1)
        yield Evidence(Sign.ANOTHER_STORE, points, {"stores": stores + 1})
    if course.soonest is not None:
        minutes = int(course.soonest.total_seconds() // 60)
        yield Evidence(Sign.TOO_SOON, TOO_SOON, {"minutes": minutes})
    if again := len(course.again_on):
        yield Evidence(Sign.AGAIN_IN_STORE, AGAIN_IN_STORE * again, {"days": again})
    if course.after_return:
        points = AFTER_RETURN * course.after_return
        yield Evidence(Sign.AFTER_RETURN, points, {"times": course.after_return})
    if course.state is StampState.VOID:
        yield Evidence(Sign.SOLD_VOID, SOLD_VOID)
    if course.state is StampState.REVOKED:
        yield Evidence(Sign.SOLD_REVOKED, 0)
    if course.returns:
        yield Evidence(Sign.RETURN_BETWEEN, 0, {"times": course.returns})
    if course.twice:
        yield Evidence(Sign.DOUBLE_SCAN, 0, {"times": course.twice})


def _of_look_ups(trace: Trace) -> Iterator[Evidence]:
    sold_on = vietnam_day(trace.events[0].at)
    after = [one for one in trace.scans if one.day > sold_on]
    origins = sum(one.origins for one in after)
    if origins >= MANY_ORIGINS:
        yield Evidence(Sign.SCANNED_WIDELY, 0, {"origins": origins, "days": len(after)})
    made_on = trace.made_on
    early = [one for one in trace.scans if made_on is not None and one.day < made_on]
    origins = sum(one.origins for one in early)
    if len(early) >= EARLY_DAYS and origins >= EARLY_ORIGINS:
        yield Evidence(Sign.SCANNED_EARLY, 0, {"origins": origins, "days": len(early)})
