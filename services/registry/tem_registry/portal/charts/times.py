"""What periods are called: the keys of ``/v1/statistics/series``, for the eye. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from tem.language import Lang


def told(key: str, lang: Lang) -> str:
    """``2026-11-20`` → 20/11/2026, ``2026-11`` → 11/2026, ``2026-W47`` → Tuần 47/2026 (16/11…)."""
    if "W" in key:
        monday = _monday(key)
        week = f"{key[6:]}/{key[:4]} ({monday:%d/%m}–{monday + timedelta(days=6):%d/%m})"
        return f"Tuần {week}" if lang == "vi" else f"Week {week}"
    return "/".join(reversed(key.split("-")))


def short(keys: Sequence[str]) -> list[str]:
    """The same for an axis: days and weeks without their year where all are of one year.

    A week goes by its Monday.
    """
    days = [_monday(key).isoformat() if "W" in key else key for key in keys]
    one_year = len({key[:4] for key in days}) == 1
    found = []
    for key in days:
        parts = key.split("-")
        if len(parts) == 3:
            parts = parts[1:] if one_year else [parts[0][2:], *parts[1:]]
        found.append("/".join(reversed(parts)))
    return found


def _monday(key: str) -> date:
    return date.fromisocalendar(int(key[:4]), int(key[6:]), 1)
