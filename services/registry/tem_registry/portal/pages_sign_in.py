"""Signing in and out, taking up an invitation, changing the password."""

from flask import Response, jsonify, request

from tem import clients
from tem.clients import Proxies
from tem.databases.database import writing
from tem.errors import Invalid, TemError, TooMany, Unauthenticated
from tem.http import problems
from tem.http.inside import Refused
from tem.logs import log
from tem.vocabulary import Role
from tem_registry.accounts import account_rules, sessions, sign_in
from tem_registry.portal import cookies
from tem_registry.portal.forms import Form
from tem_registry.portal.navigation import home
from tem_registry.portal.portal import Portal, safe_next
from tem_registry.portal.visits import Visit

EVERYBODY = (Role.PRODUCER, Role.OFFICE, Role.AUDITOR)
MOST_PASSWORD_TYPED = 1000


def add(portal: Portal, proxies: Proxies) -> None:
    """Add the pages; ``proxies`` say where a request comes from."""
    wiring = portal.wiring

    def network() -> str | None:
        forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
        return clients.client(request.remote_addr or "", forwarded, proxies)

    @portal.page("/")
    def start(at: Visit) -> Response:
        return at.go(home(at.person.role) if at.session else "/sign-in")

    @portal.form("/sign-in")
    def signing_in(at: Visit) -> Response:
        form = at.form({"next": request.args.get("next", "")})
        if request.method != "POST":
            return _with_visit(at, "sign_in.html", form)
        attempt = sign_in.Attempt(
            _login(form), _typed(form, "password"), network(), at.cookies.browser
        )
        try:
            done = sign_in.sign_in(wiring.engine, wiring.clock(), attempt)
        except (Unauthenticated, TooMany) as error:
            return _refused(at, "sign_in.html", form, error)
        return _let_in(at, done, safe_next(form.text("next"), done.role))

    @portal.form("/invitation")
    def taking_up(at: Visit) -> Response:
        form = at.form()
        if request.method != "POST":
            return _with_visit(at, "invitation.html", form)
        password = _typed(form, "password")
        try:
            if password != _typed(form, "password_again"):
                raise Invalid("passwords_differ", "The two passwords are not the same.")
            done = sign_in.take_up(
                *(wiring.engine, wiring.clock(), _login(form), form.text("code")),
                *(password, network()),
            )
        except (Unauthenticated, TooMany, Invalid) as error:
            return _refused(at, "invitation.html", form, error)
        return _let_in(at, done, home(done.role))

    @portal.act("/sign-out")
    def signing_out(at: Visit) -> Response:
        if at.session is not None:
            with writing(wiring.engine) as connection:
                sessions.end(connection, at.session.id)
        response = at.go("/sign-in", done="signed_out")
        cookies.drop(response, cookies.SESSION)
        return response

    @portal.form("/account", *EVERYBODY)
    def own_account(at: Visit) -> Response:
        form = at.form()
        if request.method != "POST":
            return at.show("account.html", form=form)
        assert at.session is not None
        try:
            _change(at, form)
        except (Unauthenticated, TooMany, Invalid) as error:
            return _refused(at, "account.html", form, error)
        return at.go("/account", done="password_changed")

    @portal.page("/session")
    def session(at: Visit) -> Response:
        """For scripts: whether somebody is signed in, and the token of forms."""
        told = {"signed_in": at.session is not None, "csrf_token": cookies.csrf_token(at.cookies)}
        if at.session is not None:
            told["login"] = at.person.login
        return jsonify(told)

    def _change(at: Visit, form: Form) -> None:
        """Set another password for who knows the present one. Raises as :func:`sign_in.sign_in`."""
        assert at.session is not None
        new = _typed(form, "password")
        account_rules.check_password(new, at.person.login)
        if new != _typed(form, "password_again"):
            raise Invalid("passwords_differ", "The two passwords are not the same.")
        attempt = sign_in.Attempt(
            at.person.login, _typed(form, "present"), network(), at.cookies.browser
        )
        sign_in.change_password(wiring.engine, wiring.clock(), attempt, new, keep=at.session.id)


def _login(form: Form) -> str:
    """What was typed, in its one spelling; nothing for what can be nobody's login."""
    try:
        return account_rules.fold_login(form.text("login"))
    except Invalid:
        return ""


def _typed(form: Form, name: str) -> str:
    """A password as typed, blanks and all; and out of the form, so that no page repeats it."""
    return form.values.pop(name, "")[:MOST_PASSWORD_TYPED]


def _with_visit(at: Visit, template: str, form: Form) -> Response:
    """A page whose form is tied to this browser before anybody is signed in."""
    found = at.cookies
    # A session that is over ties it as well: csrf_token takes its cookie first.
    if found.session is not None or found.visit is not None:
        return at.show(template, form=form)
    token = cookies.new_visit()
    fresh = cookies.Cookies(None, token, found.browser, found.language)
    response = Visit(at.app, at.lang, fresh, None).show(template, form=form)
    cookies.keep(response, cookies.VISIT, token)
    return response


def _refused(at: Visit, template: str, form: Form, error: TemError) -> Response:
    document = problems.document_of(error, request.path, "")
    if not isinstance(error, Invalid):
        log.warning("sign_in_refused", code=error.code)
    form.values = {name: form.values[name] for name in ("login", "next") if name in form.values}
    form.refuse(Refused(int(document["status"]), document, {}))
    response = at.again(template, form, int(document["status"]))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(int(sign_in.WINDOW.total_seconds()))
    return response


def _let_in(at: Visit, done: sign_in.SignedIn, path: str) -> Response:
    response = at.go(path)
    cookies.keep(response, cookies.SESSION, done.session, account_rules.WHOLE[done.role])
    if done.browser is not None:
        cookies.keep_for_a_year(response, cookies.BROWSER, done.browser)
    return response
