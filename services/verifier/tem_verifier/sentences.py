"""Which of our sentences belong to an answer, and what is filled into them: pure rules.

The sentences themselves are in ``texts.json``.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from tem_verifier.filters import clean, day, month, own_words
from tem_verifier.pieces import mark

_BLANK = re.compile(r"\{(\w+)\}")


def case_of(answer: Mapping[str, Any]) -> str:
    """Which text belongs to an answer: its verdict, or that verdict's special case."""
    verdict = str(answer["verdict"])
    if verdict == "INFO_EXPIRED" and answer["reason"] == "info_window_closed_no_expiry":
        return "INFO_EXPIRED.no_expiry"
    if verdict == "PAST_DATE" and part(answer, "product").get("date_kind") == "best_before":
        return "PAST_DATE.best_before"
    return verdict


def note_case(note: str, answer: Mapping[str, Any]) -> str:
    """Which text belongs to a note: its own, or that of its special case."""
    withdrawn = part(answer, "certificate").get("revoked_on")
    made = part(answer, "lot").get("production_date")
    if note == "CERT_REVOKED" and withdrawn and made and withdrawn <= made:
        return "CERT_REVOKED.before_production"
    return note


def part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an answer, empty if it is absent or null."""
    return answer.get(name) or {}


def values_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """What is filled into sentences and into the lines of a lot, as it is written there.

    What the answer does not tell is left out.
    """
    lot, recall = part(answer, "lot"), part(answer, "recall")
    certificate = part(answer, "certificate")
    ended = certificate if certificate.get("revoked_on") else part(certificate, "current")
    told = {
        "lot_code": lot.get("code"),
        "production_date": day(lot.get("production_date")),
        "best_before": day(lot.get("best_before")),
        "best_before_month": month(lot.get("best_before")),
        "info_expires_on": day(answer.get("info_expires_on") or lot.get("info_expires_on")),
        "recall_on": day(recall.get("ordered_on")),
        "recall_by": recall.get("ordered_by"),
        "recall_reason": (recall.get("reason_public") or "").rstrip(" ."),
        "cert_until": day(certificate.get("valid_until")),
        "cert_revoked_on": day(ended.get("revoked_on")),
        "cert_revocation_no": ended.get("revocation_decision_no"),
        "revoked_on": day(answer.get("revoked_on")),
    }
    return {name: clean(value) for name, value in told.items() if value}


def choose(wordings: str | Sequence[str], known: Collection[str]) -> str:
    """The first wording whose blanks are all known. The last one has none to spare."""
    choices = [wordings] if isinstance(wordings, str) else wordings
    return next(text for text in choices if all(name in known for name in _BLANK.findall(text)))


def marked(wording: str) -> Markup:
    """A wording with a mark in each of its blanks."""
    blanks = _BLANK.findall(wording)
    return escape(wording).format(**{name: own_words(mark(name)) for name in blanks})
