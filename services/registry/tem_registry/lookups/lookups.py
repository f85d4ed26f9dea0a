"""How often the stamps of a lot were looked up, as the verifier counted.

Nothing is asked of it inside a transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from tem.errors import Unavailable
from tem_registry import tables
from tem_registry.lookups import answers
from tem_registry.lookups.verifier_client import VerifierClient

RANGES_AT_ONCE = 1000
Range = dict[str, int]


def ranges_of_lot(connection: Connection, lot_id: str) -> list[Range]:
    """The stamps that are tied to a lot, voided and revoked ones included, as few ranges."""
    c = tables.stamp_interval.c
    query = select(c.batch, c.first, c.last).where(c.lot_id == lot_id).order_by(c.batch, c.first)
    return merged(dict(row._mapping) for row in connection.execute(query))


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, neighbours made one."""
    out: list[Range] = []
    for one in ranges:
        if out and out[-1]["batch"] == one["batch"] and out[-1]["last"] + 1 == one["first"]:
            out[-1] = {**out[-1], "last": one["last"]}
        else:
            out.append(one)
    return out


def of_ranges(verifier: VerifierClient, ranges: Sequence[Range]) -> dict[str, Any]:
    """Look-ups of ranges, one by one (``ranges``) and together (``total``, ``last_day``).

    Raises Unavailable where the verifier does not count every one.
    """
    found: list[dict[str, Any]] = []
    for at in range(0, len(ranges), RANGES_AT_ONCE):
        asked = ranges[at : at + RANGES_AT_ONCE]
        said = verifier.post("/v1/scans/ranges", {"ranges": asked})
        counted = answers.checked(answers.RangesSaid, said)["ranges"]
        if len(counted) != len(asked):
            raise Unavailable("lookups_unavailable", "The verifier did not count every range.")
        found += [{**one, **count} for one, count in zip(asked, counted, strict=True)]
    days = [one["last_day"] for one in found if "last_day" in one]
    last = {"last_day": max(days)} if days else {}
    return {"total": sum(one["count"] for one in found), "ranges": found, **last}
