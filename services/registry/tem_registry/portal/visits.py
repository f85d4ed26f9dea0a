"""One request of a person: who it is, in which language, and what can be shown or asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request

from tem.http import problems
from tem.http.inside import Api, Refused
from tem.language import Lang
from tem_registry.accounts.account_records import Account
from tem_registry.accounts.sessions import Session
from tem_registry.portal import (
    assets,
    cookies,
    forms,
    navigation,
    said,
    stamp_states,
    wording,
    written,
)
from tem_registry.portal.cookies import Cookies


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is given. ``session`` is None while nobody is signed in."""

    app: Flask
    lang: Lang
    cookies: Cookies
    session: Session | None

    @property
    def person(self) -> Account:
        """Who is signed in; only where somebody is."""
        assert self.session is not None, "this page is open to people who are not signed in"
        return self.session.person

    @property
    def api(self) -> Api:
        """The API as this person."""
        return Api(self.app, self.person.principal, g.get("request_id", ""))

    @property
    def t(self) -> Callable[[str, str], str]:
        """``t(vi, en)``."""
        return wording.chooser(self.lang)

    @property
    def wants_json(self) -> bool:
        """Whether a script of ours asks, not the browser itself."""
        return request.headers.get("Accept", "") == "application/json"

    def form(self, initial: Mapping[str, Any] | None = None) -> forms.Form:
        """The form that was sent, or a fresh one."""
        return (
            forms.sent(self.lang) if request.method == "POST" else forms.fresh(self.lang, initial)
        )

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page; ``template`` knows all of :meth:`_common` besides ``values``."""
        response = make_response(render_template(template, **self._common(), **values), status)
        response.headers["Content-Language"] = self.lang
        response.headers["Vary"] = "Cookie"
        return response

    def again(
        self, template: str, form: forms.Form, status: int | None = None, **values: Any
    ) -> Response:
        """A form, fresh or refused with what was typed; to a script, the reason alone."""
        if status is None:
            status = 422 if form.is_refused else 200
        if self.wants_json and form.is_refused:
            told = {"sentence": form.refusal, "faults": form.faults}
            return make_response(jsonify({**form.problem, **told}), status)
        return self.show(template, status, form=form, **values)

    def go(self, path: str, done: str = "", **query: Any) -> Response:
        """On to a page after an act, which tells what was done (:mod:`said`)."""
        known = {name: value for name, value in query.items() if value not in (None, "")}
        asked = urlencode({**known, **({"done": done} if done else {})})
        target = f"{path}?{asked}" if asked else path
        if self.wants_json:
            return make_response(jsonify({"done": done, "to": target}), 200)
        return make_response(redirect(target, 303))

    def refuse(self, refused: Refused) -> Response:
        """The page of a call that was refused where no form is to be shown again."""
        sentence = wording.refusal(self.lang, refused.code, refused.detail, refused.problem)
        if self.wants_json:
            told = {**refused.problem, "sentence": sentence}
            response = make_response(jsonify(told), refused.status)
        else:
            response = self.show("refused.html", refused.status, sentence=sentence, refused=refused)
        if refused.status in (429, 503):
            response.headers["Retry-After"] = str(
                refused.headers.get("Retry-After", problems.RETRY_AFTER_SECONDS)
            )
        return response

    def _common(self) -> dict[str, Any]:
        signed_in = self.session.person if self.session else None
        return {
            "t": self.t,
            "lang": self.lang,
            "person": signed_in,
            "menu": navigation.menu(signed_in.role if signed_in else None, request.path),
            "csrf_token": cookies.csrf_token(self.cookies),
            "day": written.day,
            "moment": written.moment,
            "number": written.number(self.lang),
            "serial": written.serial_of,
            "stamp_states": stamp_states.WORDS,
            "new_key": forms.new_key,
            "asset": assets.address,
            "said": _said(self.lang),
            "here": request.path,
            "other_language": _other_language(self.lang),
        }


def _said(lang: Lang) -> str:
    """What was done, if a page of ours led here: a link of another site may not say it."""
    from_us = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    return said.sentence(lang, request.args.get("done", "")) if from_us else ""


def _other_language(lang: Lang) -> str:
    """The present address in the other language."""
    other = "en" if lang == "vi" else "vi"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.path}?{urlencode([*kept, ('lang', other)])}"
