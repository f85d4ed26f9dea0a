"""When too much is asked at once: what is said, when, and how often it was."""

from prometheus_client import Counter

from tem import metrics  # noqa: F401 - says where the numbers below are kept
from tem.http.gunicorn_hooks import bare_problem

RETRY_SECONDS = 1
SHED = Counter("tem_verifier_shed", "Requests sent away because of too much to do", ["kind"])
KINDS = ("look_up", "record", "thread", "memory", "connection", "file", "disk")

_DETAIL = (
    "Hệ thống đang quá tải, chưa tra cứu được: điều này không nói gì về tem, xin thử lại sau giây "
    "lát. Too much is asked at once: this says nothing about any stamp, please ask again in a "
    "second."
)
# Made once: under overload there is no time to make anything.
HEAD, BODY = bare_problem(
    503, _DETAIL, "overloaded", headers=f"Retry-After: {RETRY_SECONDS}\r\n", request_id=""
)


class Tally:
    """How many were sent away, by kind; written down now and then, since that takes a lock."""

    def __init__(self) -> None:
        self._counted = dict.fromkeys(KINDS, 0)
        for kind in KINDS:
            SHED.labels(kind)

    def add(self, kind: str) -> None:
        """One more."""
        self._counted[kind] += 1

    def write_down(self) -> None:
        """Into the metrics."""
        for kind, counted in self._counted.items():
            if counted:
                SHED.labels(kind).inc(counted)
                self._counted[kind] = 0
