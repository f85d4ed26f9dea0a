"""The office's page of one stamp, by its printed serial: state, history, what a scan says now."""

import re
from collections.abc import Callable
from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import typed_range
from tem_registry.portal.forms import Form
from tem_registry.portal.office import audit_terms
from tem_registry.portal.office.names import Names
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
_LONGEST = 60
_SERIAL = re.compile(r"[0-9]+(-[0-9]+)*", re.ASCII)


def add(portal: Portal) -> None:
    """Add the page."""

    @portal.page("/office/stamps", *READERS)
    def stamp(at: Visit) -> Response:
        typed = typed_range.as_printed(request.args.get("serial", "")[:_LONGEST])
        form = at.form({"serial": typed})
        found = _found(at, form) if typed else None
        names, who = Names(at.api), _who(at)
        return at.again("office/stamp.html", form, found=found, names=names, who=who)


def _who(at: Visit) -> Callable[[str], str]:
    """Who acted, in words."""
    return lambda actor: audit_terms.actor(at.lang, actor, {})


def _found(at: Visit, form: Form) -> dict[str, Any] | None:
    """A stamp, its batch and its verdict; None if the serial is refused, which the form says."""
    serial = form.text("serial")
    readable = _SERIAL.fullmatch(serial) is not None
    try:  # what is no serial at all is refused by the call too, in its own words
        stamp = at.api.get(f"/v1/stamps/{serial if readable else '0'}")
        public = at.api.get(f"/v1/stamps/{stamp['serial']}/verdict")
    except Refused as refused:
        form.refuse(refused)
        return None
    return {"stamp": stamp, "public": public}
