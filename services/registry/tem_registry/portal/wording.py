"""The portal's words: Vietnamese and English side by side, and what refusals mean.

``refusals.json`` has a sentence in each language for every code the registry refuses with; a
sentence tells what to do. ``{name}`` in it is a member of the problem document.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tem.language import Lang
from tem_registry.portal import wire_words, written

Words = Mapping[str, str]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def chooser(lang: Lang) -> Callable[[str, str], str]:
    """``t(vi, en)`` of a language: both stand where they are used, so neither is forgotten."""
    return lambda vi, en: vi if lang == "vi" else en


@cache
def refusals() -> dict[str, Words]:
    """Code -> sentence in each language."""
    text = files("tem_registry.portal").joinpath("refusals.json").read_text("utf-8")
    found: dict[str, Words] = json.loads(text)
    return found


def refusal(lang: Lang, code: str, detail: str, members: Mapping[str, Any]) -> str:
    """The sentence of a refusal. The API's own detail, which names things, is the English one."""
    words = refusals().get(code)
    if lang == "en" or words is None:
        return detail or code
    if code == "invalid":  # one of a field: its words alone tell which
        return wire_words.vietnamese(detail)
    try:
        return words["vi"].format_map({name: _shown(value) for name, value in members.items()})
    except LookupError:  # a blank the document has no member for
        return words.get("vi_plain", detail)


def _shown(value: Any) -> str:
    """A member as people read it: dates as dd/mm/yyyy, the rest as it is."""
    text = str(value)
    return written.day(text) if _DAY.fullmatch(text) else text
