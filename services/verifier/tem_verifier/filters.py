"""How values of the record are written on a page: the filters of the templates."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from tem.dates import VIETNAM
from tem_verifier.pieces import Mark

# Bidirectional controls, which could reorder the words around a value; half surrogates, which
# no encoding takes; control characters other than tab and line ends; noncharacters, which mark
# places in our own templates.
_UNWELCOME = re.compile(
    r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_OPEN, _CLOSE = Markup('<bdi lang="vi">'), Markup("</bdi>")
_PICTURE = re.compile(r"/images/[0-9a-f]{64}")
_MAP = "https://www.openstreetmap.org/"
_WEB = re.compile(r"https?://[^\s\\]+", re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{4,20}", re.ASCII)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


def clean(text: object) -> str:
    """Text of others without characters that would disturb the page around it."""
    return _UNWELCOME.sub("", str(text))


def own_words(text: object) -> Markup:
    """Text of others, escaped, set apart in its own direction, and marked as Vietnamese."""
    # Markup escapes the plain text added to it, and leaves a mark of ours as it is.
    return _OPEN + (text if isinstance(text, Mark) else clean(text)) + _CLOSE


def plain_words(text: object) -> str:
    """Text of others for an attribute, which holds no marks; nothing for nothing."""
    return clean(text) if text else ""


@lru_cache(maxsize=8192)  # the same few years over and over
def day(iso: str | None) -> str:
    """A date as dd/mm/yyyy; empty for none, and as it stands if it is no date."""
    try:
        return date.fromisoformat(iso).strftime("%d/%m/%Y") if iso else ""
    except ValueError:
        return str(iso)


def month(iso: str | None) -> str:
    """The month of a date as mm/yyyy, as a label prints it; as it stands if it is no date."""
    return day(iso)[3:] if day(iso) != iso else iso


def moment(as_of: str) -> str:
    """An RFC 3339 instant as dd/mm/yyyy HH:MM in Vietnam."""
    return datetime.fromisoformat(as_of).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def link_for(text: object) -> str | None:
    """Where a contact leads: a web page, a phone, a mailbox. None for anything else."""
    target = clean(text).strip()
    if _WEB.fullmatch(target):
        return target
    if _PHONE.fullmatch(target):
        return "tel:" + re.sub(r"[^+0-9]", "", target)
    return f"mailto:{target}" if _MAIL.fullmatch(target) else None


def coordinates(gps: Mapping[str, Any] | None) -> str:
    """Latitude and longitude in degrees, or nothing."""
    if not gps or gps.get("lat") is None or gps.get("lon") is None:
        return ""
    return f"{gps['lat']}, {gps['lon']}"


def barcode(gtin: str | None) -> str:
    """A GTIN as it is printed under the bars: 13 digits where the first of 14 is a filler."""
    digits = str(gtin or "")
    return digits[1:] if len(digits) == 14 and digits.startswith("0") else digits


def star_signs(stars: object) -> str:
    """One sign a star for a rank of 1 to 5; nothing for anything else."""
    return "★" * stars if isinstance(stars, int) and 1 <= stars <= 5 else ""


def test_reports(product: Mapping[str, Any]) -> list[str]:
    """Each test report in one line: number, laboratory and date, as far as they are known."""
    reports = [product.get("quality_test"), *(product.get("quality_tests") or ())]
    lines = [
        ", ".join(str(part) for part in (told.get("report_no"), told.get("lab"), tested) if part)
        for told in reports
        if told
        for tested in [day(told.get("tested_on"))]
    ]
    return list(dict.fromkeys(line for line in lines if line))


def picture(image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A picture of our own with its size; nothing for an address that could be another's."""
    known = image or {}
    sides = (known.get("width"), known.get("height"))
    if _PICTURE.fullmatch(str(known.get("url"))) and all(type(side) is int for side in sides):
        return image
    return None


def map_link(gps: Mapping[str, Any] | None) -> str | None:
    """Where a map shows a place, for those who choose to go there; None if it is no place."""
    lat, lon = ((gps or {}).get(axis) for axis in ("lat", "lon"))
    if not (isinstance(lat, int | float) and isinstance(lon, int | float)):
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return f"{_MAP}?mlat={lat:.6f}&mlon={lon:.6f}#map=17/{lat:.6f}/{lon:.6f}"


def tells_more(product: Mapping[str, Any]) -> bool:
    """Whether there is anything to unfold below the first lines of a product."""
    kept = ("preservation", "usage", "declared_standard")
    more = (*kept, "unit", "raw_material_source", "process", "story")
    return any(product.get(name) for name in more) or bool(test_reports(product))


FILTERS = {
    "own_words": own_words,
    "day": day,
    "link_for": link_for,
    "coordinates": coordinates,
    "barcode": barcode,
    "star_signs": star_signs,
    "test_reports": test_reports,
    "picture": picture,
    "map_link": map_link,
    "plain_words": plain_words,
    "tells_more": tells_more,
}
