"""Test stamps and production's: neither counts where the other does, even under one office key."""

import json
import socket
from datetime import date, timedelta

import pytest
from tests.registry.records import Register
from tests.verifier.conftest import Opener
from tests.verifier.mint import Mint, publish

from tem import sandbox, sandbox_records, trust
from tem.demo_client import DemoFailed
from tem.stampcode import FIRST_TEST_BATCH
from tem.trust import OfficeKey
from tem.vocabulary import Verdict

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_sandbox", [False, True])
def test_a_stamp_of_the_other_environment_never_counts(
    register: Register, mint: Mint, open_verifier: Opener, is_sandbox: bool
) -> None:
    """Published, signed by a key that is trusted, and yet it is no stamp; its own kind is."""
    known = trust.document([OfficeKey(mint.public_key)], sandbox=is_sandbox)
    mint.trust_file.write_text(json.dumps(known), "utf-8")
    batches = {kind: publish(register, mint.sign(n)) for kind, n in NUMBERS.items()}
    verifier = open_verifier()
    own, other = ("test", "production") if is_sandbox else ("production", "test")
    assert verifier.verdict(batches[own].text(1)) == Verdict.NOT_ACTIVATED
    assert verifier.verdict(batches[other].text(1)) == Verdict.UNAVAILABLE
    assert verifier.verdict(mint.sign(NUMBERS[other] + 1).text(1)) == Verdict.UNKNOWN


NUMBERS = {"test": FIRST_TEST_BATCH + 7, "production": 7}


def test_the_sandbox_has_every_verdict_and_each_stamp_once() -> None:
    """The stretches cover its batches without gap or overlap, in every state a stamp can be in."""
    found = sandbox_records.stretches(TODAY)
    for row in sandbox_records.folder(TODAY)["stamp_batches"]:
        parts = [(one.first, one.last) for one in found if one.batch == row["batch_id"]]
        ends = [last for _, last in parts]
        assert [first for first, _ in parts] == [1, *(last + 1 for last in ends[:-1])]
        assert ends[-1] == row["quantity"]
    answered = {"UNKNOWN", "MALFORMED", *(one.verdict for one in found)}
    assert answered == set(Verdict) - {Verdict.UNAVAILABLE}


def test_a_busy_port_is_named_with_what_to_do() -> None:
    """Whoever has something there already learns how to choose other ports."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoFailed, match=f"port {port} is in use.*SANDBOX_PORT"):
            sandbox.require_free(port - 1)


def test_a_sandbox_says_from_when_on_its_table_is_out_of_date() -> None:
    """The day after the first answer has changed, and not before."""
    found = sandbox_records.stretches(TODAY)
    rows = {one.batch: [{"url": "x/12", "batch": "1"}] * 200 for one in found}
    table = sandbox.written(found, rows)
    last = TODAY + timedelta(days=6)  # the short-lived product
    assert sandbox.outdated(table, last) == []
    [said] = sandbox.outdated(table, last + timedelta(days=1))
    assert last.isoformat() in said
