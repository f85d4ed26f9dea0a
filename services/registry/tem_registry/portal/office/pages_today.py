"""Where the office begins: how things go, and what needs somebody today."""

from datetime import date, timedelta
from typing import Any

from flask import Response

from tem.http.inside import Refused
from tem.vocabulary import Noticed, Role
from tem_registry.portal.charts.spark import spark
from tem_registry.portal.office import not_known
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
SHOWN, COUNTED, SPARK_DAYS = 5, 100, 14
# What the public may be harmed by, or what somebody waits for in vain.
URGENT = ("recall_in_force", "stamps_missing", "order_failed")
# kind of the list of work -> where it is done, and where all of them are
PAGES = {
    "batch": "/office/batches",
    "certificate": "/office/certificates",
    "correction_request": "/office/correction-requests",
    "import_draft": "/office/imports",
    "lot": "/office/lots",
    "order": "/office/orders",
    "void_report": "/office/void-reports",
}
Json = dict[str, Any]


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.page("/office", *READERS)
    def today(at: Visit) -> Response:
        work = at.api.get("/v1/worklist")
        asked_of_verifier = [_copied(at), _noticed(at)]
        if at.person.role == Role.OFFICE:
            asked_of_verifier.append(_reported(at))
        known = [one for one in work["groups"] if at.person.role == Role.OFFICE or not _alone(one)]
        groups = [group for group in known if group["count"]]
        return at.show(
            "office/today.html",
            today=work["today"],
            count=sum(one["count"] for one in (*groups, *asked_of_verifier)),
            groups=groups,
            done=[group for group in known if not group["count"]],
            others=asked_of_verifier,
            pages=PAGES,
            urgent=URGENT,
            shown=SHOWN,
            stamps=_stamps(at, date.fromisoformat(work["today"])),
            lookups=_lookups(at, date.fromisoformat(work["today"])),
        )


def _alone(group: Json) -> bool:
    """Whether its pages are the office's alone."""
    return bool(group["kind"] == "import_draft")


def _copied(at: Visit) -> Json:
    """Stamps that show signs of being copied, of which nobody has decided; in the same way."""
    try:
        return _first(at.api.get("/v1/suspects", limit=COUNTED), "copied")
    except Refused as refused:
        return _not_known(at, refused, "copied")


def _noticed(at: Visit) -> Json:
    """Stamps looked up though never activated: the first of them, how many, or why not known."""
    try:
        kind = str(Noticed.SCANNED_NOT_ACTIVATED)
        return _first(at.api.get("/v1/lookups/noticed", kind=kind, limit=COUNTED), "noticed")
    except Refused as refused:
        return _not_known(at, refused, "noticed")


def _reported(at: Visit) -> Json:
    """Shoppers' reports that nobody has handled, in the same way."""
    try:
        return _first(at.api.get("/v1/shopper-reports", state="open", limit=COUNTED), "reported")
    except Refused as refused:
        return _not_known(at, refused, "reported")


def _first(found: Json, code: str) -> Json:
    items = found["items"]
    known = {"code": code, "count": len(items), "why_not": ""}
    return {**known, "items": items[:SHOWN], "is_more": "next" in found}


def _not_known(at: Visit, refused: Refused, code: str) -> Json:
    why_not = not_known.why(at, refused)
    return {"code": code, "count": 0, "items": [], "is_more": False, "why_not": why_not}


def _stamps(at: Visit, today: date) -> Json:
    """Stamps issued and activated this month and the one before."""
    before = (today.replace(day=1) - timedelta(1)).replace(day=1)
    asked = {"by": "month", "from": before.isoformat(), "to": today.isoformat()}
    earlier, present = at.api.get("/v1/statistics/series", **asked)["rows"]
    return {"present": present, "earlier": earlier, "month": f"{today:%m/%Y}"}


def _lookups(at: Visit, today: date) -> Json:
    """Look-ups of yesterday, and of the days before as a line; or why they are not known."""
    first, last = (today - timedelta(days) for days in (SPARK_DAYS, 1))
    try:
        found = at.api.get("/v1/lookups", **{"from": first.isoformat(), "to": last.isoformat()})
    except Refused as refused:
        return _not_known(at, refused, "lookups")
    counts = [one["count"] for one in found["days"]]
    title = at.t("Lượt tra cứu 14 ngày qua", "Look-ups of the last 14 days")
    line = spark("lookups", at.lang, title, counts) if counts else None
    return {"yesterday": counts[-1] if counts else 0, "line": line, "why_not": ""}
