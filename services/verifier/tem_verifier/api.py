"""The verifier's HTTP calls: the page of a stamp, the same as JSON, pictures, trust."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request, send_from_directory
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from tem import trust
from tem.clock import Clock
from tem.http import problems
from tem_verifier import beacon, pictures
from tem_verifier.admission import Admission, problem
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.negotiation import prefers
from tem_verifier.page_responses import language, limited, page, told
from tem_verifier.pages import Pages
from tem_verifier.scans import Scans
from tem_verifier.schemas import TrustShown
from tem_verifier.security_txt import security_txt
from tem_verifier.stamps_scanned import is_scan

STATIC = Path(__file__).parent / "static"
PICTURE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'"


def build(acceptance: Acceptance) -> Blueprint:
    """The blueprint of what machines check the record with."""
    blp = Blueprint("trust", __name__, url_prefix="/v1", description="Trust")

    @blp.route("/trust")
    class TrustDocument(MethodView):
        @blp.response(200, TrustShown)
        @blp.doc(summary="The office's public keys, to check manifests with")
        def get(self) -> Any:
            known = acceptance.trust
            return trust.document(list(known.keys.values()), known.sandbox)

    return blp


class Whatever(BaseConverter):
    """The rest of an address, slashes and nothing included."""

    regex = r"[\s\S]*"
    part_isolating = False


class PictureName(BaseConverter):
    """The SHA-256 of a picture, in its one spelling."""

    regex = r"[0-9a-f]{64}"


def add_pictures(app: Flask, source: Engine) -> None:
    """The pictures on the pages: each name stands for the same bytes for ever."""
    app.url_map.converters["picture"] = PictureName

    @app.get("/images/<picture:id>")
    def image(id: str) -> Response:
        content = pictures.find(source, id)
        if content is None:
            abort(404)
        response = Response(content, content_type=pictures.SHOWN)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.set_etag(id)
        response.make_conditional(request)
        return response


def add_stamps(
    app: Flask, lookup: Lookup, pages: Pages, admission: Admission, scans: Scans
) -> None:
    """Every address under /s/ gets an answer, a beacon behind it too."""
    app.url_map.converters["whatever"] = Whatever

    @app.get("/s/<whatever:code>")
    def stamp(code: str) -> Response:
        refusal = admission.look_up()
        if refusal is not None:
            return limited(refusal, pages)
        return told(lookup.answer(code), pages, request.path)

    @app.get("/s/<whatever:code>/seen")
    def seen(code: str) -> Response:
        refusal = admission.look_up()
        if refusal is not None:
            return problem(refusal)
        if is_scan(request.method, request.headers.get):
            stamp = lookup.issued(code)
            if stamp is not None:
                scans.add(*stamp, admission.client())
        return Response(beacon.PIXEL, headers=beacon.HEADERS)


def add_security_txt(app: Flask, office_contact: str, public_url: str, clock: Clock) -> None:
    """Whom to tell of a hole in this site, if the Office can be reached by a link."""

    @app.get("/.well-known/security.txt")
    def security() -> Response:
        told = security_txt(office_contact, public_url, clock())
        if told is None:
            abort(404)
        return Response(told, content_type="text/plain; charset=utf-8")


def add_pages(app: Flask, pages: Pages, host: str) -> None:
    """The pages for people that are about no stamp, and what they are drawn with."""

    @app.get("/")
    def home() -> Response:
        lang = language()
        response = page(pages.home(lang, host), lang)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @app.get("/about")
    def about() -> Response:
        lang = language()
        response = page(pages.about(lang, host), lang)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        response = send_from_directory(STATIC, name, max_age=3600)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    @app.errorhandler(404)
    def nowhere(error: HTTPException) -> Response:
        """A page for browsers, which name HTML; the common problem document for the others."""
        if not prefers(request.headers.get("Accept", ""), "text/html", "application/problem+json"):
            response = problems.from_http_error(error)
            response.vary.update(["Accept"])
            return response
        lang = language()
        return page(pages.not_found(lang), lang, 404)
