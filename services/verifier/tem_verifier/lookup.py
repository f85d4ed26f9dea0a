"""The look-up: parse, is it the code that was issued, its range, the verdict.

In this order the cheap refusals come first, and a forgery costs no more than a genuine code:
a fingerprint that differs ends it before any signature is checked.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter

from tem import ed25519
from tem.answer import Subject, answer, plain
from tem.clock import Clock
from tem.manifest import FINGERPRINT_BYTES
from tem.stampcode import Malformed, StampCode, parse, signed_message, strip_prefix
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN
from tem_verifier.alarms import raise_alarm
from tem_verifier.index import Batch, Index, View
from tem_verifier.manifests import Accepted
from tem_verifier.scans import Scans

# A batch that was published a moment ago must not be slandered as unknown: an unknown number
# makes the index catch up at once, but at most this often, so that forgeries cost nothing.
RECHECK_SECONDS = 0.05
# While the record is older than this, a batch that is not in it may have been published since.
FRESH = timedelta(seconds=5)

VERDICTS = Counter("tem_verifier_verdicts", "Answers given", ["verdict"])


class Lookup:
    """Answers codes out of an index. ``prefix`` is our own, which machines may send along;
    ``scans`` knows which stamps are scanned often."""

    def __init__(self, index: Index, clock: Clock, prefix: str, scans: Scans | None = None) -> None:
        self._index, self._clock, self._prefix = index, clock, prefix
        self._scans = scans

    def answer(self, text: str) -> dict[str, Any]:
        """The JSON of a look-up, for whatever arrived as a code."""
        out = self._answer(strip_prefix(text, self._prefix), self._clock())
        VERDICTS.labels(out["verdict"]).inc()
        return out

    def _answer(self, text: str, now: datetime) -> dict[str, Any]:
        try:
            code = parse(text)
        except Malformed:
            position = self._index.view.position
            return plain(MALFORMED, position.as_of if position else now)
        view = self._view_with(code.batch)
        if view.position is None:
            return plain(UNAVAILABLE, now)
        as_of = view.position.as_of
        batch = view.batches.get(code.batch)
        if batch is None:
            return plain(UNKNOWN if now - as_of <= FRESH else UNAVAILABLE, as_of)
        if batch.accepted is None:
            return plain(UNAVAILABLE, as_of)
        if not is_issued(code, batch.number, batch.accepted):
            return plain(UNKNOWN, as_of)
        try:
            return answer(_subject(view, batch, code, self._is_often(code)), now, as_of)
        except (LookupError, TypeError, ValueError) as hole:
            raise_alarm("publication_incomplete", batch=batch.number, error=repr(hole))
            return plain(UNAVAILABLE, as_of)

    def _is_often(self, code: StampCode) -> bool:
        return self._scans is not None and (code.batch, code.index) in self._scans.often

    def _view_with(self, batch: int) -> View:
        """The newest view, if need be read again to look for a batch."""
        if batch not in self._index.view.batches:
            self._index.catch_up_soon(RECHECK_SECONDS)
        return self._index.view


def _subject(view: View, batch: Batch, code: StampCode, scanned_often: bool) -> Subject:
    """The stamp with its cards. Raises LookupError if the publication has a hole."""
    found = batch.ranges.at(code.index)
    if found is None:
        raise LookupError("no range holds the stamp")
    state, lot_id, revoked_on = found
    product = view.cards["product", batch.product_id]
    sold_at = {sale["pos_id"] for sale in product["points_of_sale"]}
    return Subject(
        batch=batch.number,
        index=code.index,
        state=state,
        product=product,
        producer=view.cards["producer", batch.producer_id],
        lot=None if lot_id is None else view.cards["lot", lot_id],
        revoked_on=revoked_on,
        points_of_sale={id: view.cards["pos", id] for id in sold_at if ("pos", id) in view.cards},
        scanned_often=scanned_often,
    )


def is_issued(code: StampCode, batch: int, accepted: Accepted) -> bool:
    """Whether this is the very code that was issued at its index, and no canary."""
    if code.index > accepted.last_index:
        return False
    known = accepted.fingerprint(code.index)
    if known is not None and hashlib.sha256(code.raw).digest()[:FINGERPRINT_BYTES] != known:
        return False
    message = signed_message(code.batch, code.index)
    if not ed25519.verifies(accepted.public_key, message, code.signature):
        if known is not None:
            raise_alarm("fingerprint_and_signature_disagree", batch=batch)
        return False
    if code.index > accepted.quantity:
        raise_alarm("canary_seen", batch=batch)
        return False
    return True
