"""Pages as responses of Flask's: in which language, under which headers."""

from flask import Response, request

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


def limited(refusal: Refusal, pages: Pages) -> Response:
    """For who asks too often: a page, or the problem document by ``Accept``."""
    if wants_json(request.headers.get("Accept", "")):
        response = problem(refusal)
        response.vary.update(["Accept"])
        return response
    lang = language()
    return with_headers(page(pages.limited(lang), lang, 429), refusal)
