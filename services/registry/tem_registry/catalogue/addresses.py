"""Addresses: communes by their code, and what was the address on which day. Pure.

Two levels since 01/07/2025, codes of QĐ 19/2025/QĐ-TTg: unique, never used again. An address
that was given up stays readable exactly as it was.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tem.errors import Invalid
from tem_registry.catalogue.names import bare, folded
from tem_registry.rules import Fault

Address = dict[str, Any]
PROVINCE_CODE, PROVINCE = "42", "Tỉnh Hà Tĩnh"
LAST_DAY_OF_DISTRICTS = "2025-06-30"


def completed(address: Mapping[str, Any], communes: Mapping[str, str]) -> Address:
    """The address with commune and province named, where its code tells them, and in full.

    ``communes`` are the names of the province's communes by code. Left out, ``full`` is made of
    line, commune and province; where the commune is not known either, it stays absent.
    """
    name = communes.get(address.get("commune_code", ""))
    found = dict(address)
    if name is not None and address.get("province_code", PROVINCE_CODE) == PROVINCE_CODE:
        found = {"commune": name, "province_code": PROVINCE_CODE, "province": PROVINCE} | found
    if "full" not in found and "commune" in found:
        parts = (found.get(part) for part in ("line", "commune", "province"))
        found["full"] = ", ".join(part for part in parts if part)
    return found


def faults(address: Mapping[str, Any], communes: Mapping[str, str]) -> list[Fault]:
    """A commune that is not the province's, or is called otherwise than its code says."""
    code, province = address.get("commune_code"), address.get("province_code")
    if code is None:
        return []
    pointer = "/address/commune_code"
    here = province in (None, PROVINCE_CODE)
    if here and code not in communes:
        told = f"{code} is none of the 69 communes of Hà Tĩnh: see /v1/communes; elsewhere in"
        return [Fault(pointer, "unknown_commune", f"{told} the country, give province_code too.")]
    if not here and code in communes:
        told = f"{communes[code]} lies in Hà Tĩnh: its province_code is {PROVINCE_CODE}."
        return [Fault(pointer, "unknown_commune", told)]
    called = address.get("commune")
    if here and called and folded(bare(called)) != folded(bare(communes[code])):
        told = f"{code} is {communes[code]}, not {called}: correct one of the two."
        return [Fault("/address/commune", "commune_mismatch", told)]
    return []


def incomplete(address: Mapping[str, Any]) -> list[Fault]:
    """A completed address that is still not given in full: nobody has said which commune."""
    if "full" in address:
        return []
    told = "Its code alone tells no name: give it in full, or its commune and province."
    return [Fault("/address/full", "address_incomplete", told)]


def moved(before: Mapping[str, Any], address: Address, today: date) -> dict[str, Any]:
    """The members ``address`` and ``former_addresses`` of a record whose address changes.

    The new one counts from its ``valid_from``, today unless given; the old one until the day
    before. One with the same first day replaces it: a correction. Raises Invalid when the new
    one begins before the old one, or in the future.
    """
    old: Address = before["address"]
    if _told(address) == _told(old):  # at most its first day is corrected
        return {"address": {**old, **address}}
    address = {**address, "valid_from": address.get("valid_from", today.isoformat())}
    begins, began = address["valid_from"], old.get("valid_from")
    if begins > today.isoformat():
        raise Invalid("address_in_future", "Send the new address on the day it begins to count.")
    if began is not None and begins < began:
        raise Invalid(
            "address_out_of_order", f"The present address counts from {began}: give a later day."
        )
    if begins == began:
        return {"address": address}
    until = (date.fromisoformat(begins) - timedelta(days=1)).isoformat()
    return {
        "address": address,
        "former_addresses": [*before.get("former_addresses", []), {**old, "valid_to": until}],
    }


def _told(address: Mapping[str, Any]) -> Address:
    return {name: value for name, value in address.items() if name != "valid_from"}


def former(record: Mapping[str, Any]) -> list[Address]:
    """The addresses that were, oldest first, each with its last day ``valid_to``.

    The one with a district, if the record has it, ended with the districts on 30/06/2025.
    """
    districts = record.get("address_before_2025_07_01")
    first = [{**districts, "valid_to": LAST_DAY_OF_DISTRICTS}] if districts else []
    return sorted([*first, *record.get("former_addresses", [])], key=lambda one: one["valid_to"])


def address_on(record: Mapping[str, Any], day: date) -> Address | None:
    """The address that counted on a day; None where none is on record for it."""
    text, past = day.isoformat(), former(record)
    for one in past:
        if one.get("valid_from", "") <= text <= one["valid_to"]:
            return one
    now: Address = record["address"]
    begun = now.get("valid_from", "") <= text
    return now if begun and all(one["valid_to"] < text for one in past) else None
