"""The page of a product without a stamp: public facts, and never a verdict."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from tem.language import Lang
from tem_verifier.filters import moment, star_signs
from tem_verifier.pages import ENCODER
from tem_verifier.templating import environment, texts

# Without a signature, and with one that no stamp of this product has: both are told apart only by
# what the address itself holds.
NO_SIGNATURE, NOT_ON_RECORD = "no_signature", "stamp_not_on_record"
_LOOKS = {NO_SIGNATURE: ("neutral", "dots"), NOT_ON_RECORD: ("attention", "question")}
_FACTS = ("product", "producer", "certificate")
_KEPT = 512  # products' sections in one language, some 3 MB
_SECTIONS = ("product", "rank", "product_more", "producer", "certificate")


class ProductPages:
    """In both languages. Texts and templates are read once, here."""

    def __init__(self, office_contact: str = "", *, is_sandbox: bool = False) -> None:
        """Both as for :class:`tem_verifier.pages.Pages`."""
        whole = texts()
        self._texts, self._labels = whole["digital_link"], whole["labels"]
        self._away = whole["verdicts"]["UNAVAILABLE"]
        templates = environment(office_contact, is_sandbox)
        self._page = templates.get_template("digital_link.html")
        self._remark = templates.get_template("not_found.html")
        self._templates = {name: templates.get_template(f"{name}.html") for name in _SECTIONS}
        self._sections = lru_cache(_KEPT)(self._render_sections)

    @property
    def titles(self) -> Mapping[str, Mapping[str, str]]:
        """The words for each type of link by language."""
        return {lang: told["links"] for lang, told in self._texts.items()}

    def name(self, lang: Lang) -> str:
        """What this site calls itself."""
        return str(self._labels[lang]["site"])

    def office(self, lang: Lang) -> str:
        """Who answers for it."""
        return str(self._labels[lang]["office"])

    def product(self, shown: Mapping[str, Any], lang: Lang, case: str, link: str) -> str:
        """The page of a product: ``shown`` is :func:`tem.answer.of_product` with ``as_of``;
        ``case`` says why no stamp is shown, ``link`` is the product's own path."""
        tone, sign = _LOOKS[case]
        told = self._texts[lang]
        return self._page.render(
            tone=tone,
            sign=sign,
            title=told[case]["title"],
            words=told[case],
            note=told["note"],
            as_of=shown["as_of"],
            moment=moment(shown["as_of"]),
            sections=self._sections(
                ENCODER.encode({name: shown.get(name) for name in _FACTS}), lang
            ),
            lang=lang,
            say=self._labels[lang],
            link=link,
            # Whoever changes the language there is told the same again.
            query=Markup("8030=-&amp;") if case == NOT_ON_RECORD else "",
        )

    def _render_sections(self, facts: str, lang: Lang) -> Markup:
        """What is told of the product, out of its facts as JSON."""
        shown = json.loads(facts)
        certificate = shown.get("certificate") or {}
        stars = certificate.get("stars")
        told = {
            "product": shown["product"],
            "rank": stars if star_signs(stars) else None,
            "product_more": shown["product"],
            "producer": shown["producer"],
            "certificate": certificate,
        }
        say = self._labels[lang]
        # The templates escape what they are given; what they return is HTML.
        html = [
            self._templates[name].render(told=part, say=say) for name, part in told.items() if part
        ]
        return Markup("\n".join(html))  # noqa: S704

    def refused(self, code: str, lang: Lang) -> str:
        """The page for an address that shows no product; the address itself is not repeated."""
        told = self._texts[lang]["refused"]
        words = self._away[lang] if code == "record_unavailable" else told.get(code)
        words = words or told["malformed"]
        return self._remark.render(words, lang=lang, say=self._labels[lang], link="")
