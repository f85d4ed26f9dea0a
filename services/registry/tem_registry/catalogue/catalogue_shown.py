"""Records of the catalogue as they are shown: with what is worked out, and picked by a query."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from tem.verdict import producer_status_on
from tem_registry.catalogue import addresses, catalogue_rows, product_rules, standing
from tem_registry.catalogue.catalogue_rows import Record
from tem_registry.catalogue.kinds import Kind
from tem_registry.catalogue.names import folded
from tem_registry.rules import Statuses

CHUNK = 200


def shown(connection: Connection, kind: Kind, records: Sequence[Record], day: date) -> list[Record]:
    """Records with their derived members, as of a day."""
    if kind.name == "producer":
        statuses = catalogue_rows.statuses_of_each(connection, _ids(kind, records))
        return [_producer(one, statuses[one["producer_id"]], day) for one in records]
    if kind.name == "product":
        certificates = catalogue_rows.certificates_of_each(connection, _ids(kind, records))
        return [_product(one, certificates[one["product_id"]], day) for one in records]
    if kind.name == "point_of_sale":
        return [{**one, "former_addresses": addresses.former(one)} for one in records]
    stands = standing.certificate if kind.name == "certificate" else standing.contract
    return [{**one, "status_at_as_of": stands(one, day)} for one in records]


def one(connection: Connection, kind: Kind, record: Record, day: date) -> Record:
    """One record with its derived members, as of a day."""
    return shown(connection, kind, [record], day)[0]


def _ids(kind: Kind, records: Sequence[Record]) -> list[str]:
    return [record[kind.id_field] for record in records]


def _producer(record: Record, statuses: Statuses, day: date) -> Record:
    """``status`` is that of the day: one that lies ahead stands among ``statuses`` only."""
    begun = [since.isoformat() for _, since in statuses if since <= day]
    return {
        **{name: value for name, value in record.items() if name != "status_since"},
        "status": str(producer_status_on(statuses, day)),
        **({"status_since": begun[-1]} if begun else {}),
        "statuses": turns(statuses),
        "former_addresses": addresses.former(record),
    }


def turns(statuses: Statuses) -> list[Record]:
    """Statuses as they are shown, in order of their day."""
    return [{"status": str(status), "since": since.isoformat()} for status, since in statuses]


def _product(record: Record, certificates: list[Record], day: date) -> Record:
    current = standing.current(certificates, day)
    return {
        **record,
        "stars": current["stars"] if current else None,
        "current_certificate_id": current["certificate_id"] if current else None,
        "certificate_status": standing.certificate(current, day) if current else None,
        "missing": product_rules.missing(record),
    }


# --- lists ---

# Queries that a column answers, by the column's name; the others look at the record as shown.
_COLUMNS = {
    "producer": "producer_id",
    "product": "product_id",
    "pos": "pos_id",
    "commune": "commune_code",
}
_TESTS: dict[str, Callable[[Record, Any], bool]] = {
    "commune": lambda record, code: record["address"].get("commune_code") == code,
    "q": lambda record, part: folded(part) in folded(record["name"]),
    "category": lambda record, code: f"{record['category_code']}.".startswith(f"{code}."),
    "stampable": lambda record, wanted: record["stampable"] is wanted,
    "status": lambda record, wanted: (
        record.get("status_at_as_of", record.get("status"))
        == {"lapsed": "expired"}.get(wanted, wanted)
    ),
}


def listed(
    connection: Connection, kind: Kind, day: date, query: Record, producer_id: str | None = None
) -> Record:
    """A page: ``items`` that the query picks, and ``next`` where there may be more."""
    wanted = dict(query)
    after, limit = wanted.pop("after"), wanted.pop("limit")
    columns = {
        column: wanted.pop(name)
        for name, column in _COLUMNS.items()
        if name in wanted and column in kind.table.c
    }
    size = max(limit, CHUNK) if wanted else limit
    items: list[Record] = []
    while len(items) < limit:
        found = catalogue_rows.page(connection, kind, after, size, producer_id, columns)
        items += [
            record
            for record in shown(connection, kind, found, day)
            if all(_TESTS[name](record, value) for name, value in wanted.items())
        ]
        if len(found) < size:
            break
        after = found[-1][kind.id_field]
    items = items[:limit]
    more = {"next": items[-1][kind.id_field]} if len(items) == limit else {}
    return {"items": items, **more}
