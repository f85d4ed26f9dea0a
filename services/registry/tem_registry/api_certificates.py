"""The HTTP calls about recognitions beside the catalogue's: withdrawal, held, lapsing."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.database import reading
from tem.dates import vietnam_day
from tem.vocabulary import Role
from tem.web import KEY_HEADER, Wiring
from tem_registry import certificates, held
from tem_registry.schemas_certificates import (
    CertificateWithdrawal,
    HeldBatchList,
    HeldQuery,
    LapsingCertificateList,
    LapsingQuery,
    WithdrawalShown,
)

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of what happens to certificates under /v1/certificates."""
    blp = Blueprint(
        "recognitions", __name__, url_prefix="/v1/certificates", description="Recognitions"
    )

    @blp.route("/<id:id>/withdrawal")
    class Withdrawals(MethodView):
        @blp.arguments(CertificateWithdrawal)
        @blp.response(201, WithdrawalShown)
        @blp.doc(
            summary="Withdraw a recognition and, with it, the product's unused stamps",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            principal = wiring.principal(Role.OFFICE)
            return wiring.once(
                principal,
                body,
                lambda c: certificates.withdraw(c, wiring.clock(), principal.actor, id, **body),
                demanded=True,
            )

    @blp.route("/held")
    class Held(MethodView):
        @blp.arguments(HeldQuery, location="query", unknown=RAISE)
        @blp.response(200, HeldBatchList)
        @blp.doc(summary="Unused stamps of products without a certificate in force (giữ lại)")
        def get(self, page: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                today = vietnam_day(wiring.clock())
                items = held.stamps(connection, today, **page, producer_id=own)
            more = {"next": str(items[-1]["batch"])} if len(items) == page["limit"] else {}
            return {"items": items, **more}

    @blp.route("/lapsing")
    class Lapsing(MethodView):
        @blp.arguments(LapsingQuery, location="query", unknown=RAISE)
        @blp.response(200, LapsingCertificateList)
        @blp.doc(summary="Certificates whose term ends soon, with none to follow")
        def get(self, query: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            with reading(wiring.engine) as connection:
                today = vietnam_day(wiring.clock())
                items = held.lapsing(connection, today, **query, producer_id=own)
            more = {"next": items[-1]["certificate_id"]} if len(items) == query["limit"] else {}
            return {"items": items, **more}

    return blp
