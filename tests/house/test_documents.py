"""Documents say what the code does: settings, alarms, words, links."""

import re
from pathlib import Path

import pytest

from tem.vocabulary import Note, StampState, Verdict

ROOT = Path(__file__).parent.parent.parent
CODE = [*ROOT.glob("shared/tem/**/*.py"), *ROOT.glob("services/**/*.py")]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "loadtests" / "README.md"]


def words_of_code(pattern: str) -> set[str]:
    """All matches of a pattern in the code."""
    return {word for path in CODE for word in re.findall(pattern, path.read_text("utf-8"))}


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    """docs/operation.md lists exactly the settings that are read."""
    read = words_of_code(r'"(TEM_[A-Z_]+)"')
    told = set(re.findall(r"^\| `(TEM_[A-Z_]+)`", (ROOT / "docs/operation.md").read_text(), re.M))
    assert read == told


def test_every_alarm_is_explained() -> None:
    """docs/trust.md says of each kind of alarm what it means and what to do."""
    raised = words_of_code(r'(?:raise_alarm|Trouble)\(\s*"(\w+)"') | words_of_code(r'alarm="(\w+)"')
    told = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/trust.md").read_text(), re.M))
    assert raised == told


@pytest.mark.parametrize("word", [*Verdict, *Note, *StampState])
def test_every_word_of_the_trade_is_explained(word: str) -> None:
    """docs/life-of-a-stamp.md names every verdict, note and state."""
    if word != Note.MANY_SCANS:  # counted scans are not part of this version
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
