"""The public pages: an answer of the look-up in, one complete HTML document out.

The words are in ``texts.json``, the shape in ``templates/``, the looks in ``static/``. A page
needs no script and asks nobody but this host for anything. Everything in an answer is written
by somebody else, so it is escaped and kept apart from the words around it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tem.dates import VIETNAM
from tem.stampcode import serial
from tem_verifier.language import Lang

# About these nothing is known: such a page repeats neither the path nor anything of the answer,
# so that the pages of all codes that are not on record are the same but for the time.
_NOTHING_KNOWN = frozenset({"UNKNOWN", "MALFORMED"})

# Bidirectional controls, which could reorder the words around a value; half surrogates, which
# no encoding takes; control characters other than tab and line ends.
_UNWELCOME = re.compile(
    r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_OPEN, _CLOSE = Markup('<bdi lang="vi">'), Markup("</bdi>")
_BLANK = re.compile(r"\{(\w+)\}")
_PICTURE = re.compile(r"/images/[0-9a-f]{64}")
_MAP = "https://www.openstreetmap.org/"
_WEB = re.compile(r"https?://[^\s\\]+", re.IGNORECASE)
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{4,20}", re.ASCII)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


class Pages:
    """Every public page, in both languages. Texts and templates are read once, here."""

    def __init__(self, office_contact: str = "") -> None:
        """Reads ``texts.json`` and compiles the templates; raises if one of them is wrong.

        ``office_contact`` says how to reach the Office: a phone number, an address.
        """
        self._texts: dict[str, Any] = json.loads(
            files("tem_verifier").joinpath("texts.json").read_text("utf-8")
        )
        environment = Environment(
            loader=PackageLoader("tem_verifier"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters.update(_FILTERS)
        environment.globals["office_contact"] = office_contact
        self._card = environment.get_template("card.html")
        self._stamp = environment.get_template("stamp.html")
        self._home = environment.get_template("home.html")
        self._not_found = environment.get_template("not_found.html")

    def render(
        self, answer: Mapping[str, Any], lang: Lang, path: str, card: Markup | None = None
    ) -> str:
        """The page of a look-up.

        ``answer`` is the JSON of a look-up (``docs/http.md``) and ``path`` the path it was
        asked under, for the link to the other language. ``card`` is what :meth:`card` made of
        the same parts before, if the caller kept it. Only what the verdict shows is shown, even
        if the answer holds more.
        """
        verdict = self._verdict(answer)
        known = answer["verdict"] not in _NOTHING_KNOWN
        blanks = _blanks(answer) if known else {}
        stamp = answer.get("stamp") if known else None
        return self._stamp.render(
            _banner(verdict, lang, blanks),
            card=self.card(answer, lang) if card is None else card,
            lang=lang,
            say=self._texts["labels"][lang],
            link=_own_path(path) if known else "",
            serial=serial(stamp["batch"], stamp["index"]) if stamp else None,
            as_of=answer["as_of"],
            notes=self._notes(answer, verdict, lang, blanks),
        )

    def card(self, answer: Mapping[str, Any], lang: Lang) -> Markup:
        """The part of a page that all stamps of a lot share for as long as their verdict does."""
        parts = _parts_shown(answer, self._verdict(answer)["show"])
        html = self._card.render(parts, say=self._texts["labels"][lang])
        return Markup(html)  # noqa: S704 - the output of a template that escapes

    def home(self, lang: Lang, host: str) -> str:
        """The page at ``/``: what a stamp is, how to scan it, and the only right ``host``."""
        blanks = {"host": host}
        texts = {
            name: [_fill(line, blanks) for line in text] if isinstance(text, list) else text
            for name, text in self._texts["home"][lang].items()
        }
        return self._home.render(texts, lang=lang, say=self._texts["labels"][lang], link="/")

    def not_found(self, lang: Lang) -> str:
        """The page of an address that leads nowhere; the address itself is not repeated."""
        return self._remark("not_found", lang)

    def limited(self, lang: Lang) -> str:
        """The page for who asks too often: about the asking, not about any stamp."""
        return self._remark("limited", lang)

    def _remark(self, name: str, lang: Lang) -> str:
        texts, say = self._texts[name][lang], self._texts["labels"][lang]
        return self._not_found.render(texts, lang=lang, say=say, link="")

    def _verdict(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Tone, words and parts shown of the text that belongs to an answer."""
        verdict: dict[str, Any] = self._texts["verdicts"][_case_of(answer)]
        return verdict

    def _notes(
        self,
        answer: Mapping[str, Any],
        verdict: Mapping[str, Any],
        lang: Lang,
        blanks: Mapping[str, str],
    ) -> list[Markup]:
        """The remarks of the answer in words; one this page has no words for is left out."""
        if "notes" not in verdict["show"]:
            return []
        words = self._texts["notes"]
        named = [_note_case(note, answer) for note in answer["notes"]]
        return [_fill(words[note][lang], blanks) for note in named if note in words]


