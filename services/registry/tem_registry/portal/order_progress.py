"""How far the issuer is with an order, and why none of its stamps came to be."""

from typing import Any

from tem.http.inside import Refused
from tem_registry.portal import wording
from tem_registry.portal.visits import Visit

UNDER_WAY = ("approved", "issuing")


def progress(at: Visit, order: dict[str, Any]) -> dict[str, Any] | None:
    """How many stamps are signed; None where nothing is under way or the issuer is silent."""
    if order["state"] not in UNDER_WAY:
        return None
    try:
        found: dict[str, Any] = at.api.get(f"/v1/orders/{order['order_id']}/progress")
    except Refused:
        return None
    return found


def failure(at: Visit, order: dict[str, Any]) -> str:
    """Why it failed: on record as code and words of a refusal. Empty where the code has none."""
    code, _, detail = str(order.get("failure", "")).partition(": ")
    return wording.refusal(at.lang, code, detail, {}) if code in wording.refusals() else ""
