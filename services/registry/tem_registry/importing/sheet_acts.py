"""What becomes of one row: the ordinary act that adds or changes its record, the same as by a call.

A row names its record by id, or by what people know it by (a certificate by product and decision).
Nothing is forgotten because a cell is empty: only what stands in the row is changed.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError
from sqlalchemy import Connection, select

from tem.dates import vietnam_day
from tem.errors import Invalid
from tem.http.wire import pointers, told
from tem_registry import tables
from tem_registry.catalogue import catalogue, catalogue_shown
from tem_registry.catalogue.names import folded
from tem_registry.importing.sheet_kinds import SheetKind
from tem_registry.lots import lot_answers, lot_corrections, lots
from tem_registry.lots import schemas as schemas_lots
from tem_registry.settings import Settings

Record = dict[str, Any]
Name = tuple[str, ...]
Acts = Mapping[str, Mapping[str, Callable[..., Record]]]


@dataclass(frozen=True, slots=True)
class Context:
    """Who takes rows over, when, and by which acts; ``acts`` are kinds with more to do than others.

    The same acts as those of the calls: they are handed over where both are wired.
    """

    now: datetime
    actor: str
    config: Settings
    acts: Acts


def by_id(connection: Connection, kind: SheetKind, record: Record) -> list[str]:
    """The id of the record on file that a row names; a lot is also named by product and code."""
    id = record.get(kind.id_field)
    if kind.name == "lot":
        c = tables.lot.c
        query = select(c.id).where(c.id == id)
        if id is None:
            product, code = record.get("product_id"), record.get("lot_code")
            query = select(c.id).where(c.product_id == product, c.lot_code == code)
        return list(connection.execute(query).scalars())
    c = catalogue.KINDS[kind.name].table.c
    return list(connection.execute(select(c.id).where(c.id == id)).scalars())


def names_of_all(connection: Connection, kind: SheetKind) -> dict[Name, list[str]]:
    """What people know the records of a kind by, each with the ids that are known so."""
    c, found = catalogue.KINDS[kind.name].table.c, dict[Name, list[str]]()
    for row in connection.execute(select(c.id, c.record).order_by(c.id)):
        name = name_of(kind, json.loads(row.record))
        if name is not None:
            found.setdefault(name, []).append(row.id)
    return found


def name_of(kind: SheetKind, record: Record) -> Name | None:
    """What people know a record by, for comparing; None where a part of it is not told."""
    parts = [record.get(name) for name in kind.natural]
    return None if None in parts else tuple(folded(str(part)) for part in parts)


def shown(connection: Connection, context: Context, kind: SheetKind, id: str) -> Record:
    """A record as its call shows it. Raises NotFound, or Gone for a purged lot."""
    if kind.name == "lot":
        return lot_answers.shown(connection, lots.find(connection, id), context.now)
    described = catalogue.KINDS[kind.name]
    record = catalogue.find(connection, described, id)
    return catalogue_shown.one(connection, described, record, vietnam_day(context.now))


def add(connection: Connection, context: Context, kind: SheetKind, record: Record) -> str:
    """Add the record and give its id. Raises what the call raises."""
    if kind.name == "lot":
        body = _loaded(_new_lot(), _without(record, "reason"))
        return lots.add(connection, context.now, context.actor, context.config, body).id
    described = catalogue.KINDS[kind.name]
    act = context.acts.get(kind.name, {}).get("add", catalogue.add)
    body = _loaded(_schema(kind.name, partial=False), record)
    added = act(connection, context.now, context.actor, described, body)
    return str(added[described.id_field])


def change(
    connection: Connection, context: Context, kind: SheetKind, id: str, fields: Record
) -> None:
    """Change some members of a record. Raises what the call raises."""
    if kind.name == "lot":
        body = _loaded(_lot_correction(), fields)
        lot_corrections.correct(connection, context.now, context.actor, context.config, id, body)
        return
    described = catalogue.KINDS[kind.name]
    act = context.acts.get(kind.name, {}).get("change", catalogue.change)
    body = _loaded(_schema(kind.name, partial=True), fields)
    act(connection, context.now, context.actor, described, id, body)


@cache
def _schema(kind: str, *, partial: bool) -> Schema:
    """The schema of a kind's calls, made once: that takes longer than loading a row."""
    return catalogue.KINDS[kind].schema(partial=partial)


_new_lot = cache(schemas_lots.NewLot)
_lot_correction = cache(schemas_lots.LotCorrection)


def _loaded(schema: Schema, record: Record) -> Record:
    """The record as the call would have it. Raises Invalid with each fault and its place."""
    try:
        loaded: Record = schema.load(record)
    except ValidationError as error:
        faults = list(pointers(error.messages))
        raise Invalid("validation_failed", told(faults), errors=faults) from error
    return loaded


def _without(record: Record, *names: str) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def differing(kind: SheetKind, before: Record, record: Record) -> Record:
    """The members of a row that say something else than the record does.

    A member that has members is sent whole, as a call would, once any of them differs.
    """
    told = _without(record, "reason") if kind.name == "lot" else record
    if kind.name == "lot" and before["precision"] == "month":
        before = {**before, "best_before": before["best_before"][:7]}
    found = {name: value for name, value in told.items() if not _says(before.get(name), value)}
    if found and told is not record and "reason" in record:
        found["reason"] = record["reason"]
    return found


def _says(before: Any, said: Any) -> bool:
    if isinstance(said, dict):
        return isinstance(before, dict) and all(
            _says(before.get(name), value) for name, value in said.items()
        )
    if isinstance(said, list):
        return isinstance(before, list) and sorted(before) == sorted(said)
    if isinstance(said, str) and isinstance(before, str):
        return before == said.strip()
    return bool(before == said)


def differences(before: Record, after: Record) -> list[dict[str, Any]]:
    """What is otherwise between two records, each with its field; members of members apart."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        {"field": name, "before": old.get(name), "after": new.get(name)}
        for name in [*old, *(name for name in new if name not in old)]
        if old.get(name) != new.get(name)
    ]


def _flat(record: Record, within: str = "") -> Any:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{name}.")
        elif isinstance(value, list):
            yield f"{within}{name}", json.dumps(value, ensure_ascii=False)
        else:
            yield f"{within}{name}", value
