"""The HTTP calls about accounts of people: the office invites, resets, disables."""

from collections.abc import Callable
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_HEADER, Wiring
from tem.http.wire import Empty, page_of
from tem.vocabulary import Role
from tem_registry.accounts import account_records, accounts
from tem_registry.accounts import schemas as wire

READERS = (Role.OFFICE, Role.AUDITOR)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/accounts."""
    blp = Blueprint(
        "accounts", __name__, url_prefix="/v1/accounts", description="People who sign in"
    )
    _records(blp, wiring)
    _acts(blp, wiring)
    return blp


def _records(blp: Blueprint, wiring: Wiring) -> None:
    @blp.route("")
    class Accounts(MethodView):
        @blp.arguments(wire.AccountPage, location="query", unknown=RAISE)
        @blp.response(200, wire.AccountList)
        @blp.doc(summary="List accounts")
        def get(self, page: dict[str, Any]) -> Any:
            wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = account_records.page(connection, **page)
            items = [one.shown(wiring.clock()) for one in found]
            return page_of(items, page["limit"], "login")

        @blp.arguments(wire.Invitation)
        @blp.response(201, wire.Invited)
        @blp.doc(
            summary="Invite a person; the code is told once and good for seven days",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any]) -> Any:
            wanted = {**body, "role": Role(body["role"])}

            def act(connection: Any, now: Any, by: Any) -> tuple[account_records.Account, str]:
                return accounts.invite(connection, now, by.actor, **wanted)

            return _with_code(wiring, body, act)

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.response(200, wire.AccountShown)
        @blp.doc(summary="An account")
        def get(self, id: str) -> Any:
            wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                return account_records.find(connection, id).shown(wiring.clock())


def _acts(blp: Blueprint, wiring: Wiring) -> None:
    @blp.route("/<id:id>/reset")
    class Resets(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.Invited)
        @blp.doc(
            summary="A new invitation in place of the password; signs out everywhere",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            def act(connection: Any, now: Any, by: Any) -> tuple[account_records.Account, str]:
                return accounts.reset(connection, now, by.actor, id)

            return _with_code(wiring, body, act)

    @blp.route("/<id:id>/disabling")
    class Disablings(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.AccountShown)
        @blp.doc(summary="Let an account do nothing any more, at once", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: accounts.disable(c, now, by.actor, id).shown(now),
            )

    @blp.route("/<id:id>/enabling")
    class Enablings(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, wire.AccountShown)
        @blp.doc(summary="Undo disabling", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: accounts.enable(c, now, by.actor, id).shown(now),
            )


def _with_code(
    wiring: Wiring, body: dict[str, Any], act: Callable[..., tuple[account_records.Account, str]]
) -> dict[str, Any]:
    """The answer with the code, which is kept nowhere: a repetition gets the rest."""
    told: dict[str, str] = {}

    def without_code(connection: Any, now: Any, by: Any) -> dict[str, Any]:
        account, told["code"] = act(connection, now, by)
        return account.shown(now)

    return {**wiring.act((Role.OFFICE,), body, without_code), **told}
