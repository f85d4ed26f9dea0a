"""The pack key as the follower finds it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.pack_mint import PackMint

from tem.pack.canonical import instant
from tem.stampcode import FIRST_TEST_BATCH
from tem.trust import OfficeKey, Trust
from tem_registry.packs.pack_keys import WARNED_BEFORE, PackKeys

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
OFFICE, OTHER = PackMint(), PackMint()
PUBLIC = OFFICE.office.public_key().public_bytes_raw()


def trust(**changes: Any) -> Trust:
    """A list that names the office key."""
    sandbox = changes.pop("sandbox", False)
    return Trust({OFFICE.office_id: OfficeKey(PUBLIC, **changes)}, sandbox)


@pytest.mark.parametrize(
    ("certificate", "trusted"),
    [
        ({}, trust(frozen=True)),
        ({}, trust(sandbox=True)),
        ({}, trust(last_batch=FIRST_TEST_BATCH - 2)),
        ({}, Trust({})),
        ({"environment": "sandbox"}, trust()),
        ({"office_key_id": OTHER.office_id}, trust()),
        ({"public_key": OTHER.key.public_key().public_bytes_raw().hex()}, trust()),
        ({"valid_until": "2026-11-20T02:00:00Z"}, trust()),
        ({"valid_from": "2026-11-21T02:00:00Z"}, trust()),
    ],
)
def test_a_key_that_tills_would_refuse_signs_nothing(
    tmp_path: Path, certificate: dict[str, Any], trusted: Trust
) -> None:
    """One line in the log a day says why; the key itself is good where all fits."""
    path = tmp_path / "pack-key.json"
    path.write_text(OFFICE.handed_over(**certificate).write())
    keys = PackKeys(path)
    with capture_logs() as lines:
        assert keys.at(NOW, trusted) is None
        assert keys.at(NOW + timedelta(hours=1), trusted) is None
    assert [line["alarm"] for line in lines] == ["pack_key_unfit"]
    path.write_text(OFFICE.handed_over().write())
    assert keys.at(NOW, trust()) == OFFICE.handed_over()


def test_a_key_another_signed_for_or_none_signs_nothing(tmp_path: Path) -> None:
    """A certificate that names the office and was signed by somebody else; no file at all."""
    path = tmp_path / "pack-key.json"
    keys = PackKeys(path)
    assert keys.at(NOW, trust()) is None
    path.write_text(OTHER.handed_over(office_key_id=OFFICE.office_id).write())
    assert keys.at(NOW, trust()) is None


def test_the_end_of_a_key_is_told_ahead(tmp_path: Path) -> None:
    """Sixty days before, once a day, and it goes on signing."""
    path, key = tmp_path / "pack-key.json", OFFICE.handed_over()
    path.write_text(key.write())
    keys, soon = PackKeys(path), instant(key.certificate.valid_until) - WARNED_BEFORE
    with capture_logs() as lines:
        for hours in (0, 1, 2, 25, 26):
            assert keys.at(soon + timedelta(hours=hours), trust()) == key
    assert [line["alarm"] for line in lines] == ["pack_key_ends_soon"] * 2
