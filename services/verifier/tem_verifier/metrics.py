"""The verifier's metrics of its record: each worker has one of its own, the oldest is shown."""

from prometheus_client import Gauge

from tem import metrics  # noqa: F401 - says where the numbers below are kept
from tem.vocabulary import Verdict
from tem_verifier.alarms import ALARMS
from tem_verifier.index import Index
from tem_verifier.tally import VERDICTS
from tem_verifier.view import View

AS_OF = Gauge(
    "tem_verifier_as_of_timestamp_seconds",
    "When the record was last known to be up to date, of the worker that is furthest behind",
    multiprocess_mode="livemin",
)
CHANGE = Gauge(
    "tem_verifier_change",
    "Change number read, of the worker that is furthest behind",
    multiprocess_mode="livemin",
)
BATCHES = Gauge(
    "tem_verifier_batches",
    "Batches held, of the worker that holds fewest",
    multiprocess_mode="livemin",
)
# Counted from the start, so that the first alarm is seen as a rise: docs/trust.md explains each.
ALARM_KINDS = (
    *("canary_seen", "fingerprint_and_signature_disagree", "fingerprints_missing"),
    *("manifest_refused", "publication_incomplete", "published_unreadable", "replica_behind"),
    *("trust_unreadable", "scans_not_counted", "snapshot_not_made", "valkey_away"),
    "went_back",
)


def begin(index: Index) -> None:
    """Show every series from the start, and tell each reading of an index."""
    for verdict in Verdict:
        VERDICTS.labels(verdict)
    for kind in ALARM_KINDS:
        ALARMS.labels(kind)
    index.told = tell
    tell(index.view)


def tell(view: View) -> None:
    """How far a worker has read, and when."""
    position = view.position
    AS_OF.set(position.as_of.timestamp() if position else 0)
    CHANGE.set(position.change if position else -1)
    BATCHES.set(view.count)
