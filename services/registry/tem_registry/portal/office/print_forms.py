"""What the forms of a print say: which file is wanted, what came off the press. Pure."""

import re
from typing import Any

from tem.errors import Invalid
from tem.stampcode import parse_serial
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records.fields import day_typed
from tem_registry.portal.typed_range import as_printed

MOST_IN_A_FILE = 10_000  # the issuer's limit of a sheet.pdf
START = {"size": "20"}
AT_A_FIELD = {
    *("print_key_refused", "number_not_typed", "range_not_readable", "other_batch"),
    *("malformed_serial", "serial_check_failed"),
}
_NUMBER = re.compile(r"[0-9]{1,8}|[0-9]{1,3}([., \u00a0][0-9]{3}){1,2}")
_THOUSANDS = re.compile(r"(?<=[0-9])\.(?=[0-9]{3})")
_RANGE = re.compile(r"(\d{1,8})(?:\s*(?:-|–|—|đến|to)\s*(\d{1,8}))?", re.ASCII | re.IGNORECASE)


def parts(quantity: int) -> list[tuple[int, int]]:
    """A batch in files of PDF that the issuer makes: at most so many stamps each."""
    starts = range(1, quantity + 1, MOST_IN_A_FILE)
    return [(first, min(first + MOST_IN_A_FILE - 1, quantity)) for first in starts]


def wanted(form: Form, number: int) -> tuple[str, dict[str, str]]:
    """The issuer's call for the file whose button was pressed: path and query.

    ``file`` is ``csv``, ``pdf:1-10000``, or ``pdf`` for the numbers typed. Raises Invalid.
    """
    kind, _, span = form.text("file").partition(":")
    if kind == "csv":
        return f"/v1/batches/{number}/codes.csv", {}
    first, _, last = span.partition("-")
    if not span:
        first, last = (str(stamp(form.text(name), number)) for name in ("first", "last"))
    query = {"first": first, "last": last}
    size, template = form.text("size").replace(",", "."), form.text("template")
    query |= {name: value for name, value in (("size", size), ("template", template)) if value}
    return f"/v1/batches/{number}/sheet.pdf", query


def stamp(typed: str, number: int) -> int:
    """A stamp of a batch as a number or as the serial printed on it. Raises Invalid."""
    bare = typed.strip()
    if _NUMBER.fullmatch(bare) and (index := int("".join(c for c in bare if c.isdigit()))):
        return index
    text = as_printed(bare)
    if "-" not in text:
        raise Invalid("range_not_readable", "Write a stamp's number, or its serial as 12-345-67.")
    batch, index = parse_serial(text)
    if batch != number:
        raise Invalid("other_batch", f"{text} is a stamp of batch {batch}.", other=batch)
    return index


def spoiled(text: str) -> list[dict[str, int]]:
    """Ranges as people list them, one a line or after a comma: ``99-100``, ``7``."""
    out = []
    for line in filter(None, (one.strip() for one in re.split(r"[\n;,]", text))):
        found = _RANGE.fullmatch(_THOUSANDS.sub("", line))
        if found is None:
            raise Invalid(
                "range_not_readable", f"{line[:40]}: write ranges as 99-100, one a line.", line=line
            )
        first = int(found[1])
        out.append({"first": first, "last": int(found[2] or first)})
    return out


def run_body(form: Form) -> dict[str, Any]:
    """Body of the report of a print run. Raises Invalid for ranges that cannot be read."""
    ranges, day = spoiled(form.text("spoiled")), form.text("printed_on")  # no day: the API says so
    return form.body(
        "printer",
        printed=form.number("printed"),
        spoiled=ranges,
        printed_on=day_typed(day) or day or None,
    )


def check_typed(form: Form, number: int) -> None:
    """Raises Invalid unless the number of the batch was typed once more."""
    if form.text("typed") != str(number):
        raise Invalid("number_not_typed", f"Type {number}, the number of this batch.", batch=number)
