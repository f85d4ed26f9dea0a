"""What is wrong with an answer: each check gives a sentence, or None. Pure.

What stands before the first colon names the kind of fault, the rest is the example.
"""

import json
import re
from collections.abc import Collection
from datetime import date
from typing import Any

from loadtests.locust_stamps import Stamp

from tem.stampcode import serial

WITH_LOT = ("OK", "PAST_DATE", "RECALLED")
GIF = (b"GIF87a", b"GIF89a")
_TITLE = re.compile(r'<h1 id="verdict">([^<]*)</h1>')
_BEACON = re.compile(r'src="(/s/[^"]*/seen)"')

Titles = dict[str, str]


def titles(texts: dict[str, Any], lang: str) -> Titles:
    """The verdict that each heading of a page stands for."""
    return {words[lang]["title"]: case.split(".")[0] for case, words in texts["verdicts"].items()}


def wrong_answer(
    answer: Any, stamp: Stamp | None, verdicts: Collection[str], day: date
) -> str | None:
    """A look-up's JSON against a stamp (None: no stamp of ours) and the verdicts it may have."""
    if not isinstance(answer, dict) or answer.get("verdict") not in verdicts:
        found = answer.get("verdict") if isinstance(answer, dict) else type(answer).__name__
        return f"wrong verdict {found} instead of {' or '.join(sorted(verdicts))}: {_of(stamp)}"
    if stamp is None:
        return "a stranger's answer tells of a stamp:" if "stamp" in answer else None
    if answer.get("stamp") != {"batch": stamp.batch, "index": stamp.index}:
        return f"answer about another stamp: {_of(stamp)} {answer.get('stamp')}"
    if answer["verdict"] not in WITH_LOT or stamp.lot is None:
        return "a lot is told that should not be:" if "lot" in answer else None
    if answer.get("lot", {}).get("code") != stamp.lot.code:
        return f"wrong lot: {_of(stamp)} {answer.get('lot')}"
    unexpected = set(answer["notes"]) - {"MANY_SCANS"}
    due = {"EXPIRES_TODAY"} if (stamp.lot.best_before, answer["verdict"]) == (day, "OK") else set()
    return f"wrong notes: {_of(stamp)} {answer['notes']}" if unexpected != due else None


def wrong_page(
    page: str, headings: Titles, stamp: Stamp | None, verdicts: Collection[str]
) -> str | None:
    """The same for a page, by its heading, the serial and the lot it names."""
    heading = _TITLE.search(page)
    if heading is None:
        return f"no page: {page[:120]}"
    verdict = headings.get(heading[1])
    if verdict not in verdicts:
        return f"wrong page {verdict} instead of {' or '.join(sorted(verdicts))}: {_of(stamp)}"
    if not page.rstrip().endswith("</html>"):
        return f"page cut short: {_of(stamp)}"
    if stamp is None:
        return None
    if serial(stamp.batch, stamp.index) not in page:
        return f"page of another stamp: {_of(stamp)}"
    if verdict in WITH_LOT and stamp.lot is not None and stamp.lot.code not in page:
        return f"page of another lot: {_of(stamp)}"
    return None


def beacon(page: str) -> str | None:
    """The address of the picture by which a view of the page is counted, if it has one."""
    found = _BEACON.search(page)
    return found[1] if found else None


def wrong_picture(content: bytes) -> str | None:
    """The answer of a beacon."""
    return None if content[:6] in GIF else f"no picture: {content[:60]!r}"


def is_shed(status: int, retry_after: str | None, body: str) -> bool:
    """Whether a service said that it is overloaded, and when to ask again: that is no verdict, so
    it is not a wrong one."""
    found = document(body) if status == 503 and retry_after else None
    return isinstance(found, dict) and found.get("code") == "overloaded"


def document(text: str) -> Any:
    """A body as JSON; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _of(stamp: Stamp | None) -> str:
    return "no stamp of ours" if stamp is None else serial(stamp.batch, stamp.index)
