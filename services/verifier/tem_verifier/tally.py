"""Look-ups counted in plain numbers on the front's thread, and told to the metrics beside it."""

from prometheus_client import Counter

from tem import metrics

VERDICTS = Counter("tem_verifier_verdicts", "Answers given", ["verdict"])

OBSERVED_EVERY = 0.01  # seconds between two look-ups whose time is told
TELL_SECONDS = 1.0


class Tally:
    """Counts that only grow; :meth:`tell` tells what has come since it was last called."""

    def __init__(self) -> None:
        self._counts: dict[tuple[bytes, str, int], int] = {}
        self._told: dict[tuple[bytes, str, int], int] = {}
        self.next_observed = 0.0
        self._seconds = metrics.SECONDS.labels("verifier", "look_up")

    def count(self, method: bytes, verdict: str, status: int) -> None:
        """One more answer; without a verdict it was about the asking."""
        kind = (method, verdict, status)
        self._counts[kind] = self._counts.get(kind, 0) + 1

    def observe(self, arrived: float, taken: float) -> None:
        """How long one took, in seconds; none is asked for until some time has passed, for the
        histogram costs a fifth of a look-up."""
        self.next_observed = arrived + OBSERVED_EVERY
        self._seconds.observe(taken)

    def tell(self) -> None:
        """Add to the metrics what was counted since."""
        for kind, total in list(self._counts.items()):
            new = total - self._told.get(kind, 0)
            if new:
                method, verdict, status = kind
                metrics.REQUESTS.labels("verifier", method.decode(), str(status)).inc(new)
                if verdict:
                    VERDICTS.labels(verdict).inc(new)
                self._told[kind] = total
