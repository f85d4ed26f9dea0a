"""Many codes at once: the same answers as one by one, in order; for tills, what is sold."""

import json
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Engine

from tem.advice import ALREADY_SOLD, Advice, Check
from tem.databases.database import reading
from tem.dates import rfc3339
from tem.stampcode import raw_of, strip_prefix
from tem.vocabulary import Verdict
from tem_verifier.answering import Answering
from tem_verifier.heads import JSON
from tem_verifier.index import Index
from tem_verifier.lookup import RECHECK_SECONDS, batch_of, index_of
from tem_verifier.pages import ENCODER
from tem_verifier.retail.sold import Sold, Stamp, sold
from tem_verifier.tally import VERDICTS

# These tell of no stamp, so there is none to have been sold.
_OF_NO_STAMP = frozenset({Verdict.MALFORMED, Verdict.UNKNOWN, Verdict.UNAVAILABLE})
# Where the checks of an answer end: all before it is written by us, no text of others.
_CHECKED_ENDS, _AND_SOLD = b'"],"advice":', b'","%b"],"advice":' % Check.SOLD.encode()


class Bulk:
    """Answers many codes out of one worker's record, and its own database where tills ask."""

    def __init__(self, index: Index, answering: Answering, prefix: str, store: Engine) -> None:
        """``prefix`` may stand before the digits of a code."""
        self._index, self._answering = index, answering
        self._prefix, self._store = prefix, store

    def told(self, codes: Sequence[str], chain: str | None = None) -> list[bytes]:
        """The JSON of each code's answer, without a line's end.

        Of each code the signature is demanded beside the fingerprint. With a ``chain`` one
        question to the database says which stamps are sold, and consumers' scans are not told: a
        rival's could otherwise stop a till. Raises what the database raises: an answer that does
        not know what is sold is none.
        """
        raws = [raw_of(strip_prefix(code, self._prefix)) for code in codes]
        known = self._index.view.knows
        if any(raw is not None and not known(batch_of(raw)) for raw in raws):
            self._index.catch_up_soon(RECHECK_SECONDS)
        if chain is None:
            return [body for _, body in self._each(raws, scans=True)]
        found = list(self._each(raws, scans=False))
        stamps = [
            (batch_of(raw), index_of(raw)) if raw and verdict not in _OF_NO_STAMP else None
            for raw, (verdict, _) in zip(raws, found, strict=True)
        ]
        sales = self._sales({stamp for stamp in stamps if stamp})
        return [
            body if stamp is None else with_sold(body, sales.get(stamp), chain)
            for stamp, (_, body) in zip(stamps, found, strict=True)
        ]

    def _each(self, raws: Sequence[bytes | None], *, scans: bool) -> Iterator[tuple[str, bytes]]:
        view = self._index.view
        for raw in raws:
            verdict, _, body = self._answering.told(view, b"", raw, JSON, both=True, scans=scans)
            VERDICTS.labels(verdict).inc()
            yield verdict, body.removesuffix(b"\n")

    def _sales(self, stamps: set[Stamp]) -> Mapping[Stamp, Sold]:
        if not stamps:
            return {}
        with reading(self._store) as connection:
            return sold(connection, stamps)


def joined(answers: Sequence[bytes]) -> bytes:
    """The body of the JSON form."""
    return b'{"answers":[' + b",".join(answers) + b"]}\n"


def with_sold(body: bytes, sale: Sold | None, chain: str) -> bytes:
    """A stamp's answer with what a till of ``chain`` is told of its sale: when, and the store if
    it is the chain's own. The verdict stands as it is: the stamp is what it was."""
    body = body.replace(_CHECKED_ENDS, _AND_SOLD, 1)
    if sale is None:
        return body
    answer = json.loads(body)
    answer["reasons"].append(ALREADY_SOLD)
    answer["advice"] = str(Advice.STOP)
    answer["sold"] = {"sold_at": rfc3339(sale.sold_at)}
    if sale.chain == chain:
        answer["sold"]["store"] = sale.store
    return ENCODER.encode(answer).encode()
