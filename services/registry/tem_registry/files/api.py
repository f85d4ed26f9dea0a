"""The HTTP calls of files: raw bytes in, the same bytes out, never under a name of the sender's."""

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from tem.databases.database import reading
from tem.http.web import KEY_HEADER, Wiring, raw_body, takes_raw
from tem.vocabulary import Role
from tem_registry.files import files
from tem_registry.files import schemas as schemas_files
from tem_registry.files.file_types import IMAGE_TYPES, MAX_FILE_BYTES, TYPES

PATH = "/v1/files"
# Bytes of others under our name: whatever a browser takes them for may do nothing.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'"


def build(wiring: Wiring) -> Blueprint:
    """The blueprint under /v1/files."""
    blp = Blueprint("files", __name__, url_prefix=PATH, description="Pictures and test reports")
    blp.record(lambda state: takes_raw(state.app, PATH, MAX_FILE_BYTES))

    @blp.route("")
    class Files(MethodView):
        @blp.response(201, schemas_files.FileStored)
        @blp.doc(
            summary="Send a picture or a PDF: the raw bytes, at most 5 MiB",
            parameters=[KEY_HEADER],
            requestBody=schemas_files.raw_body(),
        )
        def post(self) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.PRODUCER)
            file = files.read(raw_body(TYPES), request.mimetype)
            return wiring.once(
                principal,
                {"file": file.id, "content_type": file.content_type},
                lambda c: files.store(
                    c, wiring.clock(), principal.actor, file, principal.producer_id
                ),
            )

    @blp.route("/<id:id>")
    class One(MethodView):
        @blp.doc(
            summary="A file; a producer's own, or one its products name",
            responses={
                "200": schemas_files.raw_answer(),
                "304": {"description": "Not changed: the same as If-None-Match names"},
            },
        )
        def get(self, id: str) -> Any:
            principal = wiring.principal(Role.OFFICE, Role.AUDITOR, Role.PRODUCER)
            with reading(wiring.engine) as connection:
                file = files.find(connection, id, principal.producer_id)
            return _download(file)

    return blp


def _download(file: files.File) -> Response:
    """The bytes, under their id; not asked for again while the sender still has them."""
    response = Response(file.content, content_type=file.content_type)
    how = "inline" if file.content_type in IMAGE_TYPES else "attachment"
    ending = file.content_type.rpartition("/")[2]
    response.headers["Content-Disposition"] = f'{how}; filename="{file.id}.{ending}"'
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(file.id)
    response.make_conditional(request)
    return response
