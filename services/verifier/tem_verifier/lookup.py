"""The look-up: parse, is it the code that was issued, its range, the verdict.

In this order the cheap refusals come first, and a forgery costs no more than a genuine code:
a fingerprint that differs ends it before any signature is checked.
"""

import hashlib
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tem import ed25519
from tem.answer import Card, Subject, answer, plain
from tem.clock import Clock
from tem.manifest import FINGERPRINT_BYTES
from tem.stampcode import BODY_BYTES, SIGNING_CONTEXT, raw_of, strip_prefix
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN, Ruling
from tem.vocabulary import StampState
from tem_verifier.alarms import raise_alarm
from tem_verifier.copies.canaries import Canaries
from tem_verifier.index import Index
from tem_verifier.manifests import Accepted
from tem_verifier.scans import Scans
from tem_verifier.snapshot.layout import HOT, NONE
from tem_verifier.tally import VERDICTS
from tem_verifier.view import Batch, View

# A batch that was published a moment ago must not be slandered as unknown: an unknown number
# makes the index catch up at once, but at most this often, so that forgeries cost nothing.
RECHECK_SECONDS = 0.05
# While the record is older than this, a batch that is not in it may have been published since.
FRESH = timedelta(seconds=5)
# Of so many look-ups whose fingerprint fits one has its signature checked too.
BOTH_ONE_IN = 128


@dataclass(frozen=True, slots=True)
class Binding:
    """What a stamp is tied to: all that its answer comes from, apart from cards and clock.

    ``state`` is None where the publication has a hole.
    """

    product_id: str
    producer_id: str
    state: StampState | None = None
    lot_id: str | None = None
    revoked_on: str | None = None


# A subject of the view's base, a binding of what changed since, or a ruling that shows nothing.
Found = int | Binding | Ruling
# A stamp that was issued: batch, index, what it stands for, whether it is scanned often.
Issued = tuple[int, int, int | Binding, bool]


class Lookup:
    """Answers codes out of an index. ``prefix`` is our own, which machines may send along;
    ``scans`` knows which stamps are scanned often, ``canaries`` remembers those that were shown."""

    def __init__(
        self,
        index: Index,
        clock: Clock,
        prefix: str,
        scans: Scans | None = None,
        canaries: Canaries | None = None,
    ) -> None:
        self._index, self._clock, self._prefix = index, clock, prefix
        self._scans, self._canaries = scans, canaries
        self._asked = 0

    def answer(self, text: str, *, both: bool = False) -> dict[str, Any]:
        """The JSON of a look-up, for whatever arrived as a code. ``both`` demands the signature
        beside the fingerprint."""
        out = self._answer(strip_prefix(text, self._prefix), self._clock(), both)
        VERDICTS.labels(out["verdict"]).inc()
        return out

    def _answer(self, text: str, now: datetime, both: bool) -> dict[str, Any]:
        raw = raw_of(text)
        if raw is not None and not self._index.view.knows(batch_of(raw)):
            self._index.catch_up_soon(RECHECK_SECONDS)
        view = self._index.view
        found = self.resolve(view, raw, now, both=both)
        if isinstance(found, Ruling):
            return plain(found, as_of(view, now))
        batch, index, stands_for, often = found
        try:
            binding = binding_of(view, batch, stands_for)
            subject = subject_of(view, binding, batch, index, often)
            return answer(subject, now, as_of(view, now))
        except (LookupError, TypeError, ValueError) as hole:
            raise_alarm("publication_incomplete", batch=batch, error=repr(hole))
            return plain(UNAVAILABLE, as_of(view, now))

    def issued(self, text: str) -> tuple[int, int] | None:
        """Batch and index of the stamp whose very code this is; None for anything else."""
        raw = raw_of(strip_prefix(text, self._prefix))
        if raw is None or isinstance(self.find(self._index.view, raw, self._clock()), Ruling):
            return None
        return batch_of(raw), index_of(raw)

    def product_of(self, raw: bytes) -> Card | None:
        """The card of the product that an issued stamp was made for; None for any other code, and
        where the publication has a hole."""
        view = self._index.view
        found = self.find(view, raw, self._clock())
        if isinstance(found, Ruling):
            return None
        try:
            return view.card("product", binding_of(view, batch_of(raw), found).product_id)
        except KeyError:
            return None

    def resolve(
        self, view: View, raw: bytes | None, now: datetime, *, both: bool = False
    ) -> Issued | Ruling:
        """The steps of every look-up, whatever its answer is made of: is it a code (``raw`` is None
        if not), is it one that was issued, what does its stamp stand for, is it scanned so often
        that it is told. ``both`` as :meth:`find` takes it."""
        if raw is None:
            return MALFORMED
        found = self.find(view, raw, now, both=both)
        if isinstance(found, Ruling):
            return found
        batch, index = batch_of(raw), index_of(raw)
        often = self._scans is not None and (batch, index) in self._scans.often
        return batch, index, found, often

    def find(self, view: View, raw: bytes, now: datetime, *, both: bool = False) -> Found:
        """What the 72 bytes of a code lead to: a ruling of UNKNOWN or UNAVAILABLE, or the subject
        or binding of a stamp that was issued.

        ``both`` demands the signature beside the fingerprint; otherwise one in
        :data:`BOTH_ONE_IN` is asked for it.
        """
        number = batch_of(raw)
        changed = view.batches.get(number)
        row = -1 if changed is not None else view.row_of(number)
        if view.position is None or (changed is None and row < 0):
            fresh = view.position is not None and now - view.position.as_of <= FRESH
            return UNKNOWN if fresh else UNAVAILABLE
        self._asked += 1
        both = both or self._asked % BOTH_ONE_IN == 0
        if changed is not None:
            return _in_changed(changed, raw, both, self._canaries)
        return _in_base(view, number, row, raw, both, self._canaries)


