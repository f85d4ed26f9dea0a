"""What EPCIS 2.0 and CBV 2.0 ask of a document of ObjectEvents, in our own words.

Restates EPCIS-JSON-Schema.json of gs1/EPCIS (2b888be) as far as such a document goes; nothing of
that file is copied. ``faults`` gives a sentence for everything that is wrong.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit


def _words_of(text: str) -> set[str]:
    return set(text.split())


BIZ_STEPS = _words_of(
    "accepting arriving assembling collecting commissioning consigning "
    "creating_class_instance cycle_counting decommissioning departing destroying "
    "disassembling dispensing encoding entering_exiting holding inspecting installing killing "
    "loading other packing picking receiving removing repackaging repairing replacing "
    "reserving retail_selling shipping staging_outbound stock_taking stocking storing "
    "transporting unloading unpacking void_shipping sensor_reporting sampling "
)
DISPOSITIONS = _words_of(
    "active container_closed damaged destroyed dispensed disposed encoded expired in_progress "
    "in_transit inactive no_pedigree_match non_sellable_other partially_dispensed recalled "
    "reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unknown "
    "available completeness_verified completeness_inferred conformant container_open "
    "mismatch_instance mismatch_class mismatch_quantity needs_replacement non_conformant "
    "unavailable "
)
DOCUMENT = {"@context", "type", "schemaVersion", "creationDate", "epcisBody"}
EVENT = _words_of(
    "type eventID eventTime eventTimeZoneOffset recordTime errorDeclaration action bizStep "
    "disposition persistentDisposition epcList quantityList readPoint bizLocation sourceList "
    "destinationList ilmd "
)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_PREFIXED = re.compile(r"(ocop|cbvmda):[A-Za-z]+", re.ASCII)
_GS1 = re.compile(
    r"/(01/\d{14}(/10/[A-Za-z0-9._~%-]{1,60}|/235/[0-9-]{1,28})?|41[47]/\d{13})", re.ASCII
)


def faults(document: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a document; nothing if it is valid."""
    if set(document) != DOCUMENT or document["type"] != "EPCISDocument":
        yield f"members of the document: {sorted(document)}"
    if document["schemaVersion"] != "2.0":
        yield f"schemaVersion {document['schemaVersion']}"
    yield from _time("creationDate", document["creationDate"])
    first, prefixes = document["@context"]
    if not first.endswith("/epcis-context.jsonld") or set(prefixes) != {"ocop", "cbvmda"}:
        yield f"context {first} {prefixes}"
    for event in document["epcisBody"]["eventList"]:
        for fault in _event(event):
            yield f"{event.get('eventID')}: {fault}"


def _event(event: dict[str, Any]) -> Iterator[str]:
    missing = {"type", "action", "eventTime", "eventTimeZoneOffset", "eventID"} - set(event)
    if missing:
        yield f"without {missing}"
        return
    yield from (f"member {n}" for n in event if n not in EVENT and not _PREFIXED.fullmatch(n))
    if event["type"] != "ObjectEvent" or event["action"] not in ("ADD", "OBSERVE", "DELETE"):
        yield f"{event['type']} {event['action']}"
    yield from _time("eventTime", event["eventTime"])
    if event["eventTimeZoneOffset"] != "+07:00" or not event["eventTime"].endswith("+07:00"):
        yield "not Vietnam's time"
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}", event["eventID"]):
        yield "eventID is not a UUID of version 5"
    yield from _words(event)
    yield from _things(event)
    if "ilmd" in event:
        if event["action"] != "ADD":
            yield "ilmd without ADD"
        yield from (f"ilmd {n}" for n in event["ilmd"] if not _PREFIXED.fullmatch(n))
    if "errorDeclaration" in event:
        yield from _declaration(event["errorDeclaration"])


def _words(event: dict[str, Any]) -> Iterator[str]:
    lasting = event.get("persistentDisposition", {"set": ["recalled"]})
    if set(lasting) - {"set", "unset"} or not all(lasting.values()):
        yield f"persistentDisposition {lasting}"
    used = {event["disposition"], *(word for words in lasting.values() for word in words)}
    if event["bizStep"] not in BIZ_STEPS or used - DISPOSITIONS:
        yield f"bizStep {event['bizStep']}, dispositions {used}"


def _things(event: dict[str, Any]) -> Iterator[str]:
    """What, where and from whom to whom: each a URI, at least one thing."""
    listed, counted = event.get("epcList", []), event.get("quantityList", [])
    if not listed and not counted:
        yield "about nothing"
    if len(set(listed)) != len(listed):
        yield "a stamp stands twice"
    for element in counted:
        if set(element) - {"epcClass", "quantity", "uom"} or element.get("quantity", 1) < 1:
            yield f"quantityList {element}"
    uris = [*listed, *(one["epcClass"] for one in counted)]
    for name in ("readPoint", "bizLocation"):
        uris += [event[name]["id"]] if name in event else []
    for name, member in (("sourceList", "source"), ("destinationList", "destination")):
        for one in event.get(name, []):
            if set(one) != {"type", member} or one["type"] != "possessing_party":
                yield f"{name} {one}"
            uris.append(one[member])
    for uri in uris:
        yield from _uri(uri)


def _declaration(told: dict[str, Any]) -> Iterator[str]:
    yield from _time("declarationTime", told["declarationTime"])
    if told["reason"] not in ("did_not_occur", "incorrect_data"):
        yield f"reason {told['reason']}"
    for uri in told["correctiveEventIDs"]:
        yield from _uri(uri)


def _time(name: str, text: str) -> Iterator[str]:
    if datetime.fromisoformat(text).tzinfo is None or "T" not in text:
        yield f"{name} {text}"


def _uri(uri: str) -> Iterator[str]:
    if not _URI.fullmatch(uri) or re.search(r"%(?![0-9A-F]{2})", uri):
        yield f"not a URI: {uri}"
    parts = urlsplit(uri)
    if parts.netloc == "id.gs1.org" and not _GS1.fullmatch(parts.path):
        yield f"not a Digital Link of ours: {uri}"