def _case_of(answer: Mapping[str, Any]) -> str:
    """Which text belongs to an answer: its verdict, or that verdict's special case."""
    verdict = str(answer["verdict"])
    if verdict == "INFO_EXPIRED" and answer["reason"] == "info_window_closed_no_expiry":
        return "INFO_EXPIRED.no_expiry"
    if verdict == "PAST_DATE" and _part(answer, "product").get("date_kind") == "best_before":
        return "PAST_DATE.best_before"
    return verdict


def _note_case(note: str, answer: Mapping[str, Any]) -> str:
    """Which text belongs to a note: its own, or that of its special case."""
    withdrawn = _part(answer, "certificate").get("revoked_on")
    made = _part(answer, "lot").get("production_date")
    if note == "CERT_REVOKED" and withdrawn and made and withdrawn <= made:
        return "CERT_REVOKED.before_production"
    return note


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an answer, empty if it is absent or null."""
    return answer.get(name) or {}


def _blanks(answer: Mapping[str, Any]) -> dict[str, str]:
    """What can be filled into a sentence; what the answer does not tell is left out."""
    lot, recall = _part(answer, "lot"), _part(answer, "recall")
    certificate = _part(answer, "certificate")
    ended = certificate if certificate.get("revoked_on") else _part(certificate, "current")
    told = {
        "lot_code": lot.get("code"),
        "best_before": _day(lot.get("best_before")),
        "info_expires_on": _day(answer.get("info_expires_on") or lot.get("info_expires_on")),
        "recall_on": _day(recall.get("ordered_on")),
        "recall_by": recall.get("ordered_by"),
        "recall_reason": (recall.get("reason_public") or "").rstrip(" ."),
        "cert_until": _day(certificate.get("valid_until")),
        "cert_revoked_on": _day(ended.get("revoked_on")),
        "cert_revocation_no": ended.get("revocation_decision_no"),
        "revoked_on": _day(answer.get("revoked_on")),
    }
    return {name: str(value) for name, value in told.items() if value}


def _fill(wordings: str | Sequence[str], blanks: Mapping[str, str]) -> Markup:
    """The first wording whose blanks are all known, filled in. The last one has none to spare."""
    choices = [wordings] if isinstance(wordings, str) else wordings
    wording = next(text for text in choices if blanks.keys() >= set(_BLANK.findall(text)))
    return escape(wording).format(**{name: _own_words(text) for name, text in blanks.items()})


def _banner(verdict: Mapping[str, Any], lang: Lang, blanks: Mapping[str, str]) -> dict[str, Any]:
    """Tone, sign and words of the verdict."""
    words = verdict[lang]
    return {
        "tone": verdict["tone"],
        "sign": verdict["sign"],
        "title": words["title"],
        "body": _fill(words["body"], blanks),
        "action": words["action"],
        "steps": words.get("steps", ()),
    }


def _parts_shown(answer: Mapping[str, Any], show: Sequence[str]) -> dict[str, Any]:
    """The parts of the answer that its verdict shows; None stands for all others."""
    parts = {name: name for name in ("product", "producer", "lot", "certificate", "recall")}
    parts["pos"] = "points_of_sale"
    shown = {name: answer.get(key) if name in show else None for name, key in parts.items()}
    date_kind = _part(answer, "product").get("date_kind")
    return {**shown, "dates": "dates" in show, "date_kind": date_kind}


def _own_path(path: str) -> str:
    """A path on this host, whatever was asked for: never ``//elsewhere``, never a query."""
    return "/" + quote(path.lstrip("/"), safe="/", errors="replace")


