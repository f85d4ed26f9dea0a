"""The office's pages of people who sign in: invite, reset, disable."""

from urllib.parse import urlencode

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
# Refusals that name no place of their own: the field each is about.
_ABOUT = {
    "login_taken": "login",
    "login_invalid": "login",
    "name_invalid": "name",
    "producer_mismatch": "producer_id",
    "no_such_producer": "producer_id",
}


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/accounts", *READERS)
    def accounts(at: Visit) -> Response:
        return at.show("office/accounts.html", accounts=at.api.every("/v1/accounts", limit=200))

    @portal.form("/office/accounts/new", Role.OFFICE)
    def invite(at: Visit) -> Response:
        form = at.form({"producer_id": request.args.get("producer"), "role": "producer"})
        if request.method == "POST":
            body = form.body("login", "name", "role")
            if body.get("role") == Role.PRODUCER:
                body |= form.body("producer_id")
            try:
                return _told(at, at.api.post("/v1/accounts", body, key=form.key))
            except Refused as refused:
                form.refuse(refused)
                if refused.code in _ABOUT:
                    form.faults[_ABOUT[refused.code]] = form.refusal
        producers = paging.choices(at.api.every("/v1/producers", limit=500), "producer_id")
        return at.again("office/account_new.html", form, producers=producers)

    @portal.page("/office/accounts/<id:id>", *READERS)
    def account(at: Visit, id: str) -> Response:
        return at.show("office/account.html", account=at.api.get(f"/v1/accounts/{id}"))

    @portal.form("/office/accounts/<id:id>/reset", Role.OFFICE)
    def reset(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            return _told(at, at.api.post(f"/v1/accounts/{id}/reset", key=form.key))
        return _asked(at, id, "reset")

    @portal.form("/office/accounts/<id:id>/disabling", Role.OFFICE)
    def disable(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            at.api.post(f"/v1/accounts/{id}/disabling", key=form.key)
            return at.go(f"/office/accounts/{id}", done="account_disabled")
        return _asked(at, id, "disabling")

    @portal.act("/office/accounts/<id:id>/enabling", Role.OFFICE)
    def enable(at: Visit, id: str) -> Response:
        at.api.post(f"/v1/accounts/{id}/enabling", key=at.form().key)
        return at.go(f"/office/accounts/{id}", done="account_enabled")


def _asked(at: Visit, id: str, act: str) -> Response:
    """What an act would mean for a person, to be confirmed."""
    account = at.api.get(f"/v1/accounts/{id}")
    return at.show("office/account_act.html", account=account, act=act)


def _told(at: Visit, invited: dict[str, str]) -> Response:
    """The code, shown this once: on the answer itself, so that no address ever has it."""
    code = invited.get("code", "")
    # The browser's own word for where it is: behind a proxy we do not know that it came by TLS.
    origin = request.headers.get("Origin") or request.host_url.rstrip("/")
    link = f"{origin}/invitation#" + urlencode({"login": invited["login"], "code": code})
    return at.show("office/account_code.html", account=invited, code=code, link=link)
