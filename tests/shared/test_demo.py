"""The demo's words: amounts as Vietnamese writes them, and what a failing command said."""

from pathlib import Path

import pytest

from tem import demo
from tem.demo_client import DemoFailed


def test_amounts_are_written_with_points() -> None:
    """60.000 đồng, not 60,000."""
    assert [demo.dong(amount) for amount in (200, 60_000, 1_250_000)] == [
        *("200", "60.000", "1.250.000"),
    ]


def test_what_a_failing_key_command_said_is_shown(tmp_path: Path) -> None:
    """A key is not for the eyes; why there is none is."""
    words = ("registry", "key", "create", "--role", "office", "--name", "x")
    with pytest.raises(DemoFailed, match="There is no installation"):
        demo.command(*words, "--data", str(tmp_path / "nowhere"))
