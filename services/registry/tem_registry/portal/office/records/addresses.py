"""The page on which an address changes: a new one from a day on, or the present one corrected."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records import choices, fields, forms
from tem_registry.portal.office.records.catalogue import ADDRESS
from tem_registry.portal.office.records.fields import Group, Record
from tem_registry.portal.office.records.forms import Sheet
from tem_registry.portal.office.records.shown import again
from tem_registry.portal.visits import Visit

PROVINCE_CODE = "42"
_ELSEWHERE = ("commune", "province_code", "province")


def change(at: Visit, call: str, page: str) -> Response:
    """The page itself, of the record that ``call`` gives."""
    found = at.api.ask("GET", call)
    record = found.json
    present = record["address"]
    form = at.form({**shown(present), "etag": found.etag})
    if request.method == "POST":
        told = address_of(form, present)
        if not form.is_refused:
            try:
                forms.send(at, call, {"address": told}, form)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(page, done="record_saved")
    group = Group("Địa chỉ", "Address", ADDRESS)
    title = ("Đổi địa chỉ", "Change the address")
    communes = choices.communes(at)
    sheet = Sheet(call, page, title, page, title, (group,), {"communes": communes})
    more = forms.meanwhile(at, sheet, form, {"address": _bare(present)}, found.etag)
    return again(
        at,
        "office/record_address.html",
        form,
        sheet=sheet,
        present=present,
        name=record["name"],
        **more,
    )


def shown(present: Record) -> dict[str, str]:
    """What the form shows of an address."""
    return fields.initial(ADDRESS, {"address": _bare(present)})


def _bare(present: Record) -> dict[str, Any]:
    """Without the whole, where that is no more than its parts: it is made anew of the new ones."""
    parts = ", ".join(present[p] for p in ("line", "commune", "province") if present.get(p))
    return {
        name: value for name, value in present.items() if name != "full" or value.strip() != parts
    }


def address_of(form: Form, present: Record) -> dict[str, Any]:
    """The address as typed. One in another province keeps its names while its code stays."""
    told: dict[str, Any] = fields.members(ADDRESS, form)["address"] or {}
    since = fields.day_of(form, "address.valid_from")
    if form.text("why") == "wrong":
        since = present.get("valid_from")
    stays = told.get("commune_code") == present.get("commune_code")
    if stays and present.get("province_code", PROVINCE_CODE) != PROVINCE_CODE:
        told |= {name: present[name] for name in _ELSEWHERE if name in present}
    return told | ({} if since is None else {"valid_from": since})
