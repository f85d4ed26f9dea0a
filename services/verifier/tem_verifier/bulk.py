"""Many codes at once: the same answers as one by one, in order, joined into one body."""

from collections.abc import Iterator, Sequence

from tem.stampcode import raw_of, strip_prefix
from tem_verifier.answering import Answering
from tem_verifier.heads import JSON
from tem_verifier.index import Index
from tem_verifier.lookup import RECHECK_SECONDS, batch_of
from tem_verifier.tally import VERDICTS


def answers(index: Index, answering: Answering, prefix: str, codes: Sequence[str]) -> bytes:
    """The JSON of the answers. Of each code the signature is demanded beside the fingerprint;
    what stands before the digits may be ``prefix``."""
    raws = [raw_of(strip_prefix(code, prefix)) for code in codes]
    if any(raw is not None and not index.view.knows(batch_of(raw)) for raw in raws):
        index.catch_up_soon(RECHECK_SECONDS)
    return b'{"answers":[' + b",".join(_each(index, answering, raws)) + b"]}\n"


def _each(index: Index, answering: Answering, raws: Sequence[bytes | None]) -> Iterator[bytes]:
    view = index.view
    for raw in raws:
        verdict, _, body = answering.told(view, b"", raw, JSON, both=True)
        VERDICTS.labels(verdict).inc()
        yield body.removesuffix(b"\n")
