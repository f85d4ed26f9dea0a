"""The words of the office's pages: every act, state and reason that can occur has some."""

import re
from string import Formatter
from typing import Any

import pytest
from tests.house.test_documents import ROOT, actions

from tem.vocabulary import Noticed, StampState, Verdict
from tem_registry.portal import stamp_states
from tem_registry.portal.office import (
    audit_members,
    audit_sentences,
    audit_terms,
    audit_words,
    noticed_words,
)
from tem_verifier.reports import report_rules

OURS = [*ROOT.glob("shared/tem/**/*.py"), *ROOT.glob("services/registry/**/*.py")]


def test_every_act_of_the_registry_has_a_sentence() -> None:
    """A new action without words, and words without an action, fail here."""
    written = {pattern for path in OURS for pattern in actions(path)}
    section = (ROOT / "docs/http.md").read_text().partition("## Objects and actions")[2]
    rows = [row for row in section.partition("\n## ")[0].splitlines() if "| the " not in row]
    listed = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", "\n".join(rows)))
    possible = {one for one in listed if any(re.fullmatch(pattern, one) for pattern in written)}
    assert len(possible) > 50
    assert set(audit_sentences.SENTENCES) == possible


def test_the_last_sentence_of_an_act_needs_nothing() -> None:
    """Whatever an entry tells of itself, there is something to say, in both languages alike."""
    for action, sentences in audit_sentences.SENTENCES.items():
        blanks = [
            [sorted(name for _, name, *_ in Formatter().parse(one) if name) for one in both]
            for both in sentences
        ]
        assert all(vi == en for vi, en in blanks), action
        assert blanks[-1] == [[], []], action
        assert all(all(both) for both in sentences), action


@pytest.mark.parametrize(
    ("lang", "action", "details", "said"),
    [
        (
            "vi",
            "stamps.activated",
            {"batch": 1090, "first": 1, "last": 1200},
            "Kích hoạt tem số 1–1.200 của đợt 1090 cho lô",
        ),
        ("vi", "stamps.activated", {"batch": 1090}, "Kích hoạt tem"),
        (
            "en",
            "batch.delivered",
            {"ranges": [[1, 400], [1401, 1500]], "delivered_on": "2026-11-02", "receipt": None},
            "Handed over stamps 1–400, 1,401–1,500 on 02/11/2026",
        ),
        ("vi", "stamps.void", {"first": 3, "last": 4, "reason": "lost"}, "Hủy tem số 3–4: tem mất"),
        (
            "vi",
            "stamps.corrected",
            {"first": 3, "last": 4, "lot_id": None, "reason": "x"},
            "Đính chính kích hoạt: tem số 3–4 trở lại chưa kích hoạt",
        ),
        ("vi", "order.rejected", {"reason": "{x}"}, "Từ chối đơn đặt tem: {x}"),
        ("vi", "order.melted", {"reason": "x"}, "order.melted"),
    ],
)
def test_an_entry_in_words(lang: Any, action: str, details: dict[str, Any], said: str) -> None:
    """Numbers and days by the language; what is missing is not guessed."""
    assert audit_words.sentence(lang, action, details) == said


@pytest.mark.parametrize(
    ("who", "called"),
    [
        ("office:lan#A-1", "Trần Thị Lan (Văn phòng)"),
        ("office:lan#A-2", "lan (Văn phòng)"),
        ("sweep", "Hệ thống (dọn định kỳ)"),
        ("somebody", "somebody"),
    ],
)
def test_who_acted(who: str, called: str) -> None:
    """A person by name, a key by its own, a part of the system in words."""
    assert audit_terms.actor("vi", who, {"A-1": "Trần Thị Lan"}) == called


def test_what_is_seen_of_stamps_has_words() -> None:
    """Every reason to look at a stamp, every state, verdict and kind of report."""
    assert set(noticed_words.WORDS) == set(Noticed)
    assert set(stamp_states.WORDS) == {str(state) for state in StampState}
    assert set(noticed_words.VERDICTS) == {str(verdict) for verdict in Verdict}
    assert set(noticed_words.REPORT_KINDS) == set(report_rules.KINDS)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("gps", {"lat": 18.3, "lon": 105.9}, "Vĩ độ: 18.3; Kinh độ: 105.9"),
        (
            "statuses",
            [{"since": "2019-01-01", "status": "active"}],
            "Từ ngày: 01/01/2019; Tình trạng: đang hoạt động",
        ),
        ("fields", ["unit", "valid_until", "made_up"], "Đơn vị, Hiệu lực đến hết ngày, made_up"),
        ("delivered_on", "2026-11-02", "02/11/2026"),
        ("reason", "2026-02-31", "2026-02-31"),
        ("beyond_shelf_life", False, "không"),
        ("note", None, "–"),
    ],
)
def test_what_an_entry_was_made_of(name: str, value: Any, shown: str) -> None:
    """Members by the names that the records' forms use; none of its own name is lost."""
    assert audit_members.told("vi", name, value) == shown
