"""Pages as responses of Flask's: in which language, under which headers."""

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request

from tem.http.problems import RETRY_AFTER_SECONDS
from tem.language import Lang, choose_language
from tem_verifier.admission import problem, with_headers
from tem_verifier.heads import headers_of_page
from tem_verifier.limits import Refusal
from tem_verifier.negotiation import LONGEST, wants_json
from tem_verifier.pages import Pages


def page(html: str, lang: str, status: int = 200) -> Response:
    """A page without a script."""
    return Response(html, status, headers=headers_of_page(lang))


def language() -> Lang:
    """What ``?lang=`` or the browser asks for; of a header that is too long, nothing."""
    accepted = request.headers.get("Accept-Language", "")
    return choose_language(request.args.get("lang"), accepted if len(accepted) <= LONGEST else None)


def told(answer: Mapping[str, Any], pages: Pages, path: str) -> Response:
    """The answer of a look-up: JSON by ``Accept``, else its page as asked under ``path``."""
    status = 503 if answer["verdict"] == "UNAVAILABLE" else 200
    if wants_json(request.headers.get("Accept", "")):
        response = jsonify(answer)
        response.status_code = status
        response.vary.update(["Accept"])
    else:
        lang = language()
        response = page(pages.render(answer, lang, path), lang, status)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def limited(refusal: Refusal, pages: Pages) -> Response:
    """For who asks too often: a page, or the problem document by ``Accept``."""
    if wants_json(request.headers.get("Accept", "")):
        response = problem(refusal)
        response.vary.update(["Accept"])
        return response
    lang = language()
    return with_headers(page(pages.limited(lang), lang, 429), refusal)
