"""The public pages: an answer of the look-up in, one complete HTML document out, in pieces.

The words are in ``texts.json``, the shape in ``templates/``, the looks in ``static/``. A page
needs no script and asks nobody but this host for anything. Everything in an answer is written
by somebody else, so it is escaped and kept apart from the words around it.

A template is rendered once for all stamps that it looks the same for: sections once for each
product or producer, the rest once for each verdict, with marks where a value or a hole belongs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from tem.language import Lang
from tem.stampcode import serial
from tem_verifier.filters import moment, own_words, star_signs
from tem_verifier.pieces import Hole, Mark, Piece, Pieces, Shape, cut, fill, mark, put
from tem_verifier.sentences import case_of, choose, marked, note_case, part, values_of
from tem_verifier.templating import environment, texts

# About these nothing is known: such a page repeats neither the path nor anything of the answer,
# so that the pages of all codes that are not on record are the same but for the time.
_NOTHING_KNOWN = frozenset({"UNKNOWN", "MALFORMED"})
# Each section with the part of the answer that it shows, in the order of the page.
SECTIONS = {
    "recall": "recall",
    "product": "product",
    "lot": "lot",
    "producer": "producer",
    "certificate": "certificate",
    "pos": "points_of_sale",
}
# Between the two halves of the product stand its stars, which are the certificate's.
_IN_PRODUCT = ("rank", "product_more")
_LOT_VALUES = frozenset(
    {"lot_code", "production_date", "best_before", "best_before_month", "info_expires_on"}
)
SECTIONS_KEPT = 4096  # some 10 MB
_CANONICAL = re.compile(r"/s/([0-9]{174})", re.ASCII)
_OWN_ADDRESS = Markup("/s/") + mark(Hole.CODE.name)
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_parts(answer: Mapping[str, Any]) -> dict[str, str]:
    """The JSON of each part of an answer that stands for itself, by its name in the answer."""
    return {name: ENCODER.encode(answer[name]) for name in SECTIONS.values() if name in answer}


class Pages:
    """Every public page, in both languages. Texts and templates are read once, here."""

    def __init__(
        self, office_contact: str = "", kept: int = SECTIONS_KEPT, *, is_sandbox: bool = False
    ) -> None:
        """Reads ``texts.json`` and compiles the templates; raises if one of them is wrong.

        ``office_contact`` says how to reach the Office: a phone number, an address. ``kept`` is
        how many rendered sections are remembered: who renders very many products takes more.
        """
        self._texts = texts()
        templates = environment(office_contact, is_sandbox)
        self._sections = {
            name: templates.get_template(f"{name}.html") for name in (*SECTIONS, *_IN_PRODUCT)
        }
        self._stamp = templates.get_template("stamp.html")
        self._home = templates.get_template("home.html")
        self._about = templates.get_template("about.html")
        self._not_found = templates.get_template("not_found.html")
        self._section = lru_cache(kept)(self._render_section)
        self._lot = lru_cache(1024)(self._render_lot)
        self._frame = lru_cache(1024)(self._render_frame)

    def pieces(
        self, answer: Mapping[str, Any], lang: Lang, parts: Mapping[str, str] | None = None
    ) -> Pieces:
        """The page of a look-up that was asked under ``/s/`` and the digits.

        ``answer`` is the JSON of a look-up (``docs/http.md``), ``parts`` its :func:`json_parts`
        if the caller has them. Only what the verdict shows is shown, even if the answer holds
        more. Equal sections are equal pieces.
        """
        known = answer["verdict"] not in _NOTHING_KNOWN
        link = _OWN_ADDRESS if known else Markup("")
        return tuple(self._page(answer, lang, link, values_of(answer) if known else {}, parts))

    def render(self, answer: Mapping[str, Any], lang: Lang, path: str) -> str:
        """The same as one text; ``path`` is the path it was asked under, whatever that is.

        Under another path than a stamp's own nobody is counted, and the link to the other
        language leads to that path.
        """
        canonical = _CANONICAL.fullmatch(path)
        if canonical or answer["verdict"] in _NOTHING_KNOWN:
            pieces = self.pieces(answer, lang)
        else:
            values = {**values_of(answer), "link": own_path(path)}
            pieces = tuple(self._page(answer, lang, mark("link"), values, None))
        return fill(pieces, holes_of(answer, canonical[1] if canonical else "")).decode()

    def home(self, lang: Lang, host: str) -> str:
        """The page at ``/``: what a stamp is, how to scan it, and the only right ``host``."""
        told = _with_host(self._texts["home"][lang], host)
        return self._home.render(told, lang=lang, say=self._texts["labels"][lang], link="/")

    def about(self, lang: Lang, host: str) -> str:
        """The page at ``/about``: what a stamp says and does not say, each answer, and how to
        tell a site that only looks like ``host``."""
        told = _with_host(self._texts["about"][lang], host)
        answers = [
            {"tone": of["tone"], "sign": of["sign"], "title": of[lang]["title"], "means": means}
            for verdict, means in self._texts["about"][lang]["meanings"].items()
            for of in [self._texts["verdicts"][verdict]]
        ]
        say = self._texts["labels"][lang]
        return self._about.render(told, answers=answers, lang=lang, say=say, link="/about")

    def not_found(self, lang: Lang) -> str:
        """The page of an address that leads nowhere; the address itself is not repeated."""
        return self._remark("not_found", lang)

    def limited(self, lang: Lang) -> str:
        """The page for who asks too often: about the asking, not about any stamp."""
        return self._remark("limited", lang)

    def _remark(self, name: str, lang: Lang) -> str:
        texts, say = self._texts[name][lang], self._texts["labels"][lang]
        return self._not_found.render(texts, lang=lang, say=say, link="")

    def _page(
        self,
        answer: Mapping[str, Any],
        lang: Lang,
        link: Markup,
        values: Mapping[str, str],
        parts: Mapping[str, str] | None,
    ) -> Iterator[Piece]:
        """The pieces of a page in their order."""
        case = case_of(answer)
        verdict = self._texts["verdicts"][case]
        body = choose(verdict[lang]["body"], values)
        notes = self._notes(answer, lang, values) if "notes" in verdict["show"] else ()
        stamped = bool(link) and bool(answer.get("stamp"))
        before, after = self._frame(case, lang, body, notes, link, stamped)
        yield from put(before, values)
        yield from self._shown(answer, lang, verdict["show"], values, parts)
        yield from put(after, values)

    def _shown(
        self,
        answer: Mapping[str, Any],
        lang: Lang,
        show: list[str],
        values: Mapping[str, str],
        parts: Mapping[str, str] | None,
    ) -> Iterator[Piece]:
        """The sections that the verdict shows, as far as the answer has something for them."""
        parts = json_parts(answer) if parts is None else parts
        for name, key in SECTIONS.items():
            if name not in show or not answer.get(key):
                continue
            if name == "lot":
                look, known = _lot_look(answer), _LOT_VALUES.intersection(values)
                yield from put(self._lot(lang, "dates" in show, look, known), values)
                continue
            yield self._section(name, lang, parts[key])
            if name == "product":
                stars = part(answer, "certificate").get("stars") if "certificate" in show else None
                if star_signs(stars):
                    yield self._section("rank", lang, str(stars))
                yield self._section("product_more", lang, parts[key])

    def _notes(
        self, answer: Mapping[str, Any], lang: Lang, values: Mapping[str, str]
    ) -> tuple[str, ...]:
        """The wordings of the notes; one this page has no words for is left out."""
        words = self._texts["notes"]
        cases = [note_case(note, answer) for note in answer["notes"]]
        return tuple(choose(words[case][lang], values) for case in cases if case in words)

    def _render_section(self, name: str, lang: Lang, told: str) -> bytes:
        """One section out of its part of an answer, which arrives as JSON."""
        html = self._sections[name].render(told=json.loads(told), say=self._texts["labels"][lang])
        return f"{html}\n".encode()

    def _render_lot(
        self, lang: Lang, dates: bool, look: tuple[bool, str, bool], known: frozenset[str]
    ) -> Shape:
        """The section of a lot, with marks for the values that are known."""
        packed, kind, by_month = look
        html = self._sections["lot"].render(
            told={name: mark(name) for name in known},
            say=self._texts["labels"][lang],
            dates=dates,
            packed=packed,
            kind=kind,
            by_month=by_month,
        )
        return cut(f"{html}\n")

    def _render_frame(
        self, case: str, lang: Lang, body: str, notes: tuple[str, ...], link: Markup, stamped: bool
    ) -> tuple[Shape, Shape]:
        """What stands before and after the sections."""
        verdict = self._texts["verdicts"][case]
        words = verdict[lang]
        html = self._stamp.render(
            tone=verdict["tone"],
            sign=verdict["sign"],
            title=words["title"],
            body=marked(body),
            action=words["action"],
            steps=words.get("steps", ()),
            notes=[marked(note) for note in notes],
            lang=lang,
            say=self._texts["labels"][lang],
            link=link,
            found=case,
            serial=mark(Hole.SERIAL.name) if stamped else None,
            as_of=mark(Hole.AS_OF.name),
            moment=mark(Hole.MOMENT.name),
            sections=mark("sections"),
            counted=stamped and not isinstance(link, Mark),
        )
        before, _, after = html.partition(mark("sections"))
        return cut(before), cut(after)


def _lot_look(answer: Mapping[str, Any]) -> tuple[bool, str, bool]:
    """What the words of a lot depend on beside its values: packed, the kind of date, a month."""
    lot, kind = answer["lot"], part(answer, "product").get("date_kind")
    return (
        lot.get("production_date_kind") == "packing_date",
        kind if kind in ("best_before", "none") else "use_by",
        lot.get("precision") == "month",
    )


def holes_of(answer: Mapping[str, Any], code: str) -> tuple[bytes, ...]:
    """What goes into each hole, in order; ``code`` are the digits that were asked for."""
    stamp = answer.get("stamp")
    told = {
        Hole.AS_OF: answer["as_of"],
        Hole.MOMENT: moment(answer["as_of"]),
        Hole.STAMP: ENCODER.encode(stamp) if stamp else "",
        Hole.SERIAL: serial(stamp["batch"], stamp["index"]) if stamp else "",
        Hole.CODE: code,
    }
    return tuple(told[hole].encode() for hole in Hole)


def _with_host(told: Mapping[str, Any], host: str) -> dict[str, Any]:
    """The words of a page with the host in the blanks of its lists."""
    words = own_words(host)
    return {
        name: [escape(line).format(host=words) for line in text] if isinstance(text, list) else text
        for name, text in told.items()
    }


def own_path(path: str) -> str:
    """A path on this host, whatever was asked for: never ``//elsewhere``, never a query."""
    return "/" + quote(path.lstrip("/"), safe="/", errors="replace")
