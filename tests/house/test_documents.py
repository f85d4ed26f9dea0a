"""Documents say what the code does: settings, actions, alarms, words, links."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tem.settings import SETTINGS, remarks
from tem.vocabulary import Note, StampState, Verdict

ROOT = Path(__file__).parent.parent.parent
CODE = [*ROOT.glob("shared/tem/**/*.py"), *ROOT.glob("services/**/*.py")]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "loadtests" / "README.md"]


def words_of_code(pattern: str) -> set[str]:
    """All matches of a pattern in the code."""
    return {word for path in CODE for word in re.findall(pattern, path.read_text("utf-8"))}


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    """docs/operations.md lists exactly the settings that are read."""
    read = words_of_code(r'"(TEM_[A-Z_]+)"')
    told = set(re.findall(r"^\| `(TEM_[A-Z_]+)`", (ROOT / "docs/operations.md").read_text(), re.M))
    assert read == told
    up = (ROOT / "shared/tem/up.py").read_text()
    others = set().union(
        *(re.findall(r'"(TEM_[A-Z_]+)"', p.read_text()) for p in CODE if p.name != "up.py")
    )
    assert others <= SETTINGS == told
    assert {name for name in SETTINGS - others if f'environ.get("{name}"' not in up} == set()


def test_a_misspelt_setting_is_named() -> None:
    """What the start says of a variable that means nothing, and of an Office nobody can reach."""
    assert list(remarks({"TEM_OFFICE_CONTACT": "0239", "TEM_DATA": "x", "HOME": "/"})) == []
    said = list(remarks({"TEM_REGISTRY_UNIT_FEE": "3"}))
    assert said[0].startswith("TEM_REGISTRY_UNIT_FEE is no setting")
    assert "TEM_REGISTRY_UNIT_FEE_VND?" in said[0] and "TEM_OFFICE_CONTACT is not set" in said[1]


def actions(path: Path) -> Iterator[str]:
    """Patterns of the actions that a module writes into the audit trail."""
    tree = ast.parse(path.read_text("utf-8"))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or len(call.args) < 5:
            continue
        if ast.unparse(call.func) in ("audit.record", "record"):
            yield from patterns(call.args[3], tree)


def patterns(action: ast.expr, tree: ast.Module) -> Iterator[str]:
    if isinstance(action, ast.Constant):
        yield re.escape(str(action.value))
    elif isinstance(action, ast.JoinedStr):
        parts = (
            re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]+"
            for p in action.values
        )
        yield "".join(parts)
    else:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(action):
                words = (one for one in ast.walk(node.value) if isinstance(one, ast.Constant))
                yield from (re.escape(str(one.value)) for one in words)


def test_every_action_of_the_audit_trail_is_listed() -> None:
    """docs/http.md lists exactly the actions that the code can write."""
    section = (ROOT / "docs/http.md").read_text().partition("## Objects and actions")[2]
    listed = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", section.partition("\n## ")[0]))
    written = {pattern for path in CODE for pattern in actions(path)}
    assert len(written) > 30
    for pattern in written:
        assert any(re.fullmatch(pattern, one) for one in listed), pattern
    for one in listed:
        assert any(re.fullmatch(pattern, one) for pattern in written), one


def test_every_alarm_is_explained() -> None:
    """docs/trust.md says of each kind of alarm what it means and what to do."""
    raised = words_of_code(r'(?:raise_alarm|Trouble)\(\s*"(\w+)"') | words_of_code(r'alarm="(\w+)"')
    told = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/trust.md").read_text(), re.M))
    assert raised == told


@pytest.mark.parametrize("word", [*Verdict, *Note, *StampState])
def test_every_word_of_the_trade_is_explained(word: str) -> None:
    """docs/life-of-a-stamp.md names every verdict, note and state."""
    assert f"`{word}`" in (ROOT / "docs/life-of-a-stamp.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture exists."""
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_every_file_of_the_records_is_in_order() -> None:
    """Decisions are numbered without a gap."""
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_picture_is_shown_and_small() -> None:
    """`make pictures` leaves nothing behind that no document shows, and what a clone can bear."""
    pictures = list((ROOT / "docs/pictures").iterdir())
    shown = "".join(page.read_text("utf-8") for page in PAGES)
    assert len(pictures) > 5
    assert [path.name for path in pictures if f"pictures/{path.name})" not in shown] == []
    assert sum(path.stat().st_size for path in pictures) <= 800_000
