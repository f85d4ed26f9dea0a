"""The registry's commands as people type them: cut-off output, bounds, days."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.registry.installed import without_our_variables


def tem(sample: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tem", "registry", *words, "--data", sample],
        env=without_our_variables(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [("audit", "export"), ("epcis",)], ids=" ".join)
def test_output_that_nobody_reads_ends_quietly(sample: Path, words: tuple[str, ...]) -> None:
    """`tem … | head` says nothing of a broken pipe, and its status is that of other filters."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "tem", "registry", *words, "--data", sample],
            env=without_our_variables(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_the_largest_index_is_that_of_the_stamp_s_format(sample: Path) -> None:
    """24 bits hold an index: one more is refused as a number, the largest is asked for."""
    assert "not in the range" in tem(sample, "verdict", "1", str(2**24)).stderr
    asked = tem(sample, "verdict", "1", str(2**24 - 1))
    assert (asked.returncode, asked.stdout.split(":")[0]) == (0, "UNKNOWN"), asked.stderr


@pytest.mark.parametrize("day", ["31/10/2026", "2026-02-30", "20261031", "hôm qua"])
def test_a_day_that_is_none_is_shown_how_to_write(sample: Path, day: str) -> None:
    """With a day of the past as example."""
    done = tem(sample, "purge", "--until", day, "--dry-run")
    assert done.returncode == 2
    assert "write it like 2026-10-31" in done.stderr


def test_the_purge_of_the_documents_can_be_typed(sample: Path) -> None:
    """The day that docs/operation.md gives as example is over."""
    done = tem(sample, "purge", "--until", "2026-10-31", "--dry-run")
    assert done.returncode == 0, done.stderr
