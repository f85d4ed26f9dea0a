"""Which language a page is written in."""

import re
from typing import Literal, get_args

Lang = Literal["vi", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)

_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)", re.ASCII | re.IGNORECASE)


def choose_language(query_lang: str | None, accept_language: str | None) -> Lang:
    """The language of a page: ``?lang=`` first, then ``Accept-Language``, then Vietnamese.

    Whatever arrives gets an answer; a part of the header that cannot be read is left out.
    """
    asked = _known_language(query_lang or "")
    if asked is not None:
        return asked
    weighted = [_weighted(part) for part in (accept_language or "").split(",")]
    wanted = [(weight, lang) for weight, lang in weighted if lang is not None and weight > 0]
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else "vi"


def _known_language(tag: str) -> Lang | None:
    """Our language for a tag such as ``en-GB``, or None."""
    primary = tag.strip().lower().replace("_", "-").partition("-")[0]
    return next((lang for lang in LANGUAGES if lang == primary), None)


def _weighted(part: str) -> tuple[float, Lang | None]:
    """Weight and language of one part of ``Accept-Language``; weight 0 if it is illegible."""
    tag, _, parameter = part.partition(";")
    if not parameter.strip():
        return 1.0, _known_language(tag)
    weight = _WEIGHT.fullmatch(parameter.strip())
    return (min(float(weight[1]), 1.0) if weight else 0.0), _known_language(tag)
