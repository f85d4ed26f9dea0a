"""The HTTP calls of those who check: the audit trail, and how it stands."""

from dataclasses import asdict
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE
from sqlalchemy import Connection

from tem.databases.database import reading
from tem.dates import rfc3339
from tem.errors import Conflict, Invalid, NotFound, Unavailable
from tem.http.web import Wiring
from tem.trail import audit_search, checkpoints
from tem.trail.audit import Entry
from tem.trail.signed_note import NoteSigner
from tem.vocabulary import Role
from tem_registry.reports.schemas_audit import AuditPage, AuditQuery, CheckpointShown
from tem_registry.settings import Settings


def build(wiring: Wiring, config: Settings) -> Blueprint:
    """The blueprint under /v1/audit."""
    blp = Blueprint("audit", __name__, url_prefix="/v1/audit", description="The audit trail")

    @blp.route("")
    class Entries(MethodView):
        @blp.arguments(AuditQuery, location="query", unknown=RAISE)
        @blp.response(200, AuditPage)
        @blp.doc(summary="Who did what, when, to which object; oldest first")
        def get(self, query: dict[str, Any]) -> Any:
            """All that is asked must hold of an entry. `next` goes into `after`, or with
            `order=desc` into `before`, for what follows."""
            wiring.principal(Role.OFFICE, Role.AUDITOR)
            limit, after, before = (query.pop(name) for name in ("limit", "after", "before"))
            newest_first = query.pop("order") == "desc"
            choice = audit_search.Choice(**query)
            with reading(wiring.engine) as connection:
                found = audit_search.page(
                    connection, choice, limit, after, before, newest_first=newest_first
                )
            more = {"next": found[-1].seq} if len(found) == limit else {}
            return {"items": [_shown(entry) for entry in found], **more}

    @blp.route("/checkpoint")
    class Checkpoint(MethodView):
        @blp.response(200, CheckpointShown)
        @blp.doc(summary="A signed note of how the trail stands now, to be kept elsewhere")
        def get(self) -> Any:
            """Kept elsewhere, it finds a trail whose end was cut off or whose history was
            rewritten: `tem registry audit verify FILE`."""
            wiring.principal(Role.OFFICE, Role.AUDITOR)
            signer = _signer(config)
            with reading(wiring.engine) as connection:
                stands = _stands(connection, wiring)
            return {
                "note": signer.sign(stands.text),
                "origin": stands.origin,
                "size": stands.size,
                "hash": stands.hash,
                "at": rfc3339(stands.at),
                "public_key": str(signer.key),
            }

    return blp


def _shown(entry: Entry) -> dict[str, Any]:
    return {**asdict(entry), "at": rfc3339(entry.at)}


def _signer(config: Settings) -> NoteSigner:
    """The audit key. Raises Unavailable: what is wrong with its file is for the operator."""
    try:
        return checkpoints.load_key("registry", config.audit_key_file)
    except (NotFound, Invalid, OSError) as error:
        raise Unavailable(
            "no_audit_key", "The audit key is not there: ask the operator."
        ) from error


def _stands(connection: Connection, wiring: Wiring) -> checkpoints.Checkpoint:
    """The trail's present state. Raises Unavailable where it is damaged."""
    try:
        return checkpoints.take(connection, wiring.clock(), "registry")
    except Conflict as error:
        raise Unavailable(error.code, error.detail) from error
