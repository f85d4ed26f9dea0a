"""The signer as a process: one at a time, stopped cleanly, and not trying for ever."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from tests.issuer.issuer_support import (
    Mint,
    all_settled,
    children_of,
    ended,
    files_of,
    fork,
    serve,
    signing,
    until,
)

from tem_issuer import fsck, signer
from tem_issuer.domain import Batch
from tem_issuer.signer import MAX_FAILURES


def test_it_signs_what_waits_and_what_comes(mint_on_each: Mint) -> None:
    """Batches reserved before its start and while it works are all released."""
    mint = mint_on_each
    mint.reserve()
    with signing(mint):
        until(lambda: all_settled(mint))
        for _ in range(5):
            mint.reserve()
        until(lambda: all_settled(mint))
    assert [batch.state for batch in mint.batches()] == ["released"] * 6
    assert list(fsck.check(mint.installation)) == []


def test_a_second_signer_refuses(mint: Mint) -> None:
    """While one works on an installation another one does not start, and says why."""
    with signing(mint) as first:
        until(lambda: mint.settings.signer_lock.exists())
        mint.reserve()
        until(lambda: all_settled(mint))
        command = [sys.executable, "-m", "tem", "issuer", "sign", "--data"]
        second = subprocess.run(
            [*command, str(mint.installation.data)], capture_output=True, text=True, timeout=60
        )
        assert second.returncode == 1
        assert "already_running" in second.stderr
        assert "Traceback" not in second.stderr
        assert os.waitid(os.P_PID, first, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def test_the_command_ends_cleanly_when_told(mint: Mint) -> None:
    """`tem issuer sign` releases what waits, and SIGTERM ends it with status 0."""
    mint.reserve()
    command = [sys.executable, "-m", "tem", "issuer", "sign", "--data"]
    started = subprocess.Popen([*command, str(mint.installation.data)], stderr=subprocess.DEVNULL)
    until(lambda: all_settled(mint))
    started.terminate()
    assert started.wait(30) == 0


def test_a_run_in_flight_is_thrown_away_when_told_to_stop(mint: Mint) -> None:
    """SIGTERM does not wait for a large batch: its run ends too, and the next start signs anew."""
    number = mint.reserve(200_000).number
    child = fork(mint, serve(mint))
    run = until(lambda: children_of(child))[0]
    helpers = until(lambda: children_of(run))
    os.kill(child, signal.SIGTERM)
    assert ended(child) == 0
    until(lambda: not any(os.path.exists(f"/proc/{one}") for one in (run, *helpers)))
    batch = mint.batch(number)
    assert (batch.state, batch.manifest) == ("signing", None)


def test_small_batches_do_not_wait_for_a_large_one(
    mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small batch is released while a large one is being signed, and large ones take turns."""
    monkeypatch.setattr(signer, "SMALL_BATCH", 100)
    first, second = mint.reserve(30_000), mint.reserve(101)
    with signing(mint):
        until(lambda: mint.batch(first.number).state == "signing")
        small = mint.reserve(100)
        until(lambda: all_settled(mint))
    at = {
        (entry.object, entry.action): entry.seq
        for batch in (first, second, small)
        for entry in mint.trail(f"batch:{batch.number}")
    }

    def when(batch: Batch, act: str) -> int:
        return at[f"batch:{batch.number}", f"batch.{act}"]

    assert when(first, "signing") < when(small, "released") < when(first, "released")
    assert when(first, "released") < when(second, "signing")
    assert {mint.batch(b.number).attempt for b in (first, second)} == {1}


def test_it_gives_up_on_a_batch_that_cannot_be_signed(mint_on_each: Mint) -> None:
    """After so many failures the batch is failed for good, its number unused, its files gone."""
    mint = mint_on_each
    broken = mint.reserve(reference="DH-1")
    key = mint.settings.wrapping_key
    key.rename(key.with_suffix(".away"))
    with signing(mint):
        until(lambda: mint.batch(broken.number).state == "failed")
        key.with_suffix(".away").rename(key)
        next_one = mint.reserve()
        until(lambda: mint.batch(next_one.number).state == "released")
    failed = mint.batch(broken.number)
    assert (failed.attempt, failed.failures, failed.codes) == (MAX_FAILURES, MAX_FAILURES, "none")
    assert mint.actions(failed)[-2:] == ["batch.signing", "batch.failed"]
    assert mint.actions(failed).count("batch.run_failed") == MAX_FAILURES - 1
    assert next_one.number == broken.number + 1
    assert mint.files() == files_of(mint.batch(next_one.number))
    assert list(fsck.check(mint.installation)) == []


def test_a_failed_batch_gives_its_stamps_back_to_the_ceiling(mint: Mint) -> None:
    """What was never signed does not count against the producer's day."""
    mint = replace(mint, settings=replace(mint.settings, daily_ceiling=10))
    broken = mint.reserve(10)
    key = mint.settings.wrapping_key
    key.write_bytes(b"no key")
    with signing(mint):
        until(lambda: mint.batch(broken.number).state == "failed")
    assert mint.reserve(10).number == broken.number + 1
