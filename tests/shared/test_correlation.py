"""Request ids and traces: taken over from whoever asks, made where there is none, handed on."""

import pytest
import structlog

from tem.http import correlation
from tem.trail import audit

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def nothing_left() -> object:
    """Each case begins and ends outside of a request."""
    correlation.end()
    yield
    correlation.end()


@pytest.mark.parametrize(
    ("sent", "parent", "id"),
    [
        ("abcdef.12-34_X", None, "abcdef.12-34_X"),
        ("abcdefgh", PARENT, "abcdefgh"),
        (None, PARENT, TRACE),
        ("short", PARENT, TRACE),
        ("x" * 65, PARENT, TRACE),
        ("bad id\n{}", PARENT, TRACE),
        (None, PARENT.replace("00-", "01-", 1), None),
        (None, f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (None, f"00-{TRACE}-{'0' * 16}-01", None),
        (None, PARENT.upper(), None),
        (None, PARENT + "-more", None),
        (None, None, None),
    ],
)
def test_whose_id_a_request_bears(sent: str | None, parent: str | None, id: str | None) -> None:
    """A well-formed id sent wins, then the trace; anything else gets a new one of 16 digits."""
    found = correlation.begin(sent, parent)
    assert found == id if id else len(found) == 16 and int(found, 16) >= 0
    assert audit.request_id.get() == found
    assert structlog.contextvars.get_contextvars()["request_id"] == found


def test_the_next_service_hears_id_and_trace_with_a_span_of_ours() -> None:
    """What is handed on names the same request and trace, and another span."""
    assert correlation.headers() == {}
    correlation.begin("abcdefgh", PARENT)
    handed = correlation.headers()
    assert handed["X-Request-Id"] == "abcdefgh"
    version, trace, span, flags = handed["traceparent"].split("-")
    assert (version, trace, flags) == ("00", TRACE, "01") and span != "00f067aa0ba902b7"


def test_work_under_an_id_leaves_none_behind() -> None:
    """After the block, also one that raised, nothing belongs to the id any more."""
    with pytest.raises(ValueError), correlation.under("order-0123456789abcdef"):
        assert correlation.headers() == {"X-Request-Id": "order-0123456789abcdef"}
        raise ValueError
    assert correlation.headers() == {} and structlog.contextvars.get_contextvars() == {}
