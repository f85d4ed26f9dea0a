"""A range of stamps as people name it: by the serials printed on its first and its last stamp."""

import re
import unicodedata
from dataclasses import dataclass

from tem.http.inside import Refused
from tem.stampcode import serial
from tem_registry.portal import wording
from tem_registry.portal.forms import Form
from tem_registry.portal.visits import Visit

_BETWEEN = re.compile(r"[\s.\u200b\u2010-\u2015\u2212-]+")
_CALLED = {"first": ("Tem đầu", "First stamp"), "last": ("Tem cuối", "Last stamp")}
_SERIAL = re.compile(r"[0-9]{1,10}-[0-9]{1,8}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Range:
    """Stamps ``first`` to ``last`` of a batch, both included, and the product they are for."""

    batch: int
    first: int
    last: int
    product_id: str

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last - self.first + 1

    @property
    def serials(self) -> dict[str, str]:
        """Both ends as printed, by the names of the form's fields."""
        return {"first": serial(self.batch, self.first), "last": serial(self.batch, self.last)}

    @property
    def body(self) -> dict[str, int]:
        """It as the API takes it."""
        return {"batch": self.batch, "first": self.first, "last": self.last}


def as_printed(text: str) -> str:
    """A typed serial in its one spelling; any dash, blanks, full stops and leading zeros are
    forgiven, and what is no serial stays odd."""
    parts = _BETWEEN.split(unicodedata.normalize("NFKC", text).strip())
    if len(parts) == 3:
        parts[:2] = [part.lstrip("0") for part in parts[:2]]
    return "-".join(parts)


def read(at: Visit, form: Form) -> Range | None:
    """The stamps between the fields ``first`` and ``last``, whichever was scanned first.

    None where something is wrong: the form's fields then say what. Raises Refused for an outage.
    """
    one, other = _stamp(at, form, "first"), _stamp(at, form, "last")
    if one is None or other is None:
        return None
    if one[0] != other[0]:
        form.fault(
            "last",
            "Hai tem thuộc hai đợt khác nhau. Hãy làm từng đợt một.",
            "The two stamps are of two batches: do one batch at a time.",
        )
        return None
    (batch, low, product_id), (_, high, _) = sorted((one, other))
    return Range(batch, low, high, product_id)


def _stamp(at: Visit, form: Form, name: str) -> tuple[int, int, str] | None:
    """Batch, index and product of the stamp that a field names."""
    text = as_printed(form.text(name))
    if not _SERIAL.fullmatch(text):
        form.fault(
            name,
            f"{_CALLED[name][0]}: hãy quét, hoặc gõ đủ ba nhóm số in trên tem, ví dụ 12-345-27.",
            f"{_CALLED[name][1]}: scan it, or type all three groups of digits, such as 12-345-27.",
        )
        return None
    try:
        found = at.api.get(f"/v1/stamps/{text}")
    except Refused as refused:
        if refused.status >= 500:
            raise
        told = wording.refusal(at.lang, refused.code, refused.detail, refused.problem)
        form.faults[name] = told
        return None
    return found["batch"], found["index"], found["product_id"]
