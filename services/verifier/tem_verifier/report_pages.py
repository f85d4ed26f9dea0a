"""The pages of a report: the form, what is wrong with it, and the thanks."""

from collections.abc import Mapping
from dataclasses import dataclass

from tem.language import Lang
from tem_verifier.reports.report_rules import Draft
from tem_verifier.templating import environment, texts

SCRIPT_POLICY = "script-src 'self'"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a form is: its own path, the serial and product of a stamp on record, and what else
    was found of a code in the path (``UNKNOWN``, ``MALFORMED`` or nothing)."""

    action: str
    stamp: str = ""
    product: str = ""
    unread: str = ""


class ReportPages:
    """In both languages. Texts and templates are read once, here."""

    def __init__(self, office_contact: str = "", *, is_sandbox: bool = False) -> None:
        """Both as for :class:`tem_verifier.pages.Pages`."""
        self._texts, templates = texts(), environment(office_contact, is_sandbox)
        self._form = templates.get_template("report.html")
        self._sent = templates.get_template("reported.html")

    def form(
        self, lang: Lang, asked: Asked, draft: Draft, token: str, faults: Mapping[str, str]
    ) -> str:
        """The form with what was filled in; ``faults`` are codes by field, in their order."""
        return self._form.render(
            ask=self._texts["report"][lang],
            say=self._texts["labels"][lang],
            lang=lang,
            link=asked.action,
            action=asked.action,
            stamp=asked.stamp,
            product=asked.product,
            unread=asked.unread,
            draft=draft,
            token=token,
            faults=faults,
        )

    def sent(self, lang: Lang, number: str) -> str:
        """The thanks, with the number of the report."""
        ask, say = self._texts["report"][lang], self._texts["labels"][lang]
        return self._sent.render(
            ask=ask, say=say, lang=lang, number=number, link=f"/report/sent/{number}"
        )
