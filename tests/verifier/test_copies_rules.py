"""Which stamps show signs of being copied: the rule by a table, and measured on a stream."""

import ast
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from loadtests import copies

from tem.vocabulary import StampState
from tem_verifier.copies import detector, words
from tem_verifier.copies.trace import Evidence, ScanDay, Sign, TillEvent, Trace
from tem_verifier.retail.sale_kinds import Kind

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
KINDS = {"+": Kind.SALE, "-": Kind.RETURN, "!": Kind.REFUSED_SALE}
AGAIN = [("!", "A.1", 24.0 * days) for days in (1, 2, 3)]


def told(*events: tuple[str, str, float]) -> list[TillEvent]:
    """Sales (+), returns (-) and refused sales (!) of ``chain.store``, hours after noon."""
    found = []
    for kind, place, hours in events:
        chain, _, store = place.partition(".")
        at = NOON + timedelta(hours=hours)
        found.append(TillEvent(KINDS[kind], chain, store, at, at))
    return found


@pytest.mark.parametrize(
    ("events", "signs", "alarm"),
    [
        ([("+", "A.1", 0)], [], False),
        ([("+", "A.1", 0), ("!", "B.1", 90)], ["sold_in_another_chain"], True),
        (
            [("+", "A.1", 0), ("!", "B.1", 1)],
            ["sold_in_another_chain", "sold_elsewhere_too_soon"],
            True,
        ),
        ([("+", "A.1", 0), ("!", "A.2", 90)], ["sold_in_another_store"], True),
        ([("+", "A.1", 0), ("!", "A.1", 0.1)], ["scanned_twice_at_the_till"], False),
        ([("+", "A.1", 0), ("!", "A.1", 5), ("!", "A.1", 7)], ["sold_again_in_store"], False),
        ([("+", "A.1", 0), *AGAIN[:2]], ["sold_again_in_store"], False),
        ([("+", "A.1", 0), *AGAIN], ["sold_again_in_store"], True),
        ([("+", "A.1", 0), ("-", "A.1", 9), ("+", "A.2", 90)], ["returned_in_between"], False),
        (
            [("+", "A.1", 0), ("-", "A.1", 9), ("+", "B.1", 90)],
            ["sold_elsewhere_after_return", "returned_in_between"],
            False,
        ),
        (
            [("+", "A.1", 0), ("-", "A.1", 9), ("+", "A.1", 90), ("!", "B.1", 200)],
            ["sold_in_another_chain", "returned_in_between"],
            True,
        ),
        (
            [("+", "A.1", 0), ("!", "B.1", 90), ("!", "B.1", 90.1)],
            ["sold_in_another_chain", "scanned_twice_at_the_till"],
            True,
        ),
    ],
)
def test_what_tills_told_is_judged(
    events: list[tuple[str, str, float]], signs: list[str], alarm: bool
) -> None:
    """Sold elsewhere with no return between is an alarm; what one package explains is none."""
    found = detector.judge(Trace(told(*events)))
    assert [str(one.sign) for one in (found.evidence if found else ())] == signs
    assert detector.is_alarm(found) is alarm


def test_nobody_gets_a_stamp_onto_the_list_by_scanning_it() -> None:
    """A million look-ups from everywhere are told beside what tills told, and weigh nothing."""
    scans = [ScanDay(date(2026, 11, day), 10**6, 5000) for day in (1, 2, 22, 23)]
    twice = told(("+", "A.1", 0), ("!", "A.1", 30), ("!", "A.1", 60))
    quiet, loud = (detector.judge(Trace(twice, some, None, NOON.date())) for some in ((), scans))
    assert quiet and loud and quiet.score == loud.score == 40
    assert {str(one.sign) for one in loud.evidence} - {str(one.sign) for one in quiet.evidence} == {
        "scanned_widely_after_sale",
        "scanned_before_it_was_made",
    }
    assert detector.judge(Trace(told(("+", "A.1", 0)), scans)) is None


def test_a_state_is_told_and_is_no_alarm_by_itself() -> None:
    """A void stamp that came back was destroyed, perhaps: that alone is nothing to look into."""
    events = told(("+", "A.1", 0), ("-", "A.1", 3))
    for state, sign in ((StampState.VOID, Sign.SOLD_VOID), (StampState.REVOKED, Sign.SOLD_REVOKED)):
        found = detector.judge(Trace(events, (), state))
        assert found and sign in {one.sign for one in found.evidence}
        assert not detector.is_alarm(found)


def test_every_sign_has_words_that_judge_the_stamp() -> None:
    """In both languages, all numbers filled in, and never a word about goods being fake."""
    values = dict.fromkeys(("chains", "stores", "days", "times", "minutes", "origins"), 7)
    for sign in Sign:
        said = words.said(Evidence(sign, 0, values))
        assert said["vi"] != said["en"] and all(said.values())
        text = " ".join(said.values()).lower()
        assert not any(word in text for word in ("{", "fake", "genuine", "hàng giả", "hàng thật"))


@pytest.mark.parametrize(
    ("sign", "values", "vi", "en"),
    [
        (Sign.TOO_SOON, {"minutes": 0}, "chưa đầy một phút.", "it less than a minute apart"),
        (Sign.TOO_SOON, {"minutes": 1}, "chỉ cách nhau 1 phút.", "only 1 minute apart"),
        (Sign.TOO_SOON, {"minutes": 5}, "chỉ cách nhau 5 phút.", "only 5 minutes apart"),
        (Sign.DOUBLE_SCAN, {"times": 1}, "1 lần quét lại", "1 more scan at"),
        (Sign.DOUBLE_SCAN, {"times": 2}, "2 lần quét lại", "2 more scans at"),
        (Sign.AFTER_RETURN, {"times": 1}, "(1 lần)", "another chain (once)"),
        (Sign.RETURN_BETWEEN, {"times": 1}, "1 lần trả hàng", "On record: 1 return."),
    ],
)
def test_one_is_no_plural(sign: Sign, values: dict[str, int], vi: str, en: str) -> None:
    """A sentence is one also where its number is none or one."""
    said = words.said(Evidence(sign, 0, values))
    assert vi in said["vi"] and en in said["en"]


def imported(path: Path) -> Iterable[str]:
    """What a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_stream_and_the_rule_know_nothing_of_each_other() -> None:
    """They share no code and no constant: neither imports anything of the other's side."""
    for name in ("copies_stream", "copies_world"):
        found = set(imported(ROOT / f"loadtests/{name}.py"))
        assert not [one for one in found if one.startswith("tem")], name
    for path in (ROOT / "services/verifier/tem_verifier/copies").glob("*.py"):
        assert not [one for one in imported(path) if one.startswith("loadtests")], path.name


def test_families_are_found_and_honest_stamps_are_left_alone() -> None:
    """A small stream of a seed of its own reaches what is asked for; a rule that is blind, or that
    takes everything for a copy, does not."""
    run = copies.measured(2026, 20_000, 150)
    assert copies.is_met(run), copies.said(run)
    point = copies.at_alarm(run)
    assert run["families_with_two_sales"] > 100 and point["false_alarms"] > 0
    assert not copies.is_met({**run, "alarm_at": 0})
    assert not copies.is_met({**run, "alarm_at": run["roc"][-1]["at_least"]})
