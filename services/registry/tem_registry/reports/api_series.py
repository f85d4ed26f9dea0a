"""The HTTP call about stamps over time: JSON, or CSV for a spreadsheet."""

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.dates import vietnam_day
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.reports import series
from tem_registry.reports.batch_groups import Chosen
from tem_registry.reports.csv_answers import AS_CSV, download, wants_csv
from tem_registry.reports.periods import periods
from tem_registry.reports.schemas_series import SeriesQuery, SeriesShown

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/statistics/series."""
    blp = Blueprint("series", __name__, url_prefix="/v1", description="Stamps over time")

    @blp.route("/statistics/series")
    class Series(MethodView):
        @blp.arguments(SeriesQuery, location="query", unknown=RAISE)
        @blp.response(200, SeriesShown)
        @blp.doc(
            summary="Stamps ordered, issued and activated in each day, week or month",
            description="A producer counts its own. With `format=csv` or `Accept: text/csv` a "
            "table for spreadsheets.",
            responses={200: AS_CSV},
        )
        def get(self, query: dict[str, Any]) -> Any:
            own = wiring.principal(*READERS).producer_id
            today = vietnam_day(wiring.clock())
            wanted = periods(query["by"], _day(query, "first"), _day(query, "last") or today)
            whose = {n: query[n] for n in ("product_id", "producer_id", "commune") if n in query}
            chosen = Chosen(**whose, own=own)
            with reading(wiring.engine) as connection:
                if wants_csv(query.get("format")):
                    table = series.as_csv(connection, query["of"], wanted, chosen)
                    return download(table, f"series-{query['by']}-{today}.csv")
                return series.count(connection, query["of"], wanted, chosen), {"Vary": "Accept"}

    return blp


def _day(query: dict[str, Any], name: str) -> date | None:
    return date.fromisoformat(query[name]) if name in query else None
