"""A parcel: counts of scans on their way, under a name that makes them count once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tem_verifier.origins import BUCKETS
from tem_verifier.stamps_scanned import Scan

MOST_SCANS = 500
MOST_ORIGINS = 16  # of one stamp in a parcel, which is of one second
_LIMITS = (2**32, 2**24, date.max.toordinal() + 1, 2**32)  # batch, index, day, count


class NoParcel(ValueError):
    """What arrived is not a parcel as we write it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Counts of one writer. ``(writer, sequence)`` is its name: the same name, the same content.

    ``made_at`` is in whole seconds since 1970. However often a parcel is delivered, its name
    is recorded with its counts in one transaction, so it is counted once. ``origins`` holds the
    different buckets (:mod:`tem_verifier.origins`) some of the scans came from, where known.
    """

    writer: str
    sequence: int
    made_at: int
    counts: Mapping[Scan, int]
    origins: Mapping[Scan, tuple[int, ...]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many scans it holds."""
        return sum(self.counts.values())


def encode(parcel: Parcel) -> dict[str, str]:
    """The fields of a stream's entry. Origins are a field of their own, in the order of the
    counts: a version that does not know them counts the rest."""
    counts = [[*scan, count] for scan, count in parcel.counts.items()]
    fields = {
        "writer": parcel.writer,
        "sequence": str(parcel.sequence),
        "made_at": str(parcel.made_at),
        "counts": json.dumps(counts, separators=(",", ":")),
    }
    if parcel.origins:
        origins = [parcel.origins.get(scan, ()) for scan in parcel.counts]
        fields["origins"] = json.dumps(origins, separators=(",", ":"))
    return fields


def decode(fields: Mapping[str, str]) -> Parcel:
    """A parcel out of a stream's entry. Raises NoParcel for anything we did not write."""
    try:
        writer, rows = fields["writer"], json.loads(fields["counts"])
        if not (len(writer) == 32 and writer.isascii() and writer.isalnum()):
            raise NoParcel("no writer")
        counts = {Scan(*row[:3]): row[3] for row in rows if _is_row(row)}
        if len(counts) != len(rows) or not 0 < len(rows) <= MOST_SCANS:
            raise NoParcel("no counts")
        origins = _origins(counts, fields.get("origins"))
        name = writer, _whole(fields["sequence"])
        return Parcel(*name, _whole(fields["made_at"]), counts, origins)
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise NoParcel(type(error).__name__) from error


def _origins(counts: Mapping[Scan, int], text: str | None) -> dict[Scan, tuple[int, ...]]:
    """Absent where none were known, or where a version wrote that did not know them."""
    if text is None:
        return {}
    rows = json.loads(text)
    if not (isinstance(rows, list) and len(rows) == len(counts) and all(map(_is_origins, rows))):
        raise NoParcel("no origins")
    return {scan: tuple(row) for scan, row in zip(counts, rows, strict=True) if row}


def _is_origins(row: Any) -> bool:
    return (
        isinstance(row, list)
        and len(row) <= MOST_ORIGINS
        and all(type(bucket) is int and 0 <= bucket < BUCKETS for bucket in row)
        and len(set(row)) == len(row)
    )


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, list)
        and len(row) == len(_LIMITS)
        and all(type(n) is int and 0 < n < most for n, most in zip(row, _LIMITS, strict=True))
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise NoParcel("no number")
    return int(text)
