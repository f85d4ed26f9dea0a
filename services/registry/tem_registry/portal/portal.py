"""What all pages have in common: who may see them, from where forms may come, which headers.

A page is a function ``view(at: Visit, **path) -> Response``, given its address and roles by
:meth:`Portal.page` or :meth:`Portal.form`.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import structlog
from flask import Blueprint, Flask, Response, g, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from tem.databases.database import reading, writing
from tem.errors import Forbidden, Unauthenticated
from tem.http import problems
from tem.http.inside import Refused
from tem.http.web import Wiring
from tem.language import LANGUAGES, Lang, choose_language
from tem.vocabulary import Role
from tem_registry.accounts import sessions
from tem_registry.portal import assets, cookies
from tem_registry.portal.forms import CSRF_FIELD
from tem_registry.portal.navigation import home
from tem_registry.portal.visits import Visit

View = Callable[..., Response]
FORM_BYTES = 64 * 1024
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_NOTHING_ALLOWED = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
_CAMERA_ALLOWED = _NOTHING_ALLOWED.replace("camera=()", "camera=(self)")
_LONGEST_HEADER = 300


class Portal:
    """The pages of the registry: :meth:`page` and :meth:`form` add one each."""

    def __init__(self, app: Flask, wiring: Wiring) -> None:
        self.app, self.wiring = app, wiring
        self.blueprint = Blueprint("portal", __name__, template_folder="templates")
        self._most_bytes: dict[str, int] = {}
        self._with_camera: set[str] = set()

    def page(self, rule: str, *roles: Role, camera: bool = False) -> Callable[[View], View]:
        """A page to be read, for ``roles``; without any for everybody."""
        return self._route(rule, ("GET",), roles, FORM_BYTES, camera=camera)

    def form(
        self, rule: str, *roles: Role, most_bytes: int = FORM_BYTES, camera: bool = False
    ) -> Callable[[View], View]:
        """A page with a form that is sent to its own address, ``most_bytes`` long at most."""
        return self._route(rule, ("GET", "POST"), roles, most_bytes, camera=camera)

    def act(self, rule: str, *roles: Role, most_bytes: int = FORM_BYTES) -> Callable[[View], View]:
        """An address that a button of another page sends to."""
        return self._route(rule, ("POST",), roles, most_bytes, camera=False)

    def _route(
        self,
        rule: str,
        methods: tuple[str, ...],
        roles: tuple[Role, ...],
        most_bytes: int,
        *,
        camera: bool,
    ) -> Callable[[View], View]:
        def add(view: View) -> View:
            endpoint = (
                f"{view.__module__.partition('.portal.')[2].replace('.', '_')}__{view.__name__}"
            )

            def answer(**path: Any) -> Response:
                return self._answer(view, roles, path)

            self.blueprint.add_url_rule(rule, endpoint, answer, methods=methods)
            name = f"portal.{endpoint}"
            self._most_bytes[name] = most_bytes
            if camera:
                self._with_camera.add(name)
            return view

        return add

    def _answer(self, view: View, roles: tuple[Role, ...], path: dict[str, Any]) -> Response:
        request.max_content_length = self._most_bytes.get(request.endpoint or "", FORM_BYTES)
        visit = self.visit()
        if roles and (visit.session is None or visit.person.role not in roles):
            request.max_content_length = FORM_BYTES  # a stranger's file is not even read
        if request.method == "POST" and not _is_ours(visit):
            raise Forbidden(
                "form_not_ours",
                "The form is no longer valid (another session, or cookies are off): open the page "
                "anew and send it again.",
            )
        if roles and visit.session is None:
            return self._sign_in_first(visit)
        if roles and visit.person.role not in roles:
            raise Forbidden("page_not_yours", "This page is for other roles: go back to your own.")
        wanted = request.args.get("lang") if request.method == "GET" else None
        response = view(visit, **path)
        if wanted in LANGUAGES:
            cookies.keep_for_a_year(response, cookies.LANGUAGE, str(wanted))
        return response

    def visit(self) -> Visit:
        """Who asks, once a request."""
        if "visit" not in g:
            found = cookies.of(request)
            g.visit = Visit(
                self.app, _language(found.language), found, self._session(found.session)
            )
        visit: Visit = g.visit
        return visit

    def _session(self, token: str | None) -> sessions.Session | None:
        if token is None:
            return None
        now = self.wiring.clock()
        with reading(self.wiring.engine) as connection:
            found = sessions.find(connection, now, token)
        if found is None:
            return None
        if now - found.seen_at >= sessions.TOUCH:
            with writing(self.wiring.engine) as connection:
                sessions.touch(connection, now, found)
        structlog.contextvars.bind_contextvars(actor=found.person.principal.actor)
        return found

    def _sign_in_first(self, visit: Visit) -> Response:
        """To the sign-in page and back; what was sent is not lost in silence."""
        if request.method == "POST" or visit.wants_json:
            raise Unauthenticated(
                "signed_out", "You are signed out, and nothing was sent: sign in, then try again."
            )
        here = request.full_path.rstrip("?")
        return visit.go(f"/sign-in?next={quote(here, safe='')}")

    def register(self) -> None:
        """Make the pages part of the app, once all of them are added."""
        self.app.jinja_env.undefined = StrictUndefined
        self.app.jinja_env.trim_blocks = self.app.jinja_env.lstrip_blocks = True
        assets.register(self.app)
        self.blueprint.after_request(self._headers)
        self.blueprint.register_error_handler(Refused, lambda refused: self.visit().refuse(refused))
        self.app.register_blueprint(self.blueprint)
        self.app.register_error_handler(404, self._nowhere)

    def _headers(self, response: Response) -> Response:
        if response.mimetype == "application/problem+json":
            response = self._told(response)
        allowed = request.endpoint in self._with_camera
        for name, value in (
            ("Content-Security-Policy", _CSP),
            ("Permissions-Policy", _CAMERA_ALLOWED if allowed else _NOTHING_ALLOWED),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            # Not no-referrer: with it browsers send `Origin: null` with our own forms.
            ("Referrer-Policy", "same-origin"),
        ):
            response.headers.setdefault(name, value)
        return response

    def _told(self, response: Response) -> Response:
        """A problem document as people read it; a page of ours may be what asked, or a script."""
        seen: Visit | None = g.get("visit")
        lost = cookies.of(request)  # whoever it is, if the database did not say
        visit = seen or Visit(self.app, _language(lost.language), lost, None)
        document = json.loads(response.get_data())
        return visit.refuse(Refused(response.status_code, document, dict(response.headers)))

    def _nowhere(self, error: HTTPException) -> Response:
        """An address that leads nowhere: a page for browsers, a problem document for clients."""
        document = problems.from_http_error(error)
        if request.path.startswith("/v1/") or "text/html" not in request.headers.get("Accept", ""):
            return document
        self.visit()  # it keeps its menu for who is signed in
        return self._headers(document)


def _language(kept: str | None) -> Lang:
    """``?lang=``, then what was chosen before, then what the browser asks for."""
    accepted = request.headers.get("Accept-Language", "")
    return choose_language(
        request.args.get("lang") or kept, accepted if len(accepted) <= _LONGEST_HEADER else None
    )


def _is_ours(visit: Visit) -> bool:
    """Whether a form came from a page of ours: its token, and what the browser says of it."""
    if not cookies.csrf_token(visit.cookies):
        return False  # nobody we have shown a form to: its body is not even read
    token = request.headers.get("X-CSRF-Token") or request.form.get(CSRF_FIELD, "")
    if not cookies.is_from_our_form(visit.cookies, token):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


def safe_next(asked: str, role: Role) -> str:
    """Where to go after signing in: a path of ours, else home. Never another host."""
    odd = "\\" in asked or any(ord(c) < 33 for c in asked)
    if odd or not asked.startswith("/") or asked.startswith("//"):
        return home(role)
    path = asked.partition("?")[0].partition("#")[0]
    return home(role) if path in ("/", "/sign-in", "/sign-out", "/invitation") else asked
