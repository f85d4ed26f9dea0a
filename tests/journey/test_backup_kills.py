"""PostgreSQL killed with -9 under load: the small version of `loadtests.kill_postgres`."""

from pathlib import Path

from loadtests.kill_postgres import BETWEEN, campaign

KILLS = 2


def test_a_killed_postgresql_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Again and again in the middle of acts: each acknowledged act is there once, and whoever
    repeats one is told the same; fsck finds nothing."""
    done = campaign(tmp_path, KILLS)
    assert done.kills == KILLS and done.acts >= KILLS * BETWEEN and done.repeats > 0
