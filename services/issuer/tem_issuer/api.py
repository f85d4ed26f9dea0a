"""The issuer's HTTP calls: load, one act, dump."""

from contextlib import ExitStack
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE

from tem.databases.database import reading, writing
from tem.dates import rfc3339
from tem.errors import NotFound, Unavailable
from tem.http.auth import Principal
from tem.http.openapi import FILE
from tem.http.web import KEY_DEMANDED, KEY_HEADER, Wiring
from tem.http.wire import Empty
from tem.vocabulary import Role
from tem_issuer import batch_files, issuance, prints, storage
from tem_issuer.domain import Batch, check_codes_kept
from tem_issuer.schemas import (
    BatchList,
    BatchOrder,
    BatchShown,
    Page,
    SheetQuery,
)
from tem_issuer.settings import Settings

MAX_NUMBER = 2**32 - 1


def shown(batch: Batch) -> dict[str, Any]:
    """A batch as JSON; what is not there yet is absent."""
    out: dict[str, Any] = {
        "number": batch.number,
        "state": str(batch.state),
        "quantity": batch.quantity,
        "signed": min(batch.signed, batch.quantity),
        "product_id": batch.product_id,
        "producer_id": batch.producer_id,
        "created_at": rfc3339(batch.created_at),
        "codes": batch.codes,
    }
    if batch.reference is not None:
        out["reference"] = batch.reference
    if batch.released_at is not None and batch.signature is not None:
        out["released_at"] = rfc3339(batch.released_at)
        out["manifest"], out["signature"] = batch.manifest, batch.signature.hex()
    if batch.printed_at is not None:
        out["printed_at"] = rfc3339(batch.printed_at)
    return out


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint of all calls under /v1/batches."""
    blp = Blueprint("batches", __name__, url_prefix="/v1/batches", description="Stamps in batches")

    def found(number: int) -> Batch:
        with reading(wiring.engine) as connection:
            batch = storage.find_batch(connection, number)
        if batch is None:
            raise NotFound("no_such_batch", f"There is no batch {number} here.")
        return batch

    def exported(principal: Principal, batch: Batch, first: int, last: int, form: str) -> None:
        with writing(wiring.engine) as connection:
            prints.export(connection, wiring.clock(), principal.actor, batch, first, last, form)

    @blp.route("")
    class Batches(MethodView):
        @blp.arguments(BatchOrder)
        @blp.response(202, BatchShown)
        @blp.doc(summary="Reserve a batch; it is signed at once", parameters=[KEY_DEMANDED])
        def post(self, order: dict[str, Any]) -> Any:
            principal = wiring.principal(Role.SERVICE)
            answer = wiring.once(
                principal,
                order,
                lambda c: shown(
                    issuance.reserve(c, config, wiring.clock(), principal.actor, **order)
                ),
                demanded=True,
            )
            issuance.confirm(config, answer["number"])
            return answer, 202, {"Location": f"/v1/batches/{answer['number']}"}

        @blp.arguments(Page, location="query", unknown=RAISE)
        @blp.response(200, BatchList)
        @blp.doc(summary="Batches by number")
        def get(self, page: dict[str, int]) -> Any:
            wiring.principal(Role.SERVICE, Role.OFFICE)
            with reading(wiring.engine) as connection:
                batches = storage.list_batches(connection, page["after"], page["limit"])
            out: dict[str, Any] = {"items": [shown(batch) for batch in batches]}
            if len(batches) == page["limit"]:
                out["next"] = batches[-1].number
            return out

    @blp.route(f"/<int(max={MAX_NUMBER}):number>")
    class One(MethodView):
        @blp.response(200, BatchShown)
        @blp.doc(summary="State, progress and, once released, the manifest")
        def get(self, number: int) -> Any:
            wiring.principal(Role.SERVICE, Role.OFFICE)
            return shown(found(number))

    @blp.route(f"/<int(max={MAX_NUMBER}):number>/fingerprints")
    class Fingerprints(MethodView):
        @blp.response(200, FILE, content_type="application/octet-stream")
        @blp.doc(summary="8 bytes for each stamp, in index order, canaries included")
        def get(self, number: int) -> Any:
            wiring.principal(Role.SERVICE, Role.OFFICE)
            batch = found(number)
            if batch.manifest is None or batch.last_index is None:
                raise NotFound("not_released", f"Batch {number} has no fingerprints yet.")
            _, _, hashes = batch_files.paths(config, number, batch.attempt)
            if not hashes.is_file():
                raise Unavailable("hashes_missing", f"The hashes of batch {number} are not here.")
            pieces = map(batch_files.fingerprints_of, batch_files.blocks(hashes))
            response = Response(pieces, content_type="application/octet-stream")
            response.content_length = batch.last_index * 8
            return response

    @blp.route(f"/<int(max={MAX_NUMBER}):number>/print-confirmation")
    class PrintConfirmation(MethodView):
        @blp.arguments(Empty)
        @blp.response(200, BatchShown)
        @blp.doc(
            summary="The batch was printed: its codes are destroyed for good",
            parameters=[KEY_HEADER],
        )
        def post(self, body: dict[str, Any], number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)
            answer = wiring.once(
                principal,
                body,
                lambda c: shown(prints.confirm_print(c, wiring.clock(), principal.actor, number)),
            )
            prints.destroy_codes(config, found(number))
            return answer

    @blp.route(f"/<int(max={MAX_NUMBER}):number>/codes.csv")
    class Codes(MethodView):
        @blp.response(200, FILE, content_type="text/csv")
        @blp.alt_response(410, description="destroyed")
        @blp.doc(summary="For a printing house: one row a stamp, in roll order")
        def get(self, number: int) -> Any:
            principal = wiring.principal(Role.OFFICE)
            batch = found(number)
            with ExitStack() as stack:
                # Opened before the first byte is sent: what can be refused is refused by then.
                reader = stack.enter_context(prints.open_codes(config, batch))
                exported(principal, batch, 1, batch.quantity, "csv")
                response = _download(
                    prints.csv_pieces(reader, batch),
                    "text/csv; charset=utf-8",
                    f"tem-{number}.csv",
                    rows=batch.quantity,
                )
                response.call_on_close(stack.pop_all().close)
            return response

    @blp.route(f"/<int(max={MAX_NUMBER}):number>/sheet.pdf")
    class Sheet(MethodView):
        @blp.arguments(SheetQuery, location="query", unknown=RAISE)
        @blp.response(200, FILE, content_type="application/pdf")
        @blp.alt_response(410, description="destroyed")
        @blp.doc(summary="A4 sheets with vector symbols, at most 10,000 stamps a file")
        def get(self, query: dict[str, Any], number: int) -> Any:
            # Writers of symbols and PDF: half a second and 40 MB that only prints need.
            from tem_issuer import sheets

            principal = wiring.principal(Role.OFFICE)
            batch = found(number)
            check_codes_kept(batch)
            first, last = query["first"], query.get("last", batch.quantity)
            sheets.check_count(last - first + 1)
            template = sheets.choose(query.get("template"), query.get("size"))
            with prints.open_codes(config, batch) as reader:
                exported(principal, batch, first, last, "pdf")
                pdf = sheets.sheet_pdf(
                    prints.stamps(reader, batch, first, last),
                    batch.host,
                    template,
                    f"Tem {batch.reference or number}: {number}-{first} .. {number}-{last}",
                )
            return _download(pdf, "application/pdf", f"tem-{number}-{first}-{last}.pdf")

    @blp.route(f"/<int(max={MAX_NUMBER}):number>/stamps/<int:index>.<any(svg, png):form>")
    class Single(MethodView):
        @blp.response(200, FILE, content_type="image/svg+xml")
        @blp.alt_response(410, description="destroyed")
        @blp.doc(summary="One stamp as a picture (image/png for .png)")
        def get(self, number: int, index: int, form: str) -> Any:
            from tem_issuer import labels

            principal = wiring.principal(Role.OFFICE)
            batch = found(number)
            with prints.open_codes(config, batch) as reader:
                exported(principal, batch, index, index, form)
                ((name, url),) = prints.stamps(reader, batch, index, index)
            if form == "svg":
                picture, kind = labels.svg(url, name, batch.host), "image/svg+xml"
            else:
                picture, kind = labels.png(url, name, batch.host), "image/png"
            return _download(picture, kind, f"tem-{name}.{form}")

    return blp


def _download(content: Any, kind: str, name: str, rows: int | None = None) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if rows is not None:
        response.headers["Tem-Row-Count"] = str(rows)
    return response
