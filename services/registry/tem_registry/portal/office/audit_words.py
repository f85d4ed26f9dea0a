"""An entry of the audit trail in words: its sentence, and the members of its details. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from tem.language import Lang
from tem_registry.portal import written
from tem_registry.portal.office.audit_sentences import SENTENCES
from tem_registry.portal.office.audit_terms import CODES

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def sentence(lang: Lang, action: str, details: Mapping[str, Any]) -> str:
    """An action in words; one that has none (of a newer version) by its own name."""
    told = {name: member(lang, name, value) for name, value in details.items() if value is not None}
    for both in SENTENCES.get(action, ()):
        try:
            return both[0 if lang == "vi" else 1].format_map(told)
        except KeyError:
            continue
    return action


def member(lang: Lang, name: str, value: Any) -> str:
    """A member of an entry's details for the eye: numbers, days and codes by the language."""
    if isinstance(value, bool):
        return ("có" if value else "không") if lang == "vi" else ("yes" if value else "no")
    if isinstance(value, int):
        return written.number(lang)(value) if name != "batch" else str(value)
    if isinstance(value, str) and _DAY.fullmatch(value):
        return _day(value)
    if name in ("ranges", "spoiled") and isinstance(value, list):
        return ", ".join(_range(lang, one) for one in value)
    if isinstance(value, list):
        return ", ".join(member(lang, "", one) for one in value)
    both = CODES.get(str(value)) if name in ("kind", "role", "state", "status", "reason") else None
    return str(value) if both is None else both[0 if lang == "vi" else 1]


def _range(lang: Lang, one: Any) -> str:
    if not isinstance(one, list) or len(one) != 2:
        return str(one)
    first, last = (written.number(lang)(end) for end in one)
    return f"{first}–{last}"


def _day(text: str) -> str:
    try:
        return written.day(text)
    except ValueError:  # somebody wrote what only looks like one
        return text
