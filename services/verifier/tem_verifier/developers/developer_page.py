"""The page at ``/developers``: how a chain connects its tills, with the limits of this service.

Its words are in ``words.json``, the commands in ``snippets/``, the error codes in ``codes.json``;
what else it tells comes from where it is decided: the advice for each verdict, rates, limits.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from tem.advice import Advice, advice
from tem.language import Lang
from tem.vocabulary import DateKind, Verdict
from tem_verifier import till_files
from tem_verifier.rates import Rate
from tem_verifier.templating import environment, texts

STATIC = Path(__file__).parents[1] / "static"
SHELL = ("start", "verify", "sell", "offline", "changes")
CHECKS = {"python": "webhook_check.py", "javascript": "webhook_check.mjs"}
_PERIODS = {1: "a_second", 60: "a_minute", 3600: "an_hour"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may hold: codes, lines of a file, bytes of JSON, seconds of waiting; and how
    much may be asked with a key and without."""

    codes: int
    lines: int
    body_bytes: int
    wait_seconds: int
    retailer: Rate | None
    public: Rate | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file for tills: its name, its path on this host, and its digest."""

    name: str
    path: str
    sha256: str

    @classmethod
    def of(cls, name: str, path: str, content: bytes) -> "Download":
        """With the SHA-256 of its content."""
        return cls(name, path, hashlib.sha256(content).hexdigest())


def downloads() -> list[Download]:
    """The files for tills that this service hands out."""
    made = {till_files.SCRIPT: till_files.script, till_files.APPLICATION: till_files.application}
    return [Download.of(name, f"/static/till/{name}", make()) for name, make in made.items()]


class DeveloperPage:
    """In both languages. Words, commands and template are read once, here."""

    def __init__(
        self,
        limits: Limits,
        downloads: list[Download],
        address: str,
        office_contact: str = "",
        *,
        is_sandbox: bool = False,
    ) -> None:
        """``address`` is where tills ask; the last two as for the other pages."""
        self._limits, self._downloads = limits, downloads
        self._words, self._texts = _read("words.json"), texts()
        self._codes = _read("codes.json")
        self._template = environment(office_contact, is_sandbox).get_template("developers.html")
        self._snippets = _snippets(address)

    def render(self, lang: Lang) -> str:
        """The whole page."""
        words = self._words[lang]
        told = {
            **words,
            "verify": words["verify"].format(
                codes=_number(self._limits.codes, lang), lines=_number(self._limits.lines, lang)
            ),
            "advices": [(word, self._advice(word, lang)) for word in map(str, Advice)],
            "scopes": words["scopes"].items(),
            "limits": self._limit_rows(lang),
            "headers": words["headers"].items(),
            "codes": [
                (f"`{one['code']}` {words['where'].get(one['status'], one['status'])}", one[lang])
                for one in self._codes
            ],
        }
        return self._template.render(
            told,
            snippets=self._snippets,
            files=self._downloads,
            coded=coded,
            lang=lang,
            say=self._texts["labels"][lang],
            link="/developers",
        )

    def _advice(self, word: str, lang: Lang) -> str:
        """What to do, and with which answers."""
        words = self._words[lang]
        cases = [
            f"`{verdict}`" + (f" ({words[WHEN[kind]]})" if kind else "")
            for verdict, kind in CASES
            if advice(verdict, "", kind) == word
        ]
        return f"{words['advice'][word]} {', '.join(cases)}"

    def _limit_rows(self, lang: Lang) -> list[tuple[str, str]]:
        words, limits = self._words[lang], self._limits
        told = {
            "codes": _number(limits.codes, lang),
            "lines": _number(limits.lines, lang),
            "body": f"{limits.body_bytes // 1024} KiB",
            "retailer": _rate(limits.retailer, words, lang),
            "public": _rate(limits.public, words, lang),
            "wait": f"{limits.wait_seconds} {words['seconds']}",
        }
        return [(told[name], text) for name, text in words["limits"].items()]


# Every verdict, and the one that depends on the kind of date.
CASES: tuple[tuple[Verdict, DateKind | None], ...] = (
    *((verdict, None) for verdict in reversed(Verdict) if verdict != Verdict.PAST_DATE),
    (Verdict.PAST_DATE, DateKind.USE_BY),
    (Verdict.PAST_DATE, DateKind.BEST_BEFORE),
)
WHEN = {DateKind.USE_BY: "when_use_by", DateKind.BEST_BEFORE: "when_best_before"}


def coded(text: str) -> Markup:
    """A text in which what stands between backticks is code."""
    parts = text.split("`")
    shown = [escape(part) for part in parts]
    shown[1::2] = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    return Markup("").join(shown)


def _read(name: str) -> Any:
    return json.loads(files("tem_verifier.developers").joinpath(name).read_text("utf-8"))


def _snippets(address: str) -> Mapping[str, str]:
    folder = files("tem_verifier.developers").joinpath("snippets")
    shell = {name: folder.joinpath(f"{name}.sh").read_text("utf-8").rstrip() for name in SHELL}
    shell["start"] = shell["start"].replace("{address}", address)
    checks = {
        name: (STATIC / "developers" / file).read_text("utf-8").rstrip()
        for name, file in CHECKS.items()
    }
    return {**shell, **checks}


def _number(number: int, lang: Lang) -> str:
    """1,000 in English, 1.000 in Vietnamese."""
    return f"{number:,}".replace(",", "." if lang == "vi" else ",")


def _rate(rate: Rate | None, words: Mapping[str, Any], lang: Lang) -> str:
    if rate is None:
        return str(words["no_limit"])
    return f"{_number(rate.quota, lang)} / {words[_PERIODS[rate.period]]}"
