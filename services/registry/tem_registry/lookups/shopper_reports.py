"""Reports of shoppers, which the verifier keeps: read here, and closed here in the office's name.

Nothing of what a stranger wrote is stored in the registry.
"""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tem.http.auth import Principal
from tem.trail import audit
from tem_registry.lookups import answers, stamps_on_record
from tem_registry.lookups.verifier_client import VerifierClient

Report = dict[str, Any]


def page(verifier: VerifierClient, query: dict[str, Any]) -> Report:
    """A page of reports as the verifier has them. Raises Unavailable, or Invalid for ``after``."""
    said = answers.checked(answers.ReportPageSaid, verifier.get("/v1/reports", query))
    return {name: value for name, value in said.items() if value is not None}


def find(verifier: VerifierClient, id: str) -> Report:
    """A report as the verifier has it. Raises NotFound or Unavailable."""
    return answers.checked(answers.ReportSaid, verifier.get(f"/v1/reports/{id}"))


def shown(connection: Connection, reports: list[Report]) -> list[Report]:
    """Reports, the stamp of each as it is on record; without it where it was never issued."""
    named = [{**one["stamp"], "report_id": one["report_id"]} for one in reports if "stamp" in one]
    known = {one["report_id"]: one for one in stamps_on_record.known(connection, named)}
    return [_about(one, known.get(one["report_id"])) for one in reports]


def _about(report: Report, stamp: Report | None) -> Report:
    told = {name: value for name, value in report.items() if name != "stamp"}
    return told if stamp is None else {**told, "stamp": stamp}


def close(verifier: VerifierClient, by: Principal, id: str, note: str, key: str) -> Report:
    """Tell the verifier that the office has handled a report; the report, closed.

    Once per ``key`` of the caller's, also there. Raises NotFound, Conflict or Unavailable.
    """
    own = hashlib.sha256(f"{by.tenant} {key}".encode()).hexdigest()
    said = verifier.post(f"/v1/reports/{id}/handling", {"by": by.name, "note": note}, own)
    return answers.checked(answers.ReportSaid, said)


def record(connection: Connection, now: datetime, actor: str, id: str) -> dict[str, Any]:
    """Who closed it stands in the registry's trail too; not the note, which may name people."""
    audit.record(connection, now, actor, "shopper_report.handled", f"shopper_report:{id}")
    return {"report_id": id}
