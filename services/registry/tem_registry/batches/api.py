"""The HTTP calls about batches: lists, print run, hand-over, receipt, reconciliation."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring
from tem.http.wire import page_of
from tem.vocabulary import Role
from tem_registry.batches import batch_stamps, batches, delivery, prints, reconciliation
from tem_registry.batches.schemas import (
    BatchList,
    BatchPage,
    BatchShown,
    BatchWithRanges,
    Delivery,
    PrintRunBody,
    ReceiptBody,
    ReconciliationShown,
)
from tem_registry.stamps import stamps

READERS = (Role.OFFICE, Role.AUDITOR, Role.PRODUCER)


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/batches."""
    blp = Blueprint("batches", __name__, url_prefix="/v1/batches", description="Issued batches")
    number_rule = "/<number:number>"

    @blp.route("")
    class Batches(MethodView):
        @blp.arguments(BatchPage, location="query", unknown=RAISE)
        @blp.response(200, BatchList)
        @blp.doc(summary="List batches; a producer sees its own")
        def get(self, page: dict[str, Any]) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                found = batches.page(connection, **page, own=principal.producer_id)
                left = batch_stamps.listed(connection, found)
            items = [batches.shown(one) | more for one, more in zip(found, left, strict=True)]
            return page_of(items, page["limit"], "number")

    @blp.route(number_rule)
    class One(MethodView):
        @blp.response(200, BatchWithRanges)
        @blp.doc(summary="A batch and the ranges of its stamps")
        def get(self, number: int) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                batch = stamps.find(connection, number, principal.producer_id)
                found = stamps.intervals(connection, number)
            return {**batches.shown(batch), "ranges": batches.shown_intervals(found)}

    @blp.route(f"{number_rule}/reconciliation")
    class Reconciliation(MethodView):
        @blp.response(200, ReconciliationShown)
        @blp.doc(summary="What was ordered against what has become of it")
        def get(self, number: int) -> Any:
            principal = wiring.principal(*READERS)
            with reading(wiring.engine) as connection:
                return reconciliation.of_batch(connection, number, principal.producer_id)

    @blp.route(f"{number_rule}/print-run")
    class PrintRuns(MethodView):
        @blp.arguments(PrintRunBody)
        @blp.response(200, BatchShown)
        @blp.doc(summary="Report the print run: good and spoiled stamps", parameters=[KEY_DEMANDED])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                now = wiring.clock()
                done = prints.report_run(connection, now, principal.actor, number, **body)
                return batches.shown(done)

            return wiring.once(principal, body, act, demanded=True)

    @blp.route(f"{number_rule}/delivery")
    class Deliveries(MethodView):
        @blp.arguments(Delivery)
        @blp.response(200, BatchShown)
        @blp.doc(summary="Hand what lies at the office over", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                now, receipt = wiring.clock(), body.get("receipt")
                done = delivery.deliver(connection, now, principal.actor, number, receipt)
                return batches.shown(done)

            return wiring.once(principal, body, act)

    @blp.route(f"{number_rule}/receipt")
    class Receipts(MethodView):
        @blp.arguments(ReceiptBody)
        @blp.response(200, BatchShown)
        @blp.doc(summary="Confirm how many stamps arrived", parameters=[KEY_HEADER])
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.PRODUCER, Role.OFFICE)

            def act(connection: Any) -> dict[str, Any]:
                own, now = principal.producer_id, wiring.clock()
                done = prints.receive(connection, now, principal.actor, number, **body, own=own)
                return batches.shown(done)

            return wiring.once(principal, body, act)

    return blp
