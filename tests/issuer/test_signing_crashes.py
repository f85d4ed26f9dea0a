"""Kill -9 at every step of issuing and signing: afterwards a real signer puts all to rights."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.issuer.issuer_support import (
    KILLED,
    Mint,
    all_settled,
    children_of,
    ended,
    files_of,
    fork,
    kill_self,
    locked,
    serve,
    signing,
    until,
    wait,
)

from tem import manifest, stampcode, trust
from tem.databases.database import writing
from tem_issuer import fsck, issuance, prints, storage
from tem_issuer.domain import Batch
from tem_issuer.signing_run import CANARIES_LEAST, CANARIES_SPREAD

STEPS = (
    "claimed",
    "prepared",
    "signed",
    "verified",
    "kept",
    "described",
    "vouched",
    "released",
)
Act = Callable[[], object]


def reserving(mint: Mint, quantity: int, *, commits: bool) -> Act:
    """A reservation that is killed just before or just after its commit."""

    def act() -> None:
        with writing(mint.engine) as connection:
            issuance.reserve(
                connection,
                mint.settings,
                mint.clock(),
                "test",
                product_id="sp-1",
                producer_id="cs-1",
                quantity=quantity,
            )
            if not commits:
                kill_self()
        kill_self()

    return act


def signing_until(mint: Mint, number: int, step: str) -> Act:
    """A signing run that is killed when it reaches a step."""
    return lambda: mint.run(number, on_step=lambda at: kill_self() if at == step else None)


class History:
    """What was seen while processes were killed, to be compared with what is there in the end."""

    def __init__(self, mint: Mint) -> None:
        self.mint, self.kills, self.reserved, self.skipped = mint, 0, 0, 0
        self.released: dict[int, Batch] = {}

    def kill(self, act: Act) -> None:
        """Run an act that kills itself, and look at what it left."""
        assert ended(fork(self.mint, act)) == KILLED
        self.kills += 1
        self.look()

    def look(self) -> None:
        """Once a batch was seen released, it never changes again."""
        for batch in self.mint.batches():
            if batch.manifest is not None:
                assert self.released.setdefault(batch.number, batch) == batch

    def compare(self) -> None:
        """Numbers, manifests, codes, files and audit trail, after the last recovery."""
        self.look()
        mint, batches = self.mint, self.mint.batches()
        assert len(batches) == self.reserved
        assert {batch.state for batch in batches} == {"released"}
        assert len({batch.public_key for batch in batches}) == len(batches)
        assert mint.files() == set().union(*map(files_of, batches))
        trusted = trust.load(mint.installation.trust_file)
        acts = Counter((e.action, e.object) for e in mint.trail())
        for batch in batches:
            self._compare_one(batch, trusted)
            assert acts["batch.reserved", f"batch:{batch.number}"] == 1
            assert acts["batch.released", f"batch:{batch.number}"] == 1
        assert sum(n for (act, _), n in acts.items() if act == "batch.reserved") == len(batches)
        assert sum(n for (act, _), n in acts.items() if act == "number.skipped") == self.skipped
        assert batches[-1].number == self.reserved + self.skipped
        assert list(fsck.check(mint.installation)) == []

    def _compare_one(self, batch: Batch, trusted: trust.Trust) -> None:
        made = trusted.accept(batch.manifest or "", batch.signature or b"")
        assert (made.batch, made.quantity) == (batch.number, batch.quantity)
        canaries = made.last_index - made.quantity
        assert CANARIES_LEAST <= canaries < CANARIES_LEAST + CANARIES_SPREAD
        trail = self.mint.trail(f"batch:{batch.number}")
        # The intent of each attempt was written before it, and the last one led to the release.
        intents = [e.details["attempt"] for e in trail if e.action == "batch.signing"]
        assert intents == list(range(1, batch.attempt + 1))
        assert trail[-1].action == "batch.released"
        assert trail[-1].details["attempt"] == batch.attempt
        assert trail[-1].details["manifest_sha256"] == manifest.digest(batch.manifest or "")
        public = Ed25519PublicKey.from_public_bytes(batch.public_key or b"")
        urls = self.mint.urls(batch)
        assert len(urls) == batch.quantity
        for index in (1, batch.quantity):
            code = stampcode.parse(urls[index - 1].rpartition("/")[2])
            assert (code.batch, code.index) == (batch.number, index)
            public.verify(code.signature, stampcode.signed_message(code.batch, code.index))


def kill_at_every_step(history: History, quantity: int) -> None:
    """One round: a kill on either side of a reservation's commit, and at each step of a run."""
    mint = history.mint
    history.kill(reserving(mint, quantity, commits=False))
    history.skipped += 1
    history.kill(reserving(mint, quantity, commits=True))
    history.reserved += 1
    for step in STEPS:
        history.reserved += 1
        number = mint.reserve(quantity).number
        assert number == history.reserved + history.skipped
        history.kill(signing_until(mint, number, step))
        state = mint.batch(number).state
        assert state == ("released" if step == "released" else "signing")


