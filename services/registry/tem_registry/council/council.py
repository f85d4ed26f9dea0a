"""Taking over what an evaluation council found: all rows, or none and a report of every fault.

A row is known by its decision and product: sent again it changes nothing, sent with another
content it is refused. Three stars and more make a certificate, in the same transaction.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem.errors import Conflict, Invalid, NotFound, TemError
from tem.trail import audit
from tem_registry import tables
from tem_registry.catalogue import catalogue
from tem_registry.certificates import certificate_papers, certificates
from tem_registry.certificates.certificate_rules import MIN_CERTIFIED_STARS
from tem_registry.council import council_rules
from tem_registry.council.council_rules import Fault, Row

Record = dict[str, Any]
_c = tables.council_result.c


def take_over(connection: Connection, now: datetime, actor: str, body: Record) -> dict[str, Any]:
    """Record a council's results and make their certificates.

    ``body`` is a loaded CouncilResults. Raises Invalid ``council_results_refused`` whose
    ``errors`` name every row refused and why; nothing is changed then.
    """
    # All of them at once and in order, so that two deliveries never wait for each other; before
    # anything is read, so that what another one records meanwhile is seen whole or not at all.
    for product_id in sorted(result["product_id"] for result in body["results"]):
        certificates.hold_for_change(connection, product_id, batches=False)
    faults = list(_faults(connection, now, body))
    if faults:
        raise _refused(faults)
    results = []
    for place, result in enumerate(body["results"]):
        try:
            results.append(_take(connection, now, actor, body["council"], result))
        except TemError as error:
            raise _refused([Fault(f"/results/{place}", error.code, error.detail)]) from error
    recorded = [one for one in results if one["outcome"] == "recorded"]
    return {
        "recorded": len(recorded),
        "unchanged": len(results) - len(recorded),
        "certificates": sum(one["certificate_id"] is not None for one in recorded),
        "results": results,
    }


def _refused(faults: list[Fault]) -> Invalid:
    return Invalid(
        "council_results_refused",
        f"Nothing was recorded: {len(faults)} fault(s); mend them and send all rows again.",
        errors=[{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in faults],
    )


def _faults(connection: Connection, now: datetime, body: Record) -> Iterator[Fault]:
    council, results = body["council"], body["results"]
    yield from council_rules.council_faults(council, vietnam_day(now))
    for field in ("product_id", "certificate_id"):
        yield from council_rules.twice(results, field)
    for place, result in enumerate(results):
        found = list(council_rules.result_faults(place, result))
        found += council_rules.lab_faults(place, council, result, vietnam_day(now))
        yield from found
        yield from _faults_of_record(connection, place, council, result, judged=not found)


def _faults_of_record(
    connection: Connection, place: int, council: Row, result: Row, *, judged: bool
) -> Iterator[Fault]:
    """What the record says against a row; ``judged`` if it agrees with itself."""
    at = f"/results/{place}"
    product_id = result["product_id"]
    try:
        catalogue.find(connection, catalogue.KINDS["product"], product_id)
    except NotFound:
        yield Fault(f"{at}/product_id", "unknown_product", f"There is no product {product_id}.")
        return
    known = find(connection, id_of(council["decision_no"], product_id))
    if known is not None:
        if not _same(known, _record(council, result)):
            yield Fault(at, "result_changed", "Recorded before with another content: not applied.")
        return
    if not judged or result["stars"] < MIN_CERTIFIED_STARS:
        return
    try:
        certificate_papers.check_id(result.get("certificate_id"))
    except Invalid as error:
        yield Fault(f"{at}/certificate_id", error.code, error.detail)
    try:
        certificate_papers.complete(connection, _certificate(council, result))
    except Invalid as error:
        yield Fault("/council/issuing_authority", error.code, f"{product_id}: {error.detail}")
    yield from _faults_of_certificates(connection, at, council, result)


def _faults_of_certificates(
    connection: Connection, at: str, council: Row, result: Row
) -> Iterator[Fault]:
    c = tables.certificate.c
    wanted = _certificate(council, result)["certificate_id"]
    query = select(c.id, c.record).where((c.product_id == result["product_id"]) | (c.id == wanted))
    for row in connection.execute(query):
        if row.id == wanted:
            yield Fault(f"{at}/certificate_id", "id_taken", f"There is a certificate {wanted}.")
        elif json.loads(row.record)["decision_no"] == council["decision_no"]:
            yield Fault(
                at, "certificate_exists", f"{row.id} is of this product and decision already."
            )


def id_of(decision_no: str, product_id: str) -> str:
    """The id of a result: the same for the same decision and product."""
    return f"KQ-{_digest(decision_no, product_id)}"


def _digest(decision_no: str, product_id: str) -> str:
    text = json.dumps([decision_no, product_id], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _record(council: Row, result: Row) -> Record:
    return {
        "council_result_id": id_of(council["decision_no"], result["product_id"]),
        "council": dict(council),
        **result,
    }


def _same(known: Record, record: Record) -> bool:
    """Whether a row says what is on record; an id of a certificate only where it is given."""
    return {**known, **record} == known and all(
        known[name] is None for name in known.keys() - record.keys() - {"certificate_id"}
    )


def _certificate(council: Row, result: Row) -> Record:
    id = f"CN-{_digest(council['decision_no'], result['product_id'])}"
    report = result.get("lab_report")
    given = {"issuing_authority": council.get("issuing_authority")}
    given |= {"lab_report": report["report_no"] if report else None}
    return {
        "certificate_id": result.get("certificate_id", id),
        "product_id": result["product_id"],
        "stars": result["stars"],
        "score": float(council_rules.score_of(result["scores"])),
        "decision_no": council["decision_no"],
        "decision_date": council["decision_date"],
        **{name: value for name, value in given.items() if value is not None},
    }


def _take(connection: Connection, now: datetime, actor: str, council: Row, result: Row) -> Record:
    """Record one checked row. Raises Conflict where another delivery was faster."""
    record = _record(council, result)
    id = record["council_result_id"]
    row = {"id": id, "product_id": result["product_id"], "record": _text(record)}
    if not insert_or_ignore(connection, tables.council_result, row):
        known = find(connection, id)
        if known is None or not _same(known, record):
            raise Conflict("result_changed", "Recorded before with another content.")
        return _taken(known, "unchanged")
    record = {**record, "certificate_id": None}
    if result["stars"] >= MIN_CERTIFIED_STARS:
        wanted = _certificate(council, result)
        made = certificates.add(connection, now, actor, certificates.KIND, wanted)
        record["certificate_id"] = made["certificate_id"]
    connection.execute(
        update(tables.council_result)
        .where(_c.id == id)
        .values(certificate_id=record["certificate_id"], record=_text(record))
    )
    told = {name: record[name] for name in ("product_id", "stars", "mean", "certificate_id")}
    details = {**told, "decision_no": council["decision_no"]}
    audit.record(connection, now, actor, "council_result.recorded", f"council_result:{id}", details)
    return _taken(record, "recorded")


def _taken(record: Record, outcome: str) -> Record:
    shown = ("council_result_id", "product_id", "stars", "certificate_id")
    return {**{name: record[name] for name in shown}, "outcome": outcome}


def _text(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False)


def find(connection: Connection, id: str, producer_id: str | None = None) -> Record | None:
    """A result on record; None also for another producer's product when one is given."""
    query = _own(select(_c.record).where(_c.id == id), producer_id)
    text = connection.execute(query).scalar()
    return None if text is None else json.loads(text)


def page(
    connection: Connection,
    after: str,
    limit: int,
    product: str | None = None,
    producer_id: str | None = None,
) -> list[Record]:
    """Results with an id above ``after``, in order; of one product, or of a producer's own."""
    query = _own(select(_c.record).where(_c.id > after), producer_id)
    if product is not None:
        query = query.where(_c.product_id == product)
    rows = connection.execute(query.order_by(_c.id).limit(limit)).scalars()
    return [json.loads(text) for text in rows]


def _own(query: Any, producer_id: str | None) -> Any:
    if producer_id is None:
        return query
    own = select(tables.product.c.id).where(tables.product.c.producer_id == producer_id)
    return query.where(_c.product_id.in_(own))
