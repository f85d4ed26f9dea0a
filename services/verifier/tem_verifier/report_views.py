"""The form of a report and what becomes of it: no account, no cookie, no word of the sender."""

import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from tem.errors import Invalid, TooMany, Unavailable
from tem.logs import log
from tem.stampcode import serial
from tem_verifier.admission import Admission, error_of
from tem_verifier.heads import headers_of_form
from tem_verifier.limits import REFUSED
from tem_verifier.lookup import Lookup
from tem_verifier.page_responses import language, limited, page
from tem_verifier.pages import Pages, own_path
from tem_verifier.report_pages import Asked, ReportPages
from tem_verifier.reports.report_rules import (
    FOUND,
    PHOTO_BYTES,
    Draft,
    draft_of,
    faults_of,
    is_number,
)
from tem_verifier.reports.reporting import Reporting
from tem_verifier.reports.reports import About

# A photo that is a little too large is told as such beside what was typed.
FORM_BYTES = PHOTO_BYTES + 512 * 1024
# Of fields in memory; the parser counts what it reads at once, 64 KiB, among them.
_FIELD_BYTES = 256 * 1024
_STATUS = {"photo_too_large": 413, "reports_full": 429, "rate_limited": 429, "not_stored": 503}
_SECONDS = {"reports_full": 3600, "not_stored": 5}
Faults = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What the views are made of."""

    lookup: Lookup
    pages: Pages
    forms: ReportPages
    admission: Admission
    reporting: Reporting


def add_reports(app: Flask, site: Site) -> None:
    """The form under a stamp's address, and the one about no stamp."""
    for rule, name in (("/s/<whatever:code>/report", "stamp_report"), ("/report", "report")):
        app.add_url_rule(rule, f"{name}_form", partial(_form, site), methods=["GET"])
        app.add_url_rule(rule, f"{name}_sent", partial(_taken, site), methods=["POST"])

    @app.get("/report/sent/<number>")
    def thanks(number: str) -> Response:
        if not is_number(number):
            abort(404)
        lang = language()
        return page(site.forms.sent(lang, number), lang)


def _form(site: Site, code: str | None = None) -> Response:
    refusal = site.admission.look_up()
    if refusal is not None:
        return limited(refusal, site.pages)
    draft = draft_of({"found": request.args.get("found", "")})
    asked, _ = _asked(site, code, draft)
    return _shown(site, asked, draft, {})


def _taken(site: Site, code: str | None = None) -> Response:
    refusal = site.admission.look_up()
    if refusal is not None:
        return limited(refusal, site.pages)
    try:
        fields, photo = _sent()
    except RequestEntityTooLarge:
        asked, _ = _asked(site, code, Draft())
        return _shown(site, asked, Draft(), {"photo": "photo_too_large"})
    draft = draft_of(fields)
    asked, about = _asked(site, code, draft)
    faults, again = faults_of(draft), {"photo": "photo_again"} if photo else {}
    if faults:
        return _shown(site, asked, draft, faults | again)
    try:
        number = site.reporting.take(draft, about, photo, partial(_admit, site.admission))
    except Invalid as refused:
        return _shown(site, asked, draft, {"photo": refused.code})
    except TooMany as refused:
        if refused.code == "reports_full":
            REFUSED.labels(refused.code).inc()
        wait = refused.extra.get("retry_after")
        return _shown(site, asked, draft, {"form": refused.code} | again, wait)
    except (SQLAlchemyError, Unavailable) as error:  # or photos of others are being drawn
        log.error("report_not_stored", error=type(error).__name__)
        return _shown(site, asked, draft, {"form": "not_stored"} | again)
    # Not Flask's redirect, which would repeat the address in a page of its own.
    return Response(b"", 303, {"Location": f"/report/sent/{number}?lang={language()}"})


def _admit(admission: Admission) -> None:
    """Raises TooMany for a sender of too many reports."""
    refusal = admission.reports.take(admission.client())
    if refusal is not None:
        raise TooMany("rate_limited", error_of(refusal).detail, retry_after=refusal.retry_after)


def _sent() -> tuple[dict[str, str], bytes]:
    """The fields and the photo of a form, held in memory alone; what cannot be read is empty.

    Raises RequestEntityTooLarge. Nothing is taken that a page elsewhere made a browser send.
    """
    parser = FormDataParser(
        stream_factory=lambda *_, **__: io.BytesIO(),
        max_form_memory_size=_FIELD_BYTES,
        max_content_length=FORM_BYTES,
        max_form_parts=20,
    )
    _, form, files = parser.parse_from_environ(request.environ)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return {}, b""
    photo = files.get("photo")
    return form.to_dict(), photo.stream.read() if photo else b""


def _asked(site: Site, code: str | None, draft: Draft) -> tuple[Asked, About]:
    """Where the form is and what it is about, as a look-up says now."""
    if code is None:
        return Asked("/report"), About(draft.found or None)
    answer: dict[str, Any] = site.lookup.answer(code)
    verdict, stamp = str(answer["verdict"]), answer.get("stamp")
    asked = Asked(
        action=own_path(request.path),
        stamp=serial(stamp["batch"], stamp["index"]) if stamp else "",
        product=(answer.get("product") or {}).get("name", ""),
        unread=verdict if verdict in FOUND else "",
    )
    return asked, About(verdict, (stamp["batch"], stamp["index"]) if stamp else None)


def _shown(
    site: Site, asked: Asked, draft: Draft, faults: Faults, retry_after: int | None = None
) -> Response:
    """The form; with faults, under the status that fits them."""
    lang, code = language(), next(iter(faults.values()), "")
    token = draft.token or secrets.token_hex(16)
    html = site.forms.form(lang, asked, draft, token, faults)
    status = _STATUS.get(code, 422) if faults else 200
    response = Response(html, status, headers=headers_of_form(lang))
    wait = retry_after or _SECONDS.get(code)
    if wait:
        response.headers["Retry-After"] = str(wait)
    if status == 413:
        response.headers["Connection"] = "close"  # what was not read would be taken for a request
    return response
