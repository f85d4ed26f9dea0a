"""The wire of the EPCIS export: what of an EPCIS 2.0 document we write, and no more.

Names with a colon are members of our extension (``ocop:``) or of the CBV (``cbvmda:``).
"""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from tem.http.wire import IDENTIFIER, QueryNumber, Strict
from tem_registry import fields as wire


class Flag(fields.Field[bool]):
    """``true`` or ``false`` in a query."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Write true or false.")
        return bool(value == "true")


class EpcisQuery(Strict):
    """Which acts to export; what is left out does not limit."""

    after = QueryNumber(
        load_default=0,
        validate=validate.Range(0, 2**53),
        metadata={"description": "go on after this number, from the Link header", "example": 1200},
    )
    limit = QueryNumber(
        load_default=100,
        validate=validate.Range(1, 500),
        metadata={"description": "acts in one document at most; an act is mostly one event"},
    )
    batch = QueryNumber(
        validate=validate.Range(1, wire.MAX_BATCH),
        metadata={"description": "acts on stamps of this batch only"},
    )
    lot = fields.String(
        validate=IDENTIFIER,
        metadata={"description": "acts that name this lot only", "example": "HT-L0001"},
    )
    first_day = wire.Day(
        data_key="from",
        metadata={
            "description": "events on this day in Vietnam or later",
            "format": "date",
            "example": "2026-01-01",
        },
    )
    last_day = wire.Day(
        data_key="until",
        metadata={
            "description": "events on this day in Vietnam or earlier",
            "format": "date",
            "example": "2026-12-31",
        },
    )
    instances = Flag(
        load_default=False,
        metadata={
            "type": "boolean",
            "description": "name up to 1,000 stamps of an event one by one (epcList)",
        },
    )

    @validates_schema
    def in_order(self, loaded: dict[str, Any], **_: Any) -> None:
        """Raises ValidationError for a period that ends before it begins."""
        first, last = (loaded.get(name) for name in ("first_day", "last_day"))
        if first and last and date.fromisoformat(last) < date.fromisoformat(first):
            raise ValidationError("The period ends before it begins.", "until")


def _uri(**options: Any) -> fields.String:
    return fields.String(metadata={"format": "uri", **options})


def _ours(name: str, kind: type[fields.Field[Any]] = fields.String, **told: Any) -> Any:
    return kind(data_key=f"ocop:{name}", attribute=f"ocop:{name}", metadata=told)


class EpcisPlace(Strict):
    """Where."""

    id = _uri()


class EpcisQuantity(Strict):
    """A class of things and how many; the quantity is absent where it is not known any more."""

    epcClass = _uri(example="https://id.gs1.org/01/09521234000013/10/L260106-A1")
    quantity = fields.Integer()


class EpcisSource(Strict):
    """Who gives."""

    type = fields.String()
    source = _uri()


class EpcisDestination(Strict):
    """Who takes."""

    type = fields.String()
    destination = _uri()


class EpcisPersistent(Strict):
    """What stays true of the things until it is unset."""

    set = fields.List(fields.String())
    unset = fields.List(fields.String())


class EpcisError(Strict):
    """That an event was wrong, since when it is known, and the events that are right."""

    declarationTime = fields.String(metadata={"format": "date-time"})
    reason = fields.String()
    correctiveEventIDs = fields.List(_uri())


class EpcisMasterData(Strict):
    """Master data of a lot; a date that the lot does not have is absent."""

    lot = fields.String(data_key="cbvmda:lotNumber", attribute="cbvmda:lotNumber")
    made = fields.String(data_key="cbvmda:productionDate", attribute="cbvmda:productionDate")
    best = fields.String(data_key="cbvmda:bestBeforeDate", attribute="cbvmda:bestBeforeDate")
    use_by = fields.String(
        data_key="cbvmda:itemExpirationDate", attribute="cbvmda:itemExpirationDate"
    )
    packed = _ours("packingDate")


class EpcisEvent(Strict):
    """An ObjectEvent; what does not apply is absent."""

    type = fields.String(required=True)
    eventID = _uri(description="the same in every export")
    eventTime = fields.String(required=True, metadata={"format": "date-time"})
    eventTimeZoneOffset = fields.String(required=True, metadata={"example": "+07:00"})
    action = fields.String(required=True, metadata={"enum": ["ADD", "OBSERVE", "DELETE"]})
    bizStep = fields.String()
    disposition = fields.String()
    persistentDisposition = fields.Nested(EpcisPersistent)
    epcList = fields.List(_uri())
    quantityList = fields.List(fields.Nested(EpcisQuantity))
    readPoint = fields.Nested(EpcisPlace)
    bizLocation = fields.Nested(EpcisPlace)
    sourceList = fields.List(fields.Nested(EpcisSource))
    destinationList = fields.List(fields.Nested(EpcisDestination))
    ilmd = fields.Nested(EpcisMasterData)
    errorDeclaration = fields.Nested(EpcisError)
    our_action = _ours("action", description="our own name of the act")
    batch_id = _ours("batchId", example="HT-T0001")
    batch_number = _ours("batchNumber", fields.Integer)
    serial_from = _ours("serialFrom", fields.Integer, description="first stamp of the range")
    serial_to = _ours("serialTo", fields.Integer, description="last stamp of the range")
    lot_id = _ours("lotId")
    part_of = _ours("partOf", description="the event of which these stamps were wrong")
    kind = _ours("kind")
    reason = _ours("reason")
    receipt = _ours("receipt")
    ordered_on = _ours("orderedOn")
    ordered_by = _ours("orderedBy")
    decision_no = _ours("decisionNo")
    reason_public = _ours("reasonPublic")


class EpcisBody(Strict):
    """The events."""

    eventList = fields.List(fields.Nested(EpcisEvent), required=True)


class EpcisDocument(Strict):
    """An EPCIS 2.0 document (GS1 EPCIS 2.0, JSON-LD binding)."""

    context = fields.List(
        fields.Raw(),
        required=True,
        data_key="@context",
        attribute="@context",
        metadata={"description": "GS1's context, then the prefixes ocop and cbvmda"},
    )
    type = fields.String(required=True, metadata={"enum": ["EPCISDocument"]})
    schemaVersion = fields.String(required=True, metadata={"enum": ["2.0"]})
    creationDate = fields.String(required=True, metadata={"format": "date-time"})
    epcisBody = fields.Nested(EpcisBody, required=True)
