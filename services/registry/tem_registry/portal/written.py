"""How pages write dates, numbers, serials: for the eye, by the reader's language. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tem.language import Lang
from tem.stampcode import serial

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def day(text: str | date | None) -> str:
    """An ISO date as dd/mm/yyyy; empty for none."""
    if not text:
        return ""
    found = text if isinstance(text, date) else date.fromisoformat(text[:10])
    return f"{found:%d/%m/%Y}"


def day_or_month(text: str) -> str:
    """An ISO date as dd/mm/yyyy, an ISO month as mm/yyyy."""
    return "/".join(reversed(text.split("-")))


def moment(text: str | datetime | None) -> str:
    """An instant (RFC 3339) as Vietnam's clock shows it: dd/mm/yyyy HH:MM; empty for none."""
    if not text:
        return ""
    found = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return f"{found.astimezone(_VIETNAM):%d/%m/%Y %H:%M}"


def number(lang: Lang) -> Callable[[Any], str]:
    """Whole numbers with their thousands apart: 1.234.567, in English 1,234,567."""

    def written(value: Any) -> str:
        if value is None or value == "":
            return ""
        english = f"{int(value):,}"
        return english if lang == "en" else english.replace(",", ".")

    return written


def serial_of(batch: int, index: int) -> str:
    """A stamp's serial as printed, with its check digits."""
    return serial(batch, index)
