"""The calls of the registry: how often stamps were looked at. For keys of the role ``service``."""

from dataclasses import asdict
from datetime import date, timedelta
from functools import partial
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.dates import rfc3339, vietnam_day
from tem.errors import Invalid, Unavailable
from tem.http.web import Wiring
from tem.stampcode import serial
from tem.vocabulary import Role
from tem_verifier import scan_figures, scans_noticed
from tem_verifier import schemas_scans as wire
from tem_verifier.admission import Admission, error_of
from tem_verifier.index import Index
from tem_verifier.scan_figures import StampRange
from tem_verifier.scans import Scans
from tem_verifier.scans_noticed import NoticedStamp

PERIOD = timedelta(days=29)
SIGNED_IN: dict[str, Any] = {"security": [{"key": []}]}


def require_service(wiring: Wiring, admission: Admission) -> None:
    """Raises unless a key of the role ``service`` was sent. Wrong keys are charged to their
    sender, so that nobody tries them without end; our own registry is not limited."""
    refusal = admission.signed_in(lambda: wiring.principal(Role.SERVICE).actor, 0)
    if refusal is not None:
        raise error_of(refusal)


def build(
    wiring: Wiring, index: Index, scans: Scans, admission: Admission, scan_days: int
) -> Blueprint:
    """The blueprint under /v1/scans; counts are kept by the day for ``scan_days``."""
    blp = Blueprint("scans", __name__, url_prefix="/v1/scans", description="Figures of scans")
    # Before the schemas walk through a thousand ranges for somebody who may not ask.
    blp.before_request(partial(require_service, wiring, admission))

    @blp.route("/days")
    class Days(MethodView):
        @blp.arguments(wire.DaysQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.DaysShown)
        @blp.alt_response(403, description="not a key of the role `service`")
        @blp.doc(summary="Scans of all stamps by the day", **SIGNED_IN)
        def get(self, query: dict[str, date]) -> Any:
            today = vietnam_day(wiring.clock())
            last = query.get("last", today)
            first = query.get("first", last - PERIOD)
            return _days(wiring, first, last, today, today - timedelta(days=scan_days - 1))

    @blp.route("/ranges")
    class Ranges(MethodView):
        @blp.arguments(wire.RangesAsked)
        @blp.response(200, wire.RangesShown)
        @blp.alt_response(403, description="not a key of the role `service`")
        @blp.doc(summary="Scans of at most 1,000 ranges of stamps; changes nothing", **SIGNED_IN)
        def post(self, body: dict[str, Any]) -> Any:
            asked = [StampRange(**one) for one in body["ranges"]]
            with reading(wiring.engine) as connection:
                found = scan_figures.of_ranges(connection, asked)
            return {"ranges": [_present(count=r.count, last_day=r.last_day) for r in found]}

    @blp.route("/noticed")
    class Noticed(MethodView):
        @blp.arguments(wire.NoticedQuery, location="query", unknown=RAISE)
        @blp.response(200, wire.NoticedList)
        @blp.alt_response(403, description="not a key of the role `service`")
        @blp.doc(summary="Stamps whose scans are worth the office's look", **SIGNED_IN)
        def get(self, query: dict[str, Any]) -> Any:
            view = index.view
            if view.position is None:
                raise Unavailable("nothing_read", "The published tables could not be read yet.")
            since = vietnam_day(wiring.clock()) - timedelta(days=query.pop("days") - 1)
            with reading(wiring.engine) as connection:
                read = partial(scan_figures.recent, connection, since)
                page = scans_noticed.page(read, view.state, scans.often.__contains__, **query)
            more = None if page.after is None else "-".join(map(str, page.after))
            items = [_shown(one) for one in page.items]
            return _present(items=items, next=more, as_of=rfc3339(view.position.as_of))

    return blp


def _days(wiring: Wiring, first: date, last: date, today: date, kept_from: date) -> dict[str, Any]:
    """Every day of a period that is kept and has begun. Raises Invalid for no such period."""
    if not 0 <= (last - first).days < wire.MAX_DAYS:
        raise Invalid(
            "bad_period",
            f"`from` and `to` are the first and the last of 1 to {wire.MAX_DAYS} days.",
        )
    first, last = max(first, kept_from), min(last, today)
    with reading(wiring.engine) as connection:
        counts = scan_figures.by_day(connection, first, last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    shown = [{"day": day, "count": counts.get(day, 0)} for day in days]
    return {"days": shown, "kept_from": kept_from}


def _shown(one: NoticedStamp) -> dict[str, Any]:
    scans = asdict(one.scans)
    number = serial(one.scans.batch, one.scans.index)
    return {"kinds": one.kinds, "state": one.state, "serial": number, **scans}


def _present(**members: Any) -> dict[str, Any]:
    """What does not apply is absent."""
    return {name: value for name, value in members.items() if value is not None}
