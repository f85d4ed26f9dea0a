"""The URIs of an export: GS1 Digital Link where there is a GS1 key, our own where there is none.

Digital Link syntax: primary key, then its qualifiers (10 the lot, 235 the serial a third party
gave); EPCIS 2.0 takes any URI for what has no GS1 key (domain: about half of the products).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from tem import gtin
from tem.errors import Invalid

GS1 = "https://id.gs1.org"
DEFAULT_BASE = "urn:tem:"
BASE = re.compile(r"(https://[a-z0-9.-]+(/[A-Za-z0-9._~-]+)*/|urn:[a-z0-9][a-z0-9-]{1,31}:)\Z")
_LOT = re.compile(r"[!\"%-?A-Z_a-z]{1,20}", re.ASCII)  # AI 10: X..20 of GS1's set 82


@dataclass(frozen=True, slots=True)
class Product:
    """What an export needs of a product; ``gtin`` is absent for about half of them."""

    id: str
    gtin: str | None = None
    use_by: bool = False


@dataclass(frozen=True, slots=True)
class Producer:
    """What an export needs of a producer."""

    id: str
    gln: str | None = None


@dataclass(frozen=True, slots=True)
class Uris:
    """How things are named. ``base`` begins our own URIs, ``office_gln`` may be absent."""

    base: str = DEFAULT_BASE
    office_gln: str | None = None

    @property
    def namespace(self) -> str:
        """Where the members of our extension are defined (``ocop:`` in a document)."""
        return f"{self.base}ns/"

    def own(self, *steps: str) -> str:
        """A URI of ours."""
        return self.base + "/".join(quote(step, safe="") for step in steps)

    def product(self, product: Product) -> str:
        """The class of a product's stamps that are tied to no lot: AI 01."""
        if not is_gtin(product.gtin):
            return self.own("product", product.id)
        return f"{GS1}/01/{str(product.gtin).zfill(14)}"

    def lot(self, product: Product, lot_id: str, lot_code: str | None) -> str:
        """The class of a lot, LGTIN: AI 01 and 10, if its code may be written as AI 10."""
        if lot_code is None or not is_gtin(product.gtin) or not _LOT.fullmatch(lot_code):
            return self.own("product", product.id, "lot", lot_id)
        return f"{self.product(product)}/10/{quote(lot_code, safe='')}"

    def stamp(self, product: Product, serial: str) -> str:
        """One stamp: AI 01 and 235, the printed serial as what a third party (the office) gave."""
        if not is_gtin(product.gtin):
            return self.own("product", product.id, "stamp", serial)
        return f"{self.product(product)}/235/{serial}"

    def location(self, producer: Producer | None) -> str:
        """Where an act took place: at a producer's, or (None) at the office. AI 414."""
        return self._place("414", "location", producer)

    def party(self, producer: Producer | None) -> str:
        """Who has the stamps: a producer, or (None) the office. AI 417."""
        return self._place("417", "party", producer)

    def _place(self, ai: str, kind: str, producer: Producer | None) -> str:
        gln = self.office_gln if producer is None else producer.gln
        if is_gln(gln):
            return f"{GS1}/{ai}/{gln}"
        return self.own(kind, "office") if producer is None else self.own(kind, producer.id)


def configured(base: str | None, office_gln: str | None) -> Uris:
    """How an installation names things. Raises Invalid naming the setting that is wrong."""
    if base and not BASE.match(base):
        raise Invalid(
            "setting_invalid",
            f"TEM_REGISTRY_EPCIS_BASE: {base} is neither https://…/ with its slash nor urn:name:",
        )
    if office_gln and not is_gln(office_gln):
        raise Invalid("setting_invalid", f"TEM_REGISTRY_OFFICE_GLN: {office_gln} is not a GLN.")
    return Uris(base or DEFAULT_BASE, office_gln or None)


def is_gtin(text: str | None) -> bool:
    """Whether this is a GTIN: the right length, digits, and its check digit."""
    return text is not None and gtin.has_form(text) and gtin.is_sound(text)


def is_gln(text: str | None) -> bool:
    """Whether this is a GLN: 13 digits, the last of them the check digit."""
    return text is not None and gtin.has_form(text, gtin.GLN_LENGTHS) and gtin.is_sound(text)
