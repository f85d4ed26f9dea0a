"""The HTTP calls of those who count: JSON, or CSV for a spreadsheet."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.dates import vietnam_day
from tem.http.web import Wiring
from tem.vocabulary import Role
from tem_registry.reports import fees, statistics
from tem_registry.reports.csv_answers import AS_CSV, download, wants_csv
from tem_registry.reports.schemas import FeesQuery, FeesShown, StatisticsQuery, StatisticsShown

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
_CSV = (
    "With `format=csv` or `Accept: text/csv` a table for spreadsheets: UTF-8 with byte order mark, "
    "CRLF, a heading with each member's name in brackets, names beside keys, no row of totals."
)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint of /v1/statistics and /v1/fees."""
    blp = Blueprint("reports", __name__, url_prefix="/v1", description="Statistics and fees")

    @blp.route("/statistics")
    class Statistics(MethodView):
        @blp.arguments(StatisticsQuery, location="query", unknown=RAISE)
        @blp.response(200, StatisticsShown)
        @blp.doc(
            summary="Stamps issued, activated and not; a producer counts its own",
            description=_CSV,
            responses={200: AS_CSV},
        )
        def get(self, query: dict[str, Any]) -> Any:
            return _answer(wiring, "statistics", statistics.count, statistics.as_csv, query)

    @blp.route("/fees")
    class Fees(MethodView):
        @blp.arguments(FeesQuery, location="query", unknown=RAISE)
        @blp.response(200, FeesShown)
        @blp.doc(
            summary="Fees for blanks and the programme's subsidy; a producer sees its own",
            description=f"By the day of issue. {_CSV}",
            responses={200: AS_CSV},
        )
        def get(self, query: dict[str, Any]) -> Any:
            return _answer(wiring, "fees", fees.charge, fees.as_csv, query)

    return blp


def _answer(
    wiring: Wiring,
    name: str,
    count: Callable[..., dict[str, Any]],
    as_csv: Callable[..., bytes],
    query: dict[str, Any],
) -> Any:
    """A report in the form that was asked for, of what the asker may see."""
    principal = wiring.principal(*READERS)
    chosen = {key: value for key, value in query.items() if key not in ("by", "format")}
    for day in ("issued_from", "issued_until"):
        if day in chosen:
            chosen[day] = date.fromisoformat(chosen[day])
    wanted = as_csv if wants_csv(query.get("format")) else count
    with reading(wiring.engine) as connection:
        found = wanted(connection, query["by"], **chosen, own=principal.producer_id)
    if isinstance(found, bytes):
        file = f"{name}-{query['by']}-{vietnam_day(wiring.clock())}.csv"
        return download(found, file)
    return found, {"Vary": "Accept"}