def recover(mint: Mint) -> None:
    with signing(mint):
        until(lambda: all_settled(mint))


@contextmanager
def bounded(mint: Mint) -> Iterator[History]:
    history = History(mint)
    yield history
    recover(mint)
    history.compare()


def test_a_kill_at_any_step_loses_and_doubles_nothing(
    mint_on_each: Mint, small_chunks: int
) -> None:
    """Around a reservation's commit and at every step of runs with several chunks and helpers."""
    with bounded(mint_on_each) as history:
        kill_at_every_step(history, quantity=2 * small_chunks)
        assert history.kills == 10


def test_a_batch_killed_at_every_step_in_turn_is_released_once(mint: Mint) -> None:
    """One batch whose runs die one after the other, each one step later than the one before."""
    with bounded(mint) as history:
        history.reserved += 1
        number = mint.reserve(7).number
        for step in STEPS[:-1]:
            history.kill(signing_until(mint, number, step))
        recover(mint)
        assert mint.batch(number).attempt == len(STEPS)


def test_a_signer_killed_at_any_moment_loses_nothing(mint: Mint, small_chunks: int) -> None:
    """Real signers killed with runs in flight: runs and helpers die with them, all is recovered."""
    rng = random.Random(1)
    with bounded(mint) as history:
        for _ in range(4):
            for quantity in (rng.randrange(1, 60), 3 * small_chunks, 8 * small_chunks):
                history.reserved += 1
                mint.reserve(quantity)
            child = fork(mint, serve(mint))
            until(lambda child=child: children_of(child))
            wait(rng.uniform(0.0, 0.2))
            os.kill(child, signal.SIGKILL)
            assert ended(child) == KILLED
            history.kills += 1
            until(lambda: not locked(mint), 5)  # nothing it started outlives it
            history.look()


def test_a_run_killed_at_any_moment_is_signed_anew(mint: Mint, small_chunks: int) -> None:
    """Runs killed at random times, between the named steps too, leave nothing that counts."""
    rng = random.Random(3)
    with bounded(mint) as history:
        for _ in range(8):
            history.reserved += 1
            number = mint.reserve(rng.randrange(1, 10 * small_chunks)).number
            run = fork(mint, lambda number=number: mint.run(number))
            wait(rng.uniform(0.0, 0.15))
            os.kill(run, signal.SIGKILL)
            history.kills += ended(run) == KILLED
            history.look()
        assert history.kills >= 2


def test_a_kill_between_confirmation_and_deletion_is_made_good(mint_on_each: Mint) -> None:
    """A print confirmed by an act that was killed is destroyed by the next start."""
    mint = mint_on_each
    batch = mint.released()

    def act() -> None:
        mint.confirm(batch)
        kill_self()

    assert ended(fork(mint, act)) == KILLED
    assert mint.files() == files_of(batch)
    assert list(fsck.check(mint.installation)) == [
        "batch 1 was printed, but its codes are not destroyed"
    ]
    prints.finish_destroying(mint.engine, mint.settings)
    assert mint.files() == {"1-1.hashes"}
    assert list(fsck.check(mint.installation)) == []


def test_a_kill_between_giving_up_and_deletion_is_made_good(mint_on_each: Mint) -> None:
    """What a batch given up left on disk is deleted by the next start."""
    mint = mint_on_each
    number = mint.reserve().number

    def act() -> None:
        mint.run(number, on_step=lambda at: give_up() if at == "kept" else None)

    def give_up() -> None:
        with writing(mint.engine) as connection:
            assert storage.give_up(connection, number)
        kill_self()

    assert ended(fork(mint, act)) == KILLED
    assert mint.files() == {"1-1.codes", "1-1.key", "1-1.hashes"}
    prints.finish_destroying(mint.engine, mint.settings)
    assert mint.files() == set()