def as_of(view: View, now: datetime) -> datetime:
    """When the record that answers was complete."""
    return view.position.as_of if view.position else now


def batch_of(raw: bytes) -> int:
    """The batch that 72 bytes claim to be of."""
    return int.from_bytes(raw[1:5], "big")


def index_of(raw: bytes) -> int:
    """The index in it."""
    return int.from_bytes(raw[5:8], "big")


def _in_changed(batch: Batch, raw: bytes, both: bool, canaries: Canaries | None) -> Found:
    if batch.accepted is None:
        return UNAVAILABLE
    if not is_issued(raw, batch.accepted, both=both, canaries=canaries):
        return UNKNOWN
    state, lot_id, revoked_on = batch.ranges.at(index_of(raw)) or (None, None, None)
    return Binding(batch.product_id, batch.producer_id, state, lot_id, revoked_on)


def _in_base(
    view: View, number: int, row: int, raw: bytes, both: bool, canaries: Canaries | None
) -> Found:
    """The path of most look-ups: nothing is made that is not needed."""
    base = view.base
    assert base is not None
    memory, index = base.memory, index_of(raw)
    begin, end, table, quantity, last_index, believed = HOT.unpack_from(
        memory, base.hot + row * HOT.size
    )
    if not believed or number in view.refused:
        return UNAVAILABLE
    if index > last_index:
        return UNKNOWN
    if table != NONE:
        at = base.tables + (table + index - 1) * FINGERPRINT_BYTES
        if memory[at : at + FINGERPRINT_BYTES] != fingerprint(raw):
            return UNKNOWN
    if both or table == NONE or index > quantity:
        accepted = base.accepted(row)
        if accepted is None or not is_issued(raw, accepted, both=True, canaries=canaries):
            return UNKNOWN
    place = bisect_left(base.lasts, index, begin, end)
    subject = base.subjects[place] if place < end else NONE
    return Binding(*base.owner(row)) if subject == NONE else subject


def binding_of(view: View, batch: int, found: int | Binding) -> Binding:
    """The binding that a look-up found, whichever way."""
    if isinstance(found, Binding):
        return found
    assert view.base is not None
    product_id, producer_id = view.base.owner(view.base.row_of(batch))
    state, lot_id, revoked_on = view.base.binding(found)
    return Binding(product_id, producer_id, state, lot_id, revoked_on)


def subject_of(view: View, binding: Binding, batch: int, index: int, often: bool) -> Subject:
    """The stamp with its cards. Raises LookupError if the publication has a hole."""
    if binding.state is None:
        raise LookupError("no range holds the stamp")
    product = view.card("product", binding.product_id)
    return Subject(
        batch=batch,
        index=index,
        state=binding.state,
        product=product,
        producer=view.card("producer", binding.producer_id),
        lot=None if binding.lot_id is None else view.card("lot", binding.lot_id),
        revoked_on=binding.revoked_on,
        points_of_sale=dict(_shops(view, product)),
        scanned_often=often,
    )


def _shops(view: View, product: dict[str, Any]) -> Any:
    for id in {sale["pos_id"] for sale in product["points_of_sale"]}:
        try:
            yield id, view.card("pos", id)
        except KeyError:
            continue  # it is not shown until it is published


def fingerprint(raw: bytes) -> bytes:
    """What a published table holds of a code."""
    return hashlib.sha256(raw).digest()[:FINGERPRINT_BYTES]


def is_issued(
    raw: bytes, accepted: Accepted, *, both: bool, canaries: Canaries | None = None
) -> bool:
    """Whether this is the very code that was issued at its index, and no canary: ``canaries`` is
    told of one.

    ``both`` demands the signature beside the fingerprint; without a table it always decides, and
    of a canary it is checked before anybody is alarmed.
    """
    index = index_of(raw)
    if index > accepted.last_index:
        return False
    known = accepted.fingerprint(index)
    if known is not None and fingerprint(raw) != known:
        return False
    canary = index > accepted.quantity
    if (both or canary or known is None) and not _is_signed(raw, accepted.public_key):
        if known is not None:
            raise_alarm("fingerprint_and_signature_disagree", batch=batch_of(raw))
        return False
    if canary:
        raise_alarm("canary_seen", batch=batch_of(raw))
        if canaries is not None:
            canaries.seen(batch_of(raw), index)
    return not canary


def _is_signed(raw: bytes, public_key: bytes) -> bool:
    return ed25519.verifies(public_key, SIGNING_CONTEXT + raw[:BODY_BYTES], raw[BODY_BYTES:])
