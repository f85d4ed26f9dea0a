"""The HTTP calls about recognitions beside the catalogue's: withdrawal."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint

from tem.http.web import KEY_DEMANDED, Wiring
from tem.vocabulary import Role
from tem_registry.certificates import certificates
from tem_registry.certificates.schemas import CertificateWithdrawal, WithdrawalShown


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
            parameters=[KEY_DEMANDED],
        )
        def post(self, body: dict[str, Any], id: str) -> Any:
            return wiring.act(
                (Role.OFFICE,),
                body,
                lambda c, now, by: certificates.withdraw(c, now, by.actor, id, **body),
                demanded=True,
            )

    return blp
