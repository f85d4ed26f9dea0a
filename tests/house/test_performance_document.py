"""docs/performance.md says what was measured, and what it is measured with works."""

import hashlib
import math
from dataclasses import asdict
from pathlib import Path

import pytest
from loadtests import performance_document
from loadtests.bench_latency import longest
from loadtests.bench_overload import AFTER, normal, recovered, too_few
from loadtests.cores import shared_out
from loadtests.pace import BROKEN, NEVER, Outcome
from loadtests.performance_picture import drawing, headroom
from loadtests.ratios import MISSED_BECAUSE, at_least, at_most
from loadtests.seed_codes import Seed
from loadtests.seed_plan import Plan
from loadtests.seed_sample import KINDS, path

from tem import ed25519
from tem.manifest import FINGERPRINT_BYTES
from tem.stampcode import parse, signed_message


def test_the_page_and_its_picture_are_those_of_the_run_kept_beside_them() -> None:
    """Every figure of docs/performance.md comes out of docs/performance.json."""
    results = performance_document.read(performance_document.KEPT)
    page = performance_document.PAGE.read_text("utf-8")
    assert performance_document.written(page, results) == page
    assert drawing(results["ratios"]) == performance_document.PICTURE.read_text("utf-8")
    assert results["plan"]["ranges"] == 1_500_000
    for row in results["ratios"]:
        good = headroom(row) >= 1 and MISSED_BECAUSE not in row["measured"]
        assert row["met"] == good, row["name"]


def test_a_page_without_a_block_is_refused() -> None:
    """A block that somebody deleted is missed, not skipped."""
    results = performance_document.read(performance_document.KEPT)
    with pytest.raises(ValueError, match="machine"):
        performance_document.written("# How fast it looks up\n", results)


def test_a_row_is_the_median_of_its_rounds_against_its_target() -> None:
    """At least and at most are met at the target itself, and missed on their own side of it."""
    row = at_least("more", 2.0, [3.0, 1.0, 2.0])
    assert (row.value, row.met, row.spread) == (2.0, True, (1.0, 3.0))
    assert not at_least("more", 2.0, [1.9]).met
    assert at_most("less", 2.0, [2.0]).met
    assert not at_most("less", 2.0, [2.1]).met
    assert at_most("all", 2.0, [1.0, 1.0, 9.0], whole=3.0).value == 3.0


def test_a_row_that_was_not_tried_is_missed_and_says_why() -> None:
    """However good its value is; the page gives the reason beside it."""
    row = at_least("more", 2.0, [3.0], measured={"asked": 1}, unless=too_few(1.9))
    assert not row.met
    assert row.measured == {"asked": 1, MISSED_BECAUSE: too_few(1.9)}
    page = performance_document.ratios({"ratios": [asdict(row)]})
    assert f"**missed**: {too_few(1.9)}" in page
    assert too_few(2.0) == ""


@pytest.mark.parametrize(
    ("cores", "one", "beside_one", "two", "beside_two"),
    [
        ([5], {5}, {5}, {5}, {5}),
        ([0, 1], {0}, {1}, {0}, {1}),
        ([0, 1, 2], {0}, {1, 2}, {0}, {1, 2}),
        ([3, 2, 1, 0], {0}, {1, 2, 3}, {0, 1}, {2, 3}),
    ],
)
def test_a_server_shares_no_core_with_its_generator(
    cores: list[int], one: set[int], beside_one: set[int], two: set[int], beside_two: set[int]
) -> None:
    """Unless there is only one; two workers have two where the generator keeps two as well."""
    found = shared_out(cores)
    assert (found.one, found.beside_one) == (one, beside_one)
    assert (found.two, found.beside_two) == (two, beside_two)


def test_it_has_recovered_after_the_last_slow_half_second() -> None:
    """A refusal is not a quick answer; and if it is slow when nobody looks any more, it has not."""
    due = [n / 10 for n in range(int(AFTER * 10))]
    waits = [0.5 if 1.0 <= at < 1.5 else 0.001 for at in due]
    done = [at + wait for at, wait in zip(due, waits, strict=True)]
    outcome = Outcome(due, done, [200] * len(due))
    assert recovered(outcome, 0.010) == 1.5
    outcome.status[72] = 503
    assert recovered(outcome, 0.010) == 7.5
    outcome.status[-1] = 503
    assert recovered(outcome, 0.010) == math.inf


@pytest.mark.parametrize(
    ("before", "after"), [(0.001, 0.010), (0.020, 0.040), (0.030, 0.050), (4.367, 0.050)]
)
def test_what_is_slow_of_itself_is_never_normal(before: float, after: float) -> None:
    """Twice what it was, but not above 50 ms, nor below what is good anyway."""
    assert normal(before) == after


@pytest.mark.parametrize(
    ("status", "count", "seconds"),
    [(503, 1, 0.2), (503, 2, NEVER), (BROKEN, 1, NEVER), (500, 2, NEVER)],
)
def test_a_quick_refusal_is_no_answer(status: int, count: int, seconds: float) -> None:
    """One in two hundred may be refused while a worker is killed; more were never answered."""
    outcome = Outcome([0.0] * 200, [0.2] * 200, [status] * count + [200] * (200 - count))
    assert longest(outcome) == seconds


def test_sampled_codes_are_those_of_their_tables(tmp_path: Path) -> None:
    """Each genuine one is really signed and has its fingerprint at its index; no forged one is."""
    seed = Seed(Plan(40, 10, quantity=40, ranges_of_batch=10, sampled=40), bytes(32))
    seed.write(tmp_path)
    tables = dict(seed.tables(tmp_path / "fingerprints.bin"))
    codes = {kind: path(tmp_path, kind).read_text().split() for kind in KINDS}
    assert len(set(codes["genuine"])) == 40
    assert set(codes["activated"]) < set(codes["genuine"])
    for kind in ("genuine", "forged", "unknown"):
        for code in map(parse, codes[kind]):
            at = (code.index - 1) * FINGERPRINT_BYTES
            known = tables.get(code.batch, b"")[at : at + FINGERPRINT_BYTES]
            message = signed_message(code.batch, code.index)
            is_signed = ed25519.verifies(seed.keys(code.batch)[0], message, code.signature)
            assert is_signed == (kind == "genuine")
            assert (hashlib.sha256(code.raw).digest()[:FINGERPRINT_BYTES] == known) == is_signed
