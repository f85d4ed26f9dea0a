"""The look-up: parse, is it the code that was issued, its range, the verdict.

In this order the cheap refusals come first, and a forgery costs no more than a genuine code:
a fingerprint that differs ends it before any signature is checked.
"""

import hashlib
from datetime import datetime
from typing import Any

from prometheus_client import Counter

from tem import ed25519
from tem.answer import Subject, answer, plain
from tem.clock import Clock
from tem.stampcode import Malformed, StampCode, parse, signed_message, strip_prefix
from tem.verdict import MALFORMED, UNAVAILABLE, UNKNOWN
from tem_verifier.alarms import raise_alarm
from tem_verifier.index import Batch, Index
from tem_verifier.manifests import FINGERPRINT_BYTES, Accepted

# A batch that was published a moment ago must not be slandered as unknown: an unknown number
# makes the index catch up at once, but at most this often, so that forgeries cost nothing.
RECHECK_SECONDS = 0.05

VERDICTS = Counter("tem_verifier_verdicts", "Answers given", ["verdict"])


class Lookup:
    """Answers codes out of an index. ``prefix`` is our own, which machines may send along."""

    def __init__(self, index: Index, clock: Clock, prefix: str) -> None:
        self._index, self._clock, self._prefix = index, clock, prefix

    def answer(self, text: str) -> dict[str, Any]:
        """The JSON of a look-up, for whatever arrived as a code."""
        out = self._answer(strip_prefix(text, self._prefix), self._clock())
        VERDICTS.labels(out["verdict"]).inc()
        return out

    def _answer(self, text: str, now: datetime) -> dict[str, Any]:
        position = self._index.position
        as_of = position.as_of if position else now
        try:
            code = parse(text)
        except Malformed:
            return plain(MALFORMED, as_of)
        batch = self._batch(code)
        if self._index.position is None:
            return plain(UNAVAILABLE, now)
        if batch is None:
            return plain(UNKNOWN, as_of)
        if batch.accepted is None:
            return plain(UNAVAILABLE, as_of)
        if not is_issued(code, batch.number, batch.accepted):
            return plain(UNKNOWN, as_of)
        subject = self._subject(batch, code)
        return plain(UNAVAILABLE, as_of) if subject is None else answer(subject, now, as_of)

    def _batch(self, code: StampCode) -> Batch | None:
        batch = self._index.batches.get(code.batch)
        if batch is None:
            self._index.catch_up(not_within=RECHECK_SECONDS)
            batch = self._index.batches.get(code.batch)
        return batch

    def _subject(self, batch: Batch, code: StampCode) -> Subject | None:
        """The stamp with its cards; None, with an alarm, if the publication has a hole."""
        found = batch.ranges.at(code.index)
        cards = self._index.cards
        product = cards.get(("product", batch.product_id))
        producer = cards.get(("producer", batch.producer_id))
        if found is None or product is None or producer is None:
            raise_alarm("publication_incomplete", batch=batch.number)
            return None
        state, lot_id, revoked_on = found
        lot = cards.get(("lot", lot_id)) if lot_id is not None else None
        if lot_id is not None and lot is None:
            raise_alarm("publication_incomplete", batch=batch.number)
            return None
        sold_at = {sale["pos_id"] for sale in product["points_of_sale"]}
        return Subject(
            batch=batch.number,
            index=code.index,
            state=state,
            product=product,
            producer=producer,
            lot=lot,
            revoked_on=revoked_on,
            points_of_sale={id: cards["pos", id] for id in sold_at if ("pos", id) in cards},
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
