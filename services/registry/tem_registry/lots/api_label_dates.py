"""The HTTP call that reads a date as a label writes it."""

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.dates import vietnam_day
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.lots import label_dates, label_readings
from tem_registry.lots.label_readings import Known
from tem_registry.lots.schemas_label_dates import LabelDateQuery, LabelDateShown


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/label-dates."""
    blp = Blueprint("label_dates", __name__, description="Dates as labels write them")

    @blp.route("/v1/label-dates")
    class LabelDates(MethodView):
        @blp.arguments(LabelDateQuery, location="query", unknown=RAISE)
        @blp.response(200, LabelDateShown)
        @blp.doc(
            summary="Every reading of a date as the label has it, for a person to choose from",
            responses={"422": {"description": "No date, or one that does not exist: see detail."}},
        )
        def get(self, query: dict[str, Any]) -> Any:
            wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            days = {
                name: date.fromisoformat(query[name])
                for name in ("produced", "expires")
                if name in query
            }
            return _shown(query["text"], Known(vietnam_day(wiring.clock()), query["kind"], **days))

    return blp


def _shown(text: str, known: Known) -> dict[str, Any]:
    readings = label_dates.read(text, known)
    first, last = label_readings.years_of_two_digits(known.today)
    return {
        "readings": [
            {
                "date": one.date.isoformat(),
                "precision": one.precision,
                "value": one.value,
                "shown": one.shown,
                "form": one.form,
                "words": one.words,
                "doubts": label_readings.doubts(one.date, known),
            }
            for one in readings
        ],
        "ambiguous": len(readings) > 1,
        "two_digit_years": {"first": first, "last": last},
    }
