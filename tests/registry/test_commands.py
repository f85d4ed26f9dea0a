"""The registry's commands as people type them: cut-off output, bounds, days."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError
from tests import commands
from tests.registry.installed import SAMPLE, copied, without_our_variables

from tem_registry import follow_command


def tem(sample: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return commands.run("registry", *words, "--data", sample, env=without_our_variables())


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
    """The day that docs/operations.md gives as example is over."""
    done = tem(sample, "purge", "--until", "2026-10-31", "--dry-run")
    assert done.returncode == 0, done.stderr


def test_a_database_of_another_version_is_told_in_a_line(sample: Path, tmp_path: Path) -> None:
    """One table lacks a column: commands and `tem up` say so, end with 1 and change nothing."""
    data = copied(sample, tmp_path / "data")
    path = data / "registry" / "registry.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE stamp_batch DROP COLUMN short_before")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for words in (
        ("registry", "verdict", "1", "1"),
        ("registry", "key", "list"),
        ("registry", "import", SAMPLE, "--dry-run"),
        ("registry", "follow"),
        ("up", "--base-port", "18700"),
    ):
        done = commands.run(*words, "--data", data, env=without_our_variables())
        assert done.returncode == 1, (words, done.stdout)
        assert "Traceback" not in done.stderr
        if "follow" in words:  # what runs for long writes lines for machines
            told = json.loads(done.stderr)
            assert (told["event"], told["code"]) == ("ended", "database_of_another_version")
            continue
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        assert "it has no stamp_batch.short_before" in line, words
        assert line.endswith("[database_of_another_version]")


def test_the_follower_outlives_a_database_that_does_not_answer(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders that cannot be read are an alarm, and are asked for again."""
    data, asked = copied(sample, tmp_path / "data"), []

    def advance_all(*_: object) -> None:
        asked.append(1)
        raise OperationalError("SELECT", {}, Exception("the server starts anew"))

    monkeypatch.setattr(follow_command.issuing, "advance_all", advance_all)
    monkeypatch.setattr(follow_command, "stopping_flag", lambda *_: lambda: len(asked) == 2)
    monkeypatch.setattr(follow_command, "POLL_SECONDS", 0)
    monkeypatch.setattr(follow_command.logs, "configure", lambda *_: None)
    for name in [name for name in os.environ if name.startswith("TEM_")]:
        monkeypatch.delenv(name)
    done = CliRunner().invoke(follow_command.follow, ["--data", str(data)])
    assert (done.exit_code, len(asked)) == (0, 2), done.output
