"""Acts of the audit trail as EPCIS 2.0 events. Pure; the mapping is ``docs/epcis.md``.

A range of stamps is one event: a class and a quantity, with our extension naming batch, first
and last. An event's id is worked out from the entry's hash in the trail, so that an export made
again names the same events.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tem.dates import VIETNAM
from tem.stampcode import serial
from tem_registry.epcis.epcis_facts import MAX_INSTANCES, Act, LotFacts, event_id, event_time
from tem_registry.uris import Producer, Uris

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
MASTER_DATA = "urn:epcglobal:cbv:mda:"
SCHEMA_VERSION = "2.0"
Event = dict[str, Any]


def document(events: list[Event], now: datetime, uris: Uris) -> dict[str, Any]:
    """An EPCISDocument around events."""
    return {**header(now, uris), "epcisBody": {"eventList": events}}


def header(now: datetime, uris: Uris) -> dict[str, Any]:
    """All of a document but its events."""
    return {
        "@context": [CONTEXT, {"ocop": uris.namespace, "cbvmda": MASTER_DATA}],
        "type": "EPCISDocument",
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": _instant(now),
    }


def events(act: Act, uris: Uris, *, instances: bool = False) -> Iterator[Event]:
    """The events of an act, in order; none for an act that has none.

    With ``instances`` up to MAX_INSTANCES stamps are named one by one (``epcList``).
    """
    described = _KINDS.get(act.action)
    if described is None:
        return
    event = {**_common(act), **_what(act, uris, instances), **described(act, uris)}
    for place, wrong in enumerate(act.undoes):
        yield _declared_wrong(wrong, act, uris, instances, place, event["eventID"])
    yield event


def _instant(at: datetime) -> str:
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def _common(act: Act) -> Event:
    return {
        "type": "ObjectEvent",
        "eventID": event_id(act),
        "eventTime": _instant(event_time(act)),
        "eventTimeZoneOffset": "+07:00",
    }


def _what(act: Act, uris: Uris, instances: bool) -> Event:
    """The stamps of a range, or the goods of a lot; how many, as far as it is known."""
    if act.batch is None:
        element: Event = {"epcClass": _class(act, uris)}
        if act.lot is not None and act.lot.quantity:
            element["quantity"] = act.lot.quantity
        return {"quantityList": [element]}
    ours: Event = {
        "ocop:batchNumber": act.batch,
        "ocop:serialFrom": act.first,
        "ocop:serialTo": act.last,
    }
    if act.batch_id is not None:
        ours["ocop:batchId"] = act.batch_id
    if instances and act.stamps <= MAX_INSTANCES:
        serials = (serial(act.batch, index) for index in range(act.first, act.last + 1))
        return {"epcList": [uris.stamp(act.product, one) for one in serials], **ours}
    return {"quantityList": [{"epcClass": _class(act, uris), "quantity": act.stamps}], **ours}


def _class(act: Act, uris: Uris) -> str:
    if act.lot is None:
        return uris.product(act.product)
    return uris.lot(act.product, act.lot.id, act.lot.code)


def _where(place: str, *, located: bool = False) -> Event:
    return {"readPoint": {"id": place}, **({"bizLocation": {"id": place}} if located else {})}


def _why(act: Act, *names: str) -> Event:
    """Members of the entry's details that an event tells, under our own names."""
    return {f"ocop:{to}": act.details[n] for n in names if act.details.get(n) for to in [_camel(n)]}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


# --- one function for each kind of act (domain.md 2.6) ---


def _issued(act: Act, uris: Uris) -> Event:
    done = {"action": "OBSERVE", "bizStep": "encoding", "disposition": "encoded"}
    return {**done, **_where(uris.location(None)), "ocop:action": "issue"}


def _handed(act: Act, uris: Uris, giver: Producer | None, taker: Producer | None) -> Event:
    return {
        "action": "OBSERVE",
        **_where(uris.location(None)),
        "sourceList": [{"type": "possessing_party", "source": uris.party(giver)}],
        "destinationList": [{"type": "possessing_party", "destination": uris.party(taker)}],
    }


def _delivered(act: Act, uris: Uris) -> Event:
    done = {"bizStep": "shipping", "disposition": "in_transit", "ocop:action": "deliver"}
    return {**_handed(act, uris, None, act.producer), **done, **_why(act, "receipt")}


def _returned(act: Act, uris: Uris) -> Event:
    done = {"bizStep": "receiving", "disposition": "returned", "ocop:action": "return"}
    return {**_handed(act, uris, act.producer, None), **done, **_why(act, "reason")}


