"""The HTTP call that tells what a scan of a stamp says now, for those who know its serial."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from tem.databases.database import reading
from tem.http.web import Wiring
from tem.stampcode import parse_serial, serial
from tem.vocabulary import Note, Role, Verdict
from tem_registry import verdicts
from tem_registry.stamps import stamps

_TOLD = ("verdict", "notes", "reason", "as_of")


class StampVerdict(Schema):
    """What the public is told of a stamp, without the cards."""

    serial = fields.String(required=True, metadata={"example": "12-345-67"})
    verdict = fields.String(required=True, validate=validate.OneOf([str(v) for v in Verdict]))
    notes = fields.List(
        fields.String(validate=validate.OneOf([str(note) for note in Note])),
        required=True,
        metadata={"description": "MANY_SCANS is told by the verifier alone, which counts scans"},
    )
    reason = fields.String(required=True, metadata={"description": "stable: why this verdict"})
    as_of = fields.String(required=True, metadata={"format": "date-time"})
    information_until = fields.String(
        allow_none=True,
        metadata={"format": "date", "description": "the last day its lot is shown to the public"},
    )


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/stamps/{serial}/verdict."""
    blp = Blueprint("verdicts", __name__, description="What a scan says")

    @blp.route("/v1/stamps/<id:serial>/verdict")
    class OfStamp(MethodView):
        @blp.response(200, StampVerdict)
        @blp.doc(
            summary="What a scan of a stamp says now, by its serial, check digits included",
            responses={"422": {"description": "The serial was mistyped."}},
        )
        def get(self, serial: str) -> Any:
            own = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER).producer_id
            number, index = parse_serial(serial)
            with reading(wiring.engine) as connection:
                stamps.find(connection, number, own)
                found = verdicts.of_stamp(connection, number, index, wiring.clock())
            return _shown(number, index, found)

    return blp


def _shown(number: int, index: int, found: dict[str, Any]) -> dict[str, Any]:
    until = found.get("facts", {}).get("information_until")
    told = {name: found[name] for name in _TOLD}
    return {"serial": serial(number, index), **told, "information_until": until}