def _clean(text: object) -> str:
    """Text of others without characters that would disturb the page around it."""
    return _UNWELCOME.sub("", str(text))


def _own_words(text: object) -> Markup:
    """Text of others, escaped, set apart in its own direction, and marked as Vietnamese."""
    return _OPEN + _clean(text) + _CLOSE  # Markup escapes the plain text added to it


def _plain_words(text: object) -> str:
    """Text of others for an attribute, which holds no marks; nothing for nothing."""
    return _clean(text) if text else ""


def _day(iso: str | None) -> str:
    """A date as dd/mm/yyyy; empty for none, and as it stands if it is no date."""
    try:
        return date.fromisoformat(iso).strftime("%d/%m/%Y") if iso else ""
    except ValueError:
        return str(iso)


def _month(iso: str) -> str:
    """The month of a date as mm/yyyy, as a label prints it; as it stands if it is no date."""
    return _day(iso)[3:] if _day(iso) != iso else iso


def _moment(as_of: str) -> str:
    """An RFC 3339 instant as dd/mm/yyyy HH:MM in Vietnam."""
    return datetime.fromisoformat(as_of).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def _link_for(text: object) -> str | None:
    """Where a contact leads: a web page, a phone, a mailbox. None for anything else."""
    target = _clean(text).strip()
    if _WEB.fullmatch(target):
        return target
    if _PHONE.fullmatch(target):
        return "tel:" + re.sub(r"[^+0-9]", "", target)
    return f"mailto:{target}" if _MAIL.fullmatch(target) else None


def _coordinates(gps: Mapping[str, Any] | None) -> str:
    """Latitude and longitude in degrees, or nothing."""
    if not gps or gps.get("lat") is None or gps.get("lon") is None:
        return ""
    return f"{gps['lat']}, {gps['lon']}"


def _barcode(gtin: str | None) -> str:
    """A GTIN as it is printed under the bars: 13 digits where the first of 14 is a filler."""
    digits = str(gtin or "")
    return digits[1:] if len(digits) == 14 and digits.startswith("0") else digits


def _star_signs(stars: object) -> str:
    """One sign a star for a rank of 1 to 5; nothing for anything else."""
    return "★" * stars if isinstance(stars, int) and 1 <= stars <= 5 else ""


def _test_reports(product: Mapping[str, Any]) -> list[str]:
    """Each test report in one line: number, laboratory and date, as far as they are known."""
    reports = [product.get("quality_test"), *(product.get("quality_tests") or ())]
    lines = [
        ", ".join(str(part) for part in (told.get("report_no"), told.get("lab"), tested) if part)
        for told in reports
        if told
        for tested in [_day(told.get("tested_on"))]
    ]
    return list(dict.fromkeys(line for line in lines if line))


def _picture(image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A picture of our own with its size; nothing for an address that could be another's."""
    known = image or {}
    sides = (known.get("width"), known.get("height"))
    if _PICTURE.fullmatch(str(known.get("url"))) and all(type(side) is int for side in sides):
        return image
    return None


def _map_link(gps: Mapping[str, Any] | None) -> str | None:
    """Where a map shows a place, for those who choose to go there; None if it is no place."""
    lat, lon = ((gps or {}).get(axis) for axis in ("lat", "lon"))
    if not (isinstance(lat, int | float) and isinstance(lon, int | float)):
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return f"{_MAP}?mlat={lat:.6f}&mlon={lon:.6f}#map=17/{lat:.6f}/{lon:.6f}"


def _tells_more(product: Mapping[str, Any]) -> bool:
    """Whether there is anything to unfold below the first lines of a product."""
    more = ("unit", "raw_material_source", "process", "story")
    return any(product.get(name) for name in more)


_FILTERS = {
    "own_words": _own_words,
    "day": _day,
    "month": _month,
    "moment": _moment,
    "link_for": _link_for,
    "coordinates": _coordinates,
    "barcode": _barcode,
    "star_signs": _star_signs,
    "test_reports": _test_reports,
    "picture": _picture,
    "map_link": _map_link,
    "plain_words": _plain_words,
    "tells_more": _tells_more,
}
