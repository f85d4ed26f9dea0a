"""The words and the templates that all pages are made of, read once."""

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tem_verifier.filters import FILTERS, clean

_BETWEEN = re.compile(r"\s*[,;]\s*|\s+[–-]\s+")


def texts() -> dict[str, Any]:
    """What is in ``texts.json``."""
    words: dict[str, Any] = json.loads(
        files("tem_verifier").joinpath("texts.json").read_text("utf-8")
    )
    return words


@lru_cache(4)
def environment(office_contact: str, is_sandbox: bool) -> Environment:
    """The templates with their filters, compiled once in a process. Raises if one of them is
    wrong once it is asked for.

    ``office_contact`` says how to reach the Office: names, phone numbers and addresses, with
    commas between them, each of which is a link if it can be one. Every page of a sandbox says
    that its stamps are test stamps.
    """
    made = Environment(
        loader=PackageLoader("tem_verifier"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals |= {"office_contact": contacts(office_contact), "is_sandbox": is_sandbox}
    return made


def contacts(told: str) -> list[str]:
    """The parts of what is said of reaching the Office, in their order."""
    return [part for part in _BETWEEN.split(clean(told).strip()) if part]
