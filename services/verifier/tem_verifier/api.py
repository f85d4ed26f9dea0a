"""The verifier's HTTP calls: the page of a stamp, the same as JSON, many codes at once, trust."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, request, send_from_directory
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from tem import trust
from tem.clock import Clock
from tem.http import problems
from tem.http.problems import RETRY_AFTER_SECONDS
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_verifier import beacon, pictures
from tem_verifier.admission import Admission, problem
from tem_verifier.lookup import Lookup
from tem_verifier.manifests import Acceptance
from tem_verifier.negotiation import prefers, wants_json
from tem_verifier.page_responses import language, limited, page
from tem_verifier.pages import Pages
from tem_verifier.scans import Scans
from tem_verifier.schemas import Answers, Codes, TrustShown
from tem_verifier.security_txt import security_txt
from tem_verifier.stamps_scanned import is_scan

STATIC = Path(__file__).parent / "static"
PICTURE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'"


def build(
    wiring: Wiring,
    bulk: Callable[[list[str]], bytes],
    acceptance: Acceptance,
    admission: Admission,
) -> Blueprint:
    """The blueprint of calls for machines; ``bulk`` gives the body for many codes."""
    blp = Blueprint("verifications", __name__, url_prefix="/v1", description="Look-ups")

    @blp.route("/verifications")
    class Verifications(MethodView):
        @blp.arguments(Codes)
        @blp.response(200, Answers)
        @blp.alt_response(403, description="a key of another role than `retailer`")
        @blp.alt_response(429, description="too many look-ups")
        @blp.doc(summary="Look up at most 1,000 codes; open to all, changes nothing")
        def post(self, body: dict[str, Any]) -> Any:
            codes = body["codes"]
            if "Authorization" not in request.headers:
                admission.more(len(codes) - 1)  # one was charged before the body was read
                return Response(bulk(codes), content_type="application/json")
            # A wrong key is told, not ignored.
            refusal = admission.signed_in(lambda: wiring.principal(Role.RETAILER).actor, len(codes))
            if refusal is not None:
                return problem(refusal)
            return Response(bulk(codes), content_type="application/json")

    @blp.route("/trust")
    class TrustDocument(MethodView):
        @blp.response(200, TrustShown)
        @blp.doc(summary="The office's public keys, to check manifests with")
        def get(self) -> Any:
            known = acceptance.trust
            return trust.document(list(known.keys.values()), known.sandbox)

    return blp


def admit(admission: Admission) -> Response | None:
    """Charge a bulk call for one look-up before its body is read: what is wrong with it may take
    as long to find out. With a key it is charged to that, once it is known."""
    is_bulk = request.method == "POST" and request.path == "/v1/verifications"
    if not is_bulk or "Authorization" in request.headers:
        return None
    refusal = admission.look_up()
    return None if refusal is None else problem(refusal)


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
        answer = lookup.answer(code)
        status = 503 if answer["verdict"] == "UNAVAILABLE" else 200
        if wants_json(request.headers.get("Accept", "")):
            response = jsonify(answer)
            response.status_code = status
            response.vary.update(["Accept"])
        else:
            lang = language()
            response = page(pages.render(answer, lang, request.path), lang, status)
        if status == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

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
