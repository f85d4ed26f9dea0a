"""What a person typed, what the API said of it, and the form shown again with both."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from tem.http.inside import Refused
from tem.language import Lang
from tem_registry.portal import wording

KEY_FIELD, CSRF_FIELD = "idempotency_key", "csrf_token"
_MOST_DIGITS = 16  # of a number; Python refuses to read very long ones
# 1000, or with its thousands apart; 1.5 is no whole number.
_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(?:([., \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*", re.ASCII)


def new_key() -> str:
    """An Idempotency-Key for a form or a button."""
    return secrets.token_urlsafe(18)


@dataclass
class Form:
    """A form: ``values`` as typed, ``faults`` by field, ``refusal`` for the whole.

    ``key`` is its Idempotency-Key, made when it is shown first and sent along with every try: a
    form sent twice acts once.
    """

    lang: Lang
    values: dict[str, str]
    key: str
    refusal: str = ""
    code: str = ""
    problem: Mapping[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field as typed, without blanks around it; empty if it was left out."""
        return self.values.get(name, "").strip()

    def body(self, *names: str, **more: Any) -> dict[str, Any]:
        """A JSON body of the fields that were filled in, as texts, and ``more``."""
        typed = {name: self.text(name) for name in names}
        given = {name: value for name, value in more.items() if value is not None}
        return {name: value for name, value in typed.items() if value} | given

    def number(self, name: str) -> int | str | None:
        """A whole number as people write it (1.000, 1 000, 1,000); other text as it is, so that
        the API says what is wrong with it; None if it was left out."""
        typed = self.text(name)
        if not _WHOLE.fullmatch(typed) or len(typed) > _MOST_DIGITS:
            return typed or None
        return int("".join(c for c in typed if c.isdigit()))

    def decimal(self, name: str) -> float | str | None:
        """A decimal number with a point or, as Vietnamese writes it, a comma."""
        typed = self.text(name)
        try:
            return float(typed.replace(",", ".")) if typed else None
        except ValueError:
            return typed

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self.values

    def refuse(self, refused: Refused, fields: Mapping[str, str] | None = None) -> None:
        """Remember why it was refused; ``fields`` maps JSON Pointers to fields of other names."""
        self.code, self.problem = refused.code, refused.problem
        self.refusal = wording.refusal(self.lang, refused.code, refused.detail, refused.problem)
        for fault in refused.errors:
            pointer = fault.get("pointer", "")
            name = (fields or {}).get(pointer) or pointer.strip("/").replace("/", ".")
            told = wording.refusal(self.lang, fault.get("code", ""), fault.get("detail", ""), fault)
            self.faults.setdefault(name, told)

    def fault(self, name: str, vi: str, en: str) -> None:
        """Mark a field ourselves, where the API was not even asked."""
        self.faults[name] = wording.chooser(self.lang)(vi, en)

    @property
    def reasons(self) -> list[str]:
        """Every reason of a refusal that has several, as sentences."""
        return [self._sentence(one) for one in self.problem.get("reasons", ())]

    @property
    def ranges(self) -> list[dict[str, Any]]:
        """The parts of a range that refuse: ``first``, ``last``, ``state`` and a ``sentence``."""
        return [{**one, "sentence": self._sentence(one)} for one in self.problem.get("ranges", ())]

    def _sentence(self, told: Mapping[str, Any]) -> str:
        return wording.refusal(
            self.lang, str(told.get("code", "")), str(told.get("detail", "")), told
        )

    @property
    def is_refused(self) -> bool:
        """Whether there is anything to mend."""
        return bool(self.refusal or self.faults)


def sent(lang: Lang) -> Form:
    """The form that the present request brought."""
    values = {name: value for name, value in request.form.items() if name != CSRF_FIELD}
    key = request.form.get(KEY_FIELD, "")  # it becomes a header of the call
    return Form(lang, values, "".join(letter for letter in key if "!" <= letter <= "~"))


def fresh(lang: Lang, initial: Mapping[str, Any] | None = None) -> Form:
    """A form to be filled in, with what is proposed in it."""
    shown = {name: str(value) for name, value in (initial or {}).items() if value is not None}
    return Form(lang, shown, new_key())
