"""What a province, a country and ten countries need, worked out from what one run measured. Pure.

Assumptions are the constants here; ``docs/scale.md`` gives their reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from loadtests.measured import Results

# Bytes a stamp: its code (kept until the print is confirmed), its hash (kept for good, at the
# issuer), its fingerprint (published).
CODE_BYTES, HASH_BYTES, FINGERPRINT_BYTES = 72, 32, 8
# A stamp that is looked at at all is looked at 1.5 times.
LOOKS = 1.5
# The busiest day (the week before Tết) has ten times the mean, its busiest hour 15 % of it, and
# the busiest minute of that hour three times the hour's mean.
BUSY_DAY, BUSY_HOUR, BUSY_MINUTE = 10, 0.15, 3
# Activation, and one other act on the way (delivery, a lot, a void), for each range; all in 250
# days of 8 hours, the busiest minute at twenty times the mean.
ACTS_OF_RANGE, OFFICE_SECONDS, ACTS_BURST = 2, 250 * 8 * 3600, 20
# A worker is planned at 70 % of what it can do.
PLANNED = 0.7
SIGNED_PER_SECOND = 43_500  # `make bench`, four cores: signed, read again and released


@dataclass(frozen=True, slots=True)
class Place:
    """What is issued in a year."""

    name: str
    stamps: int
    ranges: int
    lots: int


# domain: 352 products in a province, 2,000 to 20,000 stamps each, a lot a month.
PROVINCE = Place("province", 5_000_000, 10_000, 4_000)
COUNTRY = Place("country", 1_000_000_000, 1_500_000, 60_000)
TEN = Place("ten countries", 10_000_000_000, 15_000_000, 600_000)
PLACES = (PROVINCE, COUNTRY, TEN)


def looks_at_peak(stamps: int, share: float) -> float:
    """Look-ups a second in the busiest minute of a year, if this share of the stamps is scanned."""
    day = stamps * share * LOOKS / 365 * BUSY_DAY
    return day * BUSY_HOUR / 3600 * BUSY_MINUTE


def acts_at_peak(ranges: int) -> float:
    """Acts a second in the busiest minute of a year."""
    return ranges * ACTS_OF_RANGE / OFFICE_SECONDS * ACTS_BURST


def workers(looks: float, one: float) -> int:
    """Worker processes for so many look-ups a second, one of which answers ``one``; two at least,
    so that one may fail."""
    return max(2, ceil(looks / (one * PLANNED)))


def signing_hours(stamps: int) -> float:
    """Hours of one four-core signer."""
    return stamps / SIGNED_PER_SECOND / 3600


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a figure for each place, and where it comes from."""

    what: str
    values: tuple[str, ...]
    how: str


def lines(results: Results) -> list[Line]:
    """What a year of each place needs. The country's own figures are measured where it says so."""
    largest = results.largest
    one_worker = results.value("look-ups over HTTP, one worker", results.smallest, engine="sqlite")
    memory = results.value("verifier memory", engine="postgresql") / largest
    load = results.value("verifier load, restart, processor", engine="sqlite") / largest
    own = results.value("registry's database", engine="postgresql") / largest
    shown = results.value("published tables: rest", engine="postgresql") / largest
    ceiling = results.value("activations", engine="postgresql", clients=16)
    log = results.value("log an act", engine="postgresql", clients=4)

    def each(what: str, figure: Callable[[Place], str], unit: str, how: str) -> Line:
        return Line(what, tuple(f"{figure(p)} {unit}".strip() for p in PLACES), how)

    m, x = "country measured, others in proportion", "worked out"
    return [
        each("stamps a year", lambda p: f"{p.stamps:,}", "", "assumed"),
        each("ranges a year", lambda p: f"{p.ranges:,}", "", "assumed"),
        each("lots a year", lambda p: f"{p.lots:,}", "", "assumed"),
        each("signing, one signer of 4 cores", lambda p: short(signing_hours(p.stamps)), "h", x),
        each("codes until printed", lambda p: short(p.stamps * CODE_BYTES / 1e9), "GB", x),
        each("issuer's hashes", lambda p: short(p.stamps * HASH_BYTES / 1e9), "GB", x),
        each("fingerprints", lambda p: short(p.stamps * FINGERPRINT_BYTES / 1e9), "GB", x),
        each("registry's database, PostgreSQL", lambda p: short(p.ranges * own / 1e3), "GB", m),
        each("of it published", lambda p: short(p.ranges * shown / 1e3), "GB", m),
        each("memory of a verifier worker", lambda p: short(p.ranges * memory), "MB", m),
        each("its start, of one core", lambda p: short(p.ranges * load), "s", m),
        each("acts at the peak", lambda p: short(acts_at_peak(p.ranges)), "/s", x),
        each(
            "of what one PostgreSQL did for 16 clients",
            lambda p: short(acts_at_peak(p.ranges) / ceiling * 100),
            "%",
            x,
        ),
        each(
            "write-ahead log of acts",
            lambda p: short(p.ranges * ACTS_OF_RANGE * log / 1e6),
            "GB",
            m,
        ),
        each("look-ups at the peak, 5 % scanned", _peak(0.05), "/s", x),
        each("look-ups at the peak, half scanned", _peak(0.5), "/s", x),
        each(
            "workers for half scanned",
            lambda p: str(workers(looks_at_peak(p.stamps, 0.5), one_worker)),
            "",
            x,
        ),
    ]


def _peak(share: float) -> Callable[[Place], str]:
    return lambda place: short(looks_at_peak(place.stamps, share))


def short(value: float) -> str:
    """Two digits that count: more would claim what nobody measured."""
    if value == 0:
        return "0"
    if value >= 10:
        return f"{round(value, 2 - len(str(int(value)))):,.0f}"
    return f"{value:.2g}"
