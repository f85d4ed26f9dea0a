"""For how long a lot is public and its record is kept: the rules, and the settings behind them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tem.dates import end_of_day
from tem.errors import Conflict, Invalid
from tem.installation import Installation
from tem_registry import settings
from tem_registry.lots.lot_rules import check_purge, is_forgotten, record_ends_on, window_ends_on
from tem_registry.months import Months

USUAL = Months({"": 24, "I.1": 6})


@pytest.mark.parametrize(
    ("category", "months"),
    [
        ("I.1", 6),
        ("I.1.a", 6),
        ("I.1.a.2", 6),
        ("I.10", 24),
        ("I.10.a", 24),
        ("I.11", 24),
        ("I", 24),
        ("II.1", 24),
        ("", 24),
    ],
)
def test_months_of_a_category(category: str, months: int) -> None:
    """The months of a category hold for what lies under it, not for what is spelt alike."""
    assert USUAL.of(category) == months


def test_the_longest_code_counts() -> None:
    """A subgroup named by itself goes before its group, in whatever order they are given."""
    for codes in ({"": 24, "I": 12, "I.1": 6}, {"I.1": 6, "I": 12, "": 24}):
        assert [Months(codes).of(c) for c in ("I.1.a", "I.2", "II")] == [6, 12, 24]


@pytest.mark.parametrize(
    ("best_before", "production", "months", "ends"),
    [
        ("2026-01-31", "2025-01-31", 24, "2026-02-28"),
        ("2027-02-28", "2026-02-28", 24, "2027-03-28"),
        (None, "2024-11-20", 24, "2026-11-20"),
        (None, "2026-05-20", 6, "2026-11-20"),
        (None, "2026-08-31", 6, "2027-02-28"),
        (None, "2024-02-29", 24, "2026-02-28"),
    ],
)
def test_the_window(best_before: str | None, production: str, months: int, ends: str) -> None:
    """A month after best-before; of undated goods their months from production, clamped."""
    dated = date.fromisoformat(best_before) if best_before else None
    assert str(window_ends_on(dated, date.fromisoformat(production), months)) == ends


@pytest.mark.parametrize(
    ("best_before", "production", "window", "category", "record", "ends"),
    [
        ("2026-01-31", "2025-01-31", "2026-02-28", "I.4", {"": 12}, "2027-01-31"),
        ("2027-02-28", "2026-02-28", "2027-03-28", "I.4", {"": 12, "I": 18}, "2028-08-28"),
        (None, "2024-11-20", "2026-11-20", "V.2", {"": 12}, "2026-11-20"),
        (None, "2026-05-20", "2026-11-20", "I.1.b", {"": 12}, "2026-11-20"),
        # A shorter window does not shorten the law's 24 and 6 months from production.
        (None, "2026-05-20", "2026-06-20", "V.2", {"": 12}, "2028-05-20"),
        (None, "2026-05-20", "2026-06-20", "I.1", {"": 12}, "2026-11-20"),
        (None, "2026-05-20", "2026-06-20", "I.10", {"": 12}, "2028-05-20"),
        # A longer one lengthens the record with it.
        (None, "2026-05-20", "2030-05-20", "I.1", {"": 12}, "2030-05-20"),
    ],
)
def test_the_record_period(
    best_before: str | None,
    production: str,
    window: str,
    category: str,
    record: dict[str, int],
    ends: str,
) -> None:
    """Months after best-before; without one the later of the window and the law's months."""
    day = date.fromisoformat
    dated = day(best_before) if best_before else None
    found = record_ends_on(dated, day(production), day(window), category, Months(record))
    assert str(found) == ends


NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
END = end_of_day(date(2026, 11, 19))


@pytest.mark.parametrize(
    ("now", "lifted", "forgotten"),
    [
        (END, [], True),
        (END - timedelta(microseconds=1), [], False),
        (NOON, [NOON], True),
        (NOON, [NOON + timedelta(seconds=1)], False),
        (NOON, [None], False),
        (NOON, [NOON - timedelta(days=9), None], False),
        (NOON, [NOON - timedelta(days=9), NOON - timedelta(days=1)], True),
        (END - timedelta(microseconds=1), [NOON - timedelta(days=9)], False),
    ],
)
def test_what_is_forgotten(now: datetime, lifted: list[datetime | None], forgotten: bool) -> None:
    """From the end of the window's last day on, unless a recall is not over."""
    assert is_forgotten(date(2026, 11, 19), lifted, now) is forgotten


def test_a_record_is_kept_to_the_end_of_its_last_day() -> None:
    """It may be purged from the next day on, never under recall, and the refusal says when."""
    last = date(2026, 11, 20)
    check_purge(last, date(2026, 11, 21), under_recall=False)
    with pytest.raises(Conflict) as refused:
        check_purge(last, last, under_recall=False)
    assert refused.value.code == "record_period_runs"
    assert refused.value.extra == {"record_ends_on": "2026-11-20"}
    with pytest.raises(Conflict) as refused:
        check_purge(last, date(2030, 1, 1), under_recall=True)
    assert refused.value.code == "lot_recalled"


def read(tmp_path: Path, **variables: str) -> settings.Settings:
    return settings.read(variables, Installation.at(tmp_path))


def test_the_months_of_the_settings(tmp_path: Path) -> None:
    """Unset they are the law's; set they are read with spaces or commas between them."""
    usual = read(tmp_path)
    assert [usual.window_months.of(c) for c in ("I.1.a", "I.10", "V")] == [6, 24, 24]
    assert usual.record_months.of("I.1") == 12
    changed = read(
        tmp_path, TEM_REGISTRY_WINDOW_MONTHS="36, V=48", TEM_REGISTRY_RECORD_MONTHS="I.1=14 24"
    )
    assert [changed.window_months.of(c) for c in ("I.1", "V.2")] == [36, 48]
    assert [changed.record_months.of(c) for c in ("I.1.a", "I.2")] == [14, 24]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEM_REGISTRY_WINDOW_MONTHS", "I.1=6"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "0"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "241"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 I.1=six"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 I.1=-6"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 I.1=٦"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 I.1=6 I.1=7"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 36"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 =6"),
        ("TEM_REGISTRY_WINDOW_MONTHS", "24 I.1.=6"),
        ("TEM_REGISTRY_RECORD_MONTHS", "11"),
        ("TEM_REGISTRY_RECORD_MONTHS", "12 I.1=6"),
    ],
)
def test_months_that_are_refused(tmp_path: Path, name: str, value: str) -> None:
    """Below the least, above 240, said twice or unreadable: refused, naming the setting."""
    with pytest.raises(Invalid, match=name):
        read(tmp_path, **{name: value})
