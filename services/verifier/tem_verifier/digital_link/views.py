"""The addresses under ``/01/``: a stamp by its full Digital Link, a product by any other.

Nothing here redirects, and nothing tells a serial or lot that exists from one that does not:
without the signature of a stamp of this product all of them show the same bytes.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, request

from tem.answer import of_product
from tem.clock import Clock
from tem.dates import rfc3339
from tem.errors import NotFound, TemError, Unavailable
from tem.http import problems
from tem.stampcode import text_of
from tem.vocabulary import Verdict
from tem_verifier.admission import Admission
from tem_verifier.alarms import raise_alarm
from tem_verifier.digital_link import addresses, links
from tem_verifier.digital_link.addresses import Asked
from tem_verifier.digital_link.gtins import Gtins, gtin_of
from tem_verifier.digital_link.product_pages import NO_SIGNATURE, NOT_ON_RECORD, ProductPages
from tem_verifier.index import Index
from tem_verifier.lookup import Lookup, as_of
from tem_verifier.negotiation import best_of
from tem_verifier.page_responses import language, limited, page, told
from tem_verifier.pages import Pages
from tem_verifier.view import View

_KINDS = ("text/html", links.MEDIA_TYPE, "application/json")
# Whoever resolves from a page of another site reads public facts here, and never a verdict.
_FOR_ALL = ("Access-Control-Allow-Origin", "*")


@dataclass(frozen=True, slots=True)
class Resolver:
    """What the views are made of. ``base`` is the public address of this host."""

    index: Index
    lookup: Lookup
    pages: Pages
    product_pages: ProductPages
    admission: Admission
    clock: Clock
    base: str
    gtins: Gtins = field(default_factory=Gtins)


def add_digital_links(app: Flask, at: Resolver) -> None:
    """Every address under ``/01/`` gets an answer; the description of what is resolved here."""

    @app.get("/01/<whatever:rest>")
    def digital_link(rest: str) -> Response:
        refusal = at.admission.look_up()
        if refusal is not None:
            return limited(refusal, at.pages)
        try:
            asked = addresses.read(_path(rest), request.args.getlist("8030"))
            return _stamp(at, asked) or _product(at, asked)
        except TemError as error:
            return _refused(at, error)

    @app.get("/.well-known/gs1resolver")
    def description() -> Response:
        pages = at.product_pages
        response = jsonify(links.description(at.base, pages.name("vi"), pages.office("vi")))
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.headers.extend([_FOR_ALL])
        return response


def _path(decoded: str) -> str:
    """The path behind ``/01/`` as it was sent, where the server tells it: a lot may hold a slash
    of its own, percent-encoded."""
    sent = str(request.environ.get("RAW_URI", "")).partition("?")[0]
    return sent.removeprefix("/01/") if sent.startswith("/01/") else decoded


def _stamp(at: Resolver, asked: Asked) -> Response | None:
    """The answer to the very stamp of a full link, as under ``/s/``; None where there is no such
    stamp of this product, and for a linkset, which is about the product."""
    raw = asked.code
    if raw is None or _is_linkset():
        return None
    digits = text_of(raw)
    answer = at.lookup.answer(digits)
    known = answer["verdict"] not in (Verdict.UNKNOWN, Verdict.UNAVAILABLE)
    if answer["verdict"] == Verdict.UNKNOWN or (known and not _is_of(at, raw, asked.gtin)):
        return None
    return told(answer, at.pages, f"/s/{digits}")


def _is_of(at: Resolver, raw: bytes, gtin: str) -> bool:
    """Whether the stamp of 72 bytes is one of the product that bears the GTIN."""
    product = at.lookup.product_of(raw)
    return product is not None and gtin_of(product) == gtin


def _product(at: Resolver, asked: Asked) -> Response:
    """What is known of the product. Raises NotFound where none bears the GTIN, or has no link of
    the type that is asked for, and Unavailable where nothing is known yet."""
    view, now = at.index.view, at.clock()
    shown = _shown(at, view, asked.gtin, now)
    if _is_linkset():
        return _linkset(at, asked.gtin, shown)
    _check_link_type(shown)
    case = NO_SIGNATURE if asked.signature is None else NOT_ON_RECORD
    whole = {
        "gtin": asked.gtin,
        "stamp_checked": False,
        "reason": case,
        **shown,
        "as_of": rfc3339(as_of(view, now)),
    }
    return _told(at, whole, case)


def _shown(at: Resolver, view: View, gtin: str, now: datetime) -> dict[str, Any]:
    """The facts of the product. A record with a hole is our fault, and says nothing of it."""
    if view.position is None:
        raise _not_now()
    try:
        product = at.gtins.product(view, gtin)
        return of_product(product, view.card("producer", product["producer_id"]), now)
    except (LookupError, TypeError, ValueError) as hole:
        raise_alarm("publication_incomplete", gtin=gtin, error=repr(hole))
        raise _not_now() from hole


def _not_now() -> Unavailable:
    return Unavailable("record_unavailable", "The record cannot be read at the moment: ask again.")


def _told(at: Resolver, whole: dict[str, Any], case: str) -> Response:
    gtin = whole["gtin"]
    if _kind() == "application/json":
        response = jsonify(whole)
        response.vary.update(["Accept"])
    else:
        lang = language()
        response = page(at.product_pages.product(whole, lang, case, f"/01/{gtin}"), lang)
    response.headers.extend([_FOR_ALL, ("Link", links.header(at.base, gtin))])
    return response


def _linkset(at: Resolver, gtin: str, shown: dict[str, Any]) -> Response:
    response = jsonify(links.linkset(at.base, gtin, shown, at.product_pages.titles))
    response.content_type = links.MEDIA_TYPE
    response.vary.update(["Accept"])
    response.headers.extend([_FOR_ALL, ("Link", links.header_of_linkset())])
    return response


def _check_link_type(shown: dict[str, Any]) -> None:
    sent = request.args.get("linkType")
    has = links.link_types(shown)
    if sent is not None and links.link_type_of(sent) not in has:
        named = ", ".join(f"gs1:{name}" for name in has)
        raise NotFound("link_type_unknown", f"This product has links of the types {named}.")


def _is_linkset() -> bool:
    return request.args.get("linkType") in links.ALL or (
        "linkType" not in request.args and _kind() == links.MEDIA_TYPE
    )


def _kind() -> str:
    return best_of(request.headers.get("Accept", ""), _KINDS)


def _refused(at: Resolver, error: TemError) -> Response:
    """A page for browsers, the problem document for machines."""
    response = problems.from_tem_error(error)
    response.vary.update(["Accept"])
    if _kind() == "text/html":
        lang = language()
        later = response.headers.get("Retry-After")
        response = page(at.product_pages.refused(error.code, lang), lang, response.status_code)
        if later is not None:
            response.headers["Retry-After"] = later
    response.headers.extend([_FOR_ALL])
    return response
