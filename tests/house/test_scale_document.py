"""docs/scale.md says what was measured, and the measuring works."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from loadtests import scale_document, sizing
from loadtests.measured import Results
from loadtests.scale_picture import drawing
from loadtests.seed_plan import Plan
from tests.running import ROOT, environment

from tem.vocabulary import StampState


def test_the_page_and_its_picture_are_those_of_the_run_kept_beside_them() -> None:
    """Every figure of docs/scale.md comes out of docs/scale.json, by the code that says so."""
    results = Results.read(scale_document.KEPT)
    page = scale_document.PAGE.read_text("utf-8")
    assert scale_document.written(page, results) == page
    assert drawing(results) == scale_document.PICTURE.read_text("utf-8")
    assert results.largest == 1_500_000  # a country, really loaded


def test_a_page_without_a_block_is_refused() -> None:
    """A block that somebody deleted is missed, not skipped."""
    results = Results.read(scale_document.KEPT)
    with pytest.raises(ValueError, match="machine"):
        scale_document.written("# Scale\n", results)


@pytest.mark.parametrize(
    ("stamps", "share", "looks"),
    [(365_000_000, 1 / 15, 125.0), (365_000_000, 0.0, 0.0), (36_500_000, 1 / 15, 12.5)],
)
def test_look_ups_at_the_peak(stamps: int, share: float, looks: float) -> None:
    """A million stamps a day, a fifteenth scanned 1.5 times: 100,000 looks a day, a million on the
    busiest day, 150,000 in its busiest hour, three times that rate in its busiest minute."""
    assert sizing.looks_at_peak(stamps, share) == pytest.approx(looks)


@pytest.mark.parametrize(
    ("looks", "one", "needed"), [(0, 1000, 2), (700, 1000, 2), (2100, 1000, 3), (2101, 1000, 4)]
)
def test_workers(looks: float, one: float, needed: int) -> None:
    """Planned at 70 % of what one can do, and never a single one."""
    assert sizing.workers(looks, one) == needed


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (0.0123, "0.012"), (9.87, "9.9"), (1234.5, "1,200"), (96, "96")]
)
def test_figures_claim_two_digits(value: float, told: str) -> None:
    """No figure pretends to more than a noisy machine can tell."""
    assert sizing.short(value) == told


def test_a_seeded_batch_is_covered_by_ranges_that_differ() -> None:
    """Ranges cover 1..quantity of every batch, neighbours differ, there are as many as asked."""
    plan = Plan(ranges=100, lots=10, quantity=1000)
    every = [list(plan.ranges_of(batch)) for batch in range(1, plan.batches + 1)]
    assert sum(map(len, every)) == 100
    for ranges in every:
        assert (ranges[0].first, ranges[-1].last) == (1, 1000)
        for left, right in pairwise(ranges):
            assert left.last + 1 == right.first
            assert (left.state, left.lot) != (right.state, right.lot)
        assert ranges[-1].state is StampState.DELIVERED


def test_the_small_run_measures_on_both_engines(tmp_path: Path) -> None:
    """What is seeded passes fsck on both engines, its codes are known to a verifier, forged ones
    are not, acts are made and a replica follows: the run fails if one of these does not hold."""
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "loadtests.scale", "--small", "--out", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = Results.read(out)
    for engine in ("sqlite", "postgresql"):
        for name in ("verifier memory", "tem fsck of the registry", "registry's database"):
            assert results.value(name, engine=engine) > 0
        assert results.best("activations", engine) > 0
    assert results.value("replica's first copy") > 0
    assert results.value("verifier cache of fingerprints", engine="sqlite") == 0.016048
