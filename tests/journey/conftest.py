"""One running installation with the sample data in it, for all journeys that break nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.running import SAMPLE, Running, running

PART = 6
OWNERS = ("producer_id", "product_id")
FILES = (
    "producers",
    "products",
    "certificates",
    "points_of_sale",
    "pos_contracts",
    "stamp_batches",
    "lots",
)


# Not for the whole session: seven processes that wait take a tenth of a core until the end.
@pytest.fixture(scope="module")
def sample(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`tem up` over the imported sample. Tests add to it and change only what they added."""
    data = tmp_path_factory.mktemp("sample") / "data"
    shutil.copytree(imported, data)
    with running(data) as installation:
        yield installation


@pytest.fixture(scope="session")
def part_of_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the sample with its first batches and their lots, quick to import."""
    folder = tmp_path_factory.mktemp("part")
    rows = {file: _rows(file) for file in FILES}
    rows["stamp_batches"] = rows["stamp_batches"][:PART]
    kept = {name: {row[name] for row in rows["stamp_batches"]} for name in OWNERS}
    for file in ("producers", "products", "certificates"):
        rows[file] = [r for r in rows[file] if all(r[n] in kept[n] for n in OWNERS if n in r)]
    batches = {row["batch_id"] for row in rows["stamp_batches"]}
    rows["lots"] = [
        lot
        for lot in rows["lots"]
        if batches.issuperset(r["batch_id"] for r in lot["stamp_ranges"])
    ]
    rows["points_of_sale"] = rows["pos_contracts"] = []
    for file in FILES:
        (folder / f"{file}.json").write_text(json.dumps({file: rows[file]}), "utf-8")
    return folder


def _rows(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLE / f"{file}.json").read_text("utf-8"))[file]
    return found
