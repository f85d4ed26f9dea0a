"""Verifiers on replicas: what they answer while the network, the record or their server is away."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from tests.edges import Process, Site, is_ready, site, standing_still
from tests.netns import RESET
from tests.running import until

from tem_verifier.lookup import FRESH

CAUGHT_UP = 30.0  # seconds after a partition within which every verifier has


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A record and two machines with two verifiers each. Every test leaves all of them healthy."""
    with site(tmp_path_factory.mktemp("far"), edges=2, verifiers=2) as made:
        yield made


def test_acts_reach_every_verifier_and_silence_is_no_age(far: Site) -> None:
    """An activation and a recall are answered everywhere within seconds; as_of moves on."""
    stamp = far.record.batch(1).text(1)
    far.all_say(stamp, "OK", 5)
    far.record.recall(1)
    far.all_say(stamp, "RECALLED", 5)
    for verifier in far.verifiers:
        before = verifier.as_of()
        assert before is not None
        until(lambda one=verifier, then=before: one.as_of() > then, 5)  # type: ignore[misc]
        answer = verifier.get("/readyz")
        assert answer is not None and answer.status_code == 200
        told = answer.json()
        assert 0 <= told["lag_seconds"] < 5 and told["change"] > 0
        shown = verifier.metric("tem_verifier_as_of_timestamp_seconds")
        assert abs(shown - datetime.fromisoformat(told["as_of"]).timestamp()) < 5
    assert all(edge.tem("replica", "status").exit_code == 0 for edge in far.edges)


def test_a_partition_makes_answers_old_and_never_wrong(far: Site) -> None:
    """One machine cut off in silence answers what it knew; a batch it cannot know is never
    UNKNOWN once its record is older than FRESH; the other goes on; then all catch up."""
    stamp, cut_off, other = far.record.batch(2).text(1), far.edges[0], far.edges[1]
    far.all_say(stamp, "OK", 5)
    with far.record.machine.cut(1):
        far.record.recall(2)
        new = far.record.batch(3).text(1)
        for verifier in other.verifiers:
            until(lambda one=verifier: one.verdict(stamp) == "RECALLED", 5)
            until(lambda one=verifier: one.verdict(new) == "OK", 5)
        for verifier in cut_off.verifiers:
            until(lambda one=verifier: says_unavailable(one, new), 20)
            assert says(verifier, stamp) == "OK", "it cannot know of the recall"
            assert is_ready(verifier), "the record is not older than 30 s yet"
    far.all_say(stamp, "RECALLED", CAUGHT_UP)
    far.all_say(new, "OK", 5)


def says_unavailable(verifier: Process, code: str) -> bool:
    """Whether a batch it does not have is UNAVAILABLE by now; with an old as_of it must be."""
    found = verifier.look_up(code)
    assert found["verdict"] == "UNAVAILABLE" or not is_old(found), found
    return bool(found["verdict"] == "UNAVAILABLE")


def says(verifier: Process, code: str) -> str | None:
    """A verdict that must come at once, whatever hangs."""
    began = time.monotonic()
    found = verifier.verdict(code)
    assert time.monotonic() - began < 1.5
    return found


def is_old(answer: dict[str, str]) -> bool:
    """Whether an answer's record is older than what an unknown number is judged by; a second
    lies between the answer and this question."""
    age = datetime.now(UTC) - datetime.fromisoformat(answer["as_of"])
    return age.total_seconds() > FRESH.total_seconds() + 1


@pytest.mark.parametrize("how", ["reset", "one way", "standing still"])
def test_every_fault_of_the_way_heals_by_itself(far: Site, how: str) -> None:
    """Connections torn down, packets lost in one direction, a record whose processes stand
    still: known stamps are answered meanwhile, and afterwards every verifier follows again."""
    number = {"reset": 4, "one way": 5, "standing still": 6}[how]
    stamp = far.record.batch(number).text(11)
    far.all_say(stamp, "NOT_ACTIVATED", 5)
    faults: dict[str, AbstractContextManager[None]] = {
        "reset": far.record.machine.losing(1, *RESET),
        "one way": far.record.machine.losing(1),
        "standing still": standing_still(far.record.server),
    }
    with faults[how]:
        for verifier in far.edges[0].verifiers:
            until(lambda one=verifier: lags(one), 20)
            assert says(verifier, stamp) == "NOT_ACTIVATED"
    far.record.activate(number, 11, 20)
    far.all_say(stamp, "OK", CAUGHT_UP)


def lags(verifier: Process) -> bool:
    """Whether two beats at least have not arrived; as_of is given in whole seconds."""
    as_of = verifier.as_of()
    return as_of is not None and (datetime.now(UTC) - as_of).total_seconds() > 3


def test_an_edge_without_its_server_answers_and_goes_on(far: Site) -> None:
    """Its server killed: answers come from memory; a verifier started meanwhile says that it has
    none and stays; with the server back both follow, without anybody's doing."""
    edge = far.edges[1]
    stamp, (old, new) = far.record.batch(7).text(11), edge.verifiers
    far.all_say(stamp, "NOT_ACTIVATED", 5)
    edge.server.kill()
    new.stop()
    new.start()
    until(lambda: new.get("/livez") is not None, 20)
    assert says(old, stamp) == "NOT_ACTIVATED"
    ready, answer = new.get("/readyz"), new.get(f"/s/{stamp}")
    assert ready is not None and (ready.status_code, ready.json()["code"]) == (503, "nothing_read")
    assert answer is not None and answer.json()["verdict"] == "UNAVAILABLE"
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    far.record.activate(7, 11, 20)
    with edge.machine.entered():
        edge.server.restart()
    far.all_say(stamp, "OK", CAUGHT_UP)
    assert new.running and is_ready(new)


def test_a_hung_server_of_an_edge_holds_up_no_answer(far: Site) -> None:
    """While its server stands still each look-up is answered at once, known or not."""
    edge = far.edges[0]
    stamp, absent = far.record.batch(8).text(1), far.record.mint.sign(80).text(1)
    far.all_say(stamp, "OK", 5)
    with standing_still(edge.server):
        for verifier in edge.verifiers:
            for _ in range(5):
                assert says(verifier, stamp) == "OK"
                assert says(verifier, absent) in ("UNKNOWN", "UNAVAILABLE")
    far.record.recall(8)
    far.all_say(stamp, "RECALLED", CAUGHT_UP)
