"""The pages of a report as they are written."""

import pytest
from tests.verifier.page_reading import Structure

from tem.language import LANGUAGES, Lang
from tem_verifier.report_pages import Asked, ReportPages
from tem_verifier.reports.report_rules import KINDS, Draft

TOKEN = "0123456789abcdef" * 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_fault_has_words_in_both_languages(lang: Lang) -> None:
    """A code without a sentence would be an error of ours; hostile words stay words."""
    pages, hostile = ReportPages("0239 000 000"), '"><script>{{7*7}}</script>'
    draft = Draft(kind=KINDS[0], text=hostile, place=hostile, position=(1.0, 2.0), found="UNKNOWN")
    asked = Asked("/report", "1-2-3", hostile)
    codes = pages._texts["report"]["vi"]["faults"]
    assert codes.keys() == pages._texts["report"]["en"]["faults"].keys()
    for code in codes:
        html = pages.form(lang, asked, draft, TOKEN, {"photo": code})
        structure = Structure(html)
        assert len(structure.all("script")) == 1 and structure.open == []
        assert "{{7*7}}" in html