def _produced(act: Act, uris: Uris) -> Event:
    """A lot comes about. Its materials are not lots of ours, so this is no TransformationEvent."""
    done = {"action": "ADD", "bizStep": "commissioning", "disposition": "active"}
    told = {**_ilmd(act), "ocop:action": "add_lot", "ocop:lotId": act.lot.id if act.lot else None}
    return {**done, **_where(uris.location(act.producer)), **told}


def _activated(act: Act, uris: Uris) -> Event:
    done = {"action": "ADD", "bizStep": "commissioning", "disposition": "active"}
    where = _where(uris.location(act.producer), located=True)
    told = {**_ilmd(act), "ocop:action": "activate", "ocop:lotId": act.lot.id if act.lot else None}
    return {**done, **where, **told}


def _ilmd(act: Act) -> Event:
    """Lot and dates, allowed with ADD alone; a purged lot has none left."""
    lot, found = act.lot or LotFacts(""), {}
    if lot.code:
        found["cbvmda:lotNumber"] = lot.code
    if lot.production_date:
        name = "ocop:packingDate" if lot.packed else "cbvmda:productionDate"
        found[name] = lot.production_date.isoformat()
    if lot.best_before:
        name = "itemExpirationDate" if act.product.use_by else "bestBeforeDate"
        found[f"cbvmda:{name}"] = lot.best_before.isoformat()
    return {"ilmd": found} if found else {}


def _corrected(act: Act, uris: Uris) -> Event:
    """What is right instead: another lot, or no lot (delivered, as if never activated)."""
    if act.lot is not None:
        return {**_activated(act, uris), "ocop:action": "correct", **_why(act, "reason")}
    done = {"action": "OBSERVE", "bizStep": "other", "disposition": "encoded"}
    told = {"ocop:action": "correct", **_why(act, "reason")}
    return {**done, **_where(uris.location(act.producer)), **told}


def _declared_wrong(
    wrong: Act, by: Act, uris: Uris, instances: bool, place: int, corrective: str
) -> Event:
    """The activation once more, as an error declaration (EPCIS 2.0, 7.4.1.2).

    Such an event has the id of the wrong one. If only some of its stamps were wrong, it tells of
    those alone, under an id of its own, and names the event it is a part of.
    """
    again = replace(wrong, action="stamps.activated")
    event = {**_common(again), **_what(again, uris, instances), **_activated(again, uris)}
    partly = wrong.details.get("last", 0) - wrong.details.get("first", 0) + 1 != wrong.stamps
    if partly:
        event["ocop:partOf"] = event["eventID"]
        event["eventID"] = event_id(replace(by, part=f"wrong/{place}"))
    event["errorDeclaration"] = {
        "declarationTime": _instant(event_time(by)),
        "reason": "incorrect_data",
        "correctiveEventIDs": [corrective],
    }
    return event


def _recalled(act: Act, uris: Uris) -> Event:
    done = {"action": "OBSERVE", "bizStep": "holding", "disposition": "recalled"}
    told = {"ocop:action": "recall_lot", "ocop:lotId": act.lot.id if act.lot else None}
    notice = _why(act, "kind", "ordered_on", "ordered_by", "decision_no", "reason_public")
    if act.lot is not None and act.lot.is_purged:
        notice = {}
    lasting = {"persistentDisposition": {"set": ["recalled"]}}
    return {**done, **lasting, **_where(uris.location(None)), **told, **notice}


def _lifted(act: Act, uris: Uris) -> Event:
    done = {"action": "OBSERVE", "bizStep": "other", "disposition": "active"}
    told = {"ocop:action": "lift_recall", "ocop:lotId": act.lot.id if act.lot else None}
    lasting = {"persistentDisposition": {"unset": ["recalled"]}}
    return {**done, **lasting, **_where(uris.location(None)), **told, **_why(act, "reason")}


def _ended(act: Act, uris: Uris) -> Event:
    done = {"action": "DELETE", "bizStep": "decommissioning", "disposition": "inactive"}
    told = {"ocop:action": act.action.removeprefix("stamps.").replace("revoked", "revoke")}
    return {**done, **_where(uris.location(None)), **told, **_why(act, "kind", "reason")}


_KINDS: dict[str, Callable[[Act, Uris], Event]] = {
    "batch.issued": _issued,
    "batch.delivered": _delivered,
    "stamps.returned": _returned,
    "lot.added": _produced,
    "stamps.activated": _activated,
    "stamps.corrected": _corrected,
    "lot.recalled": _recalled,
    "lot.recall_lifted": _lifted,
    "stamps.void": _ended,
    "stamps.revoked": _ended,
}
ACTIONS = tuple(_KINDS)
