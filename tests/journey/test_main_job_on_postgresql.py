"""The main job on PostgreSQL, in an installation that began on SQLite and was moved."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.journey.acts import Maker
from tests.journey.on_postgresql import databases
from tests.postgres import PostgresServer
from tests.running import running, tem, until

from tem.errors import Invalid
from tem.settings import require_one_record


def test_a_moved_installation_does_the_main_job(
    imported: Path, tmp_path: Path, postgres: PostgresServer
) -> None:
    """Services with accounts that have only what they need go on where the files ended: from
    order to scan, numbers going on, the verifiers reading without being told of a restore."""
    data = tmp_path / "data"
    shutil.copytree(imported, data)
    with databases(postgres) as there:
        there.migrate(data)
        moved = tem(data, "move", settings=there.as_owner)
        assert moved.returncode == 0, moved.stderr
        for file in data.glob("*/*.db*"):
            file.unlink()
        with running(data, there.settings) as installation:
            maker = Maker(installation, "Sông La")
            batch = maker.delivered(20)
            assert batch == 1 + max_batch(moved.stderr)
            first, last = maker.addresses(batch)[::19]
            maker.activate(maker.lot(10), batch, 1, 10)
            until(lambda: installation.scan(first)["verdict"] == "OK")
            assert installation.scan(last)["verdict"] == "NOT_ACTIVATED"
            assert "every invariant holds" in installation.tem("fsck")
        assert not list(data.glob("*/*.db"))


def max_batch(told: str) -> int:
    """How many batches the move told of: their numbers are 1 to this."""
    return int(next(x for x in told.splitlines() if x.startswith("issuer: batch, ")).split()[2])


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, False),
        ({"TEM_REGISTRY_DATABASE_URL": "postgresql://a"}, True),
        ({"TEM_REGISTRY_DATABASE_URL": ""}, False),
        ({"TEM_PUBLISHED_DATABASE_URL": "postgresql://a"}, False),
    ],
)
def test_a_verifier_does_not_go_on_with_the_file_left_behind(
    settings: dict[str, str], refused: bool
) -> None:
    """Who says where the registry's record is says too where the verifier reads it."""
    expected = pytest.raises(Invalid, match="TEM_PUBLISHED") if refused else nullcontext()
    with expected:
        require_one_record(settings)
