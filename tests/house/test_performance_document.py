"""docs/performance.md says what was measured, and what it is measured with works."""

import hashlib
from pathlib import Path

import pytest
from loadtests import performance_document
from loadtests.bench_overload import recovered
from loadtests.cores import shared_out
from loadtests.pace import Outcome
from loadtests.performance_picture import drawing, headroom
from loadtests.ratios import at_least, at_most
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
        assert row["met"] == (headroom(row) >= 1), row["name"]


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
    """An interval in which nothing was answered is not normal either."""
    due = [n / 10 for n in range(80)]
    outcome = Outcome(due, [at + (0.5 if 1.0 <= at < 1.5 else 0.001) for at in due], [200] * 80)
    assert recovered(outcome, 0.010) == 1.5
    outcome.status[70:75] = [503] * 5
    assert recovered(outcome, 0.010) == 7.5


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
