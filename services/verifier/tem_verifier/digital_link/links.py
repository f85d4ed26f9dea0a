"""The links of a product for machines: the linkset (RFC 9264), the Link header, the description.

Source: GS1-Conformant Resolver Standard 1.2, its linkset schema and its description-file schema.
"""

from collections.abc import Mapping
from typing import Any

VOCABULARY = "https://ref.gs1.org/voc/"
CONTEXT = "https://ref.gs1.org/standards/resolver/1.2.0/linkset-context"
MEDIA_TYPE = "application/linkset+json"
# The words by which a whole linkset is asked for: today's, and that of release 1.1.
ALL = frozenset({"linkset", "all"})
_PREFIXES = ("gs1:", VOCABULARY, "https://gs1.org/voc/")
_DEFAULT = "defaultLink"
Titles = Mapping[str, Mapping[str, str]]


def link_types(shown: Mapping[str, Any]) -> tuple[str, ...]:
    """The types of link that a product has: all of them lead to its one page."""
    has = ("certificationInfo",) if shown.get("certificate") else ()
    return (_DEFAULT, "pip", "traceability", *has)


def link_type_of(asked: str) -> str:
    """The name of a type in GS1's vocabulary, however it is written; "" for one of another's."""
    return next((asked[len(one) :] for one in _PREFIXES if asked.startswith(one)), "")


def linkset(base: str, gtin: str, shown: Mapping[str, Any], titles: Titles) -> dict[str, Any]:
    """All links of a product. They hold for the GTIN, so it is the anchor whatever was asked for.

    ``titles`` are our words for each type by language.
    """
    anchor = address(base, gtin)
    found: dict[str, Any] = {"anchor": anchor, "description": str(shown["product"]["name"])}
    for name in link_types(shown):
        found[VOCABULARY + name] = (
            [{"href": anchor, "title": titles["vi"][name]}]
            if name == _DEFAULT
            else [_target(anchor, lang, titles[lang][name]) for lang in titles]
        )
    return {"linkset": [found]}


def _target(anchor: str, lang: str, title: str) -> dict[str, Any]:
    return {
        "href": f"{anchor}?lang={lang}",
        "title": title,
        "type": "text/html",
        "hreflang": [lang],
    }


def address(base: str, gtin: str) -> str:
    """The one address of a product."""
    return f"{base}/01/{gtin}"


def header(base: str, gtin: str) -> str:
    """The Link header of a product's page: where its linkset is."""
    linkset_at = f'<{address(base, gtin)}?linkType=linkset>; rel="linkset"; type="{MEDIA_TYPE}"'
    return f'{linkset_at}, <{address(base, gtin)}>; rel="{VOCABULARY}{_DEFAULT}"'


def header_of_linkset() -> str:
    """The Link header of a linkset: the context that makes JSON-LD of it."""
    return f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def description(base: str, name: str, contact: str) -> dict[str, Any]:
    """What this host resolves, for ``/.well-known/gs1resolver``."""
    return {
        "name": name,
        "resolverRoot": base,
        "supportedPrimaryKeys": ["01"],
        "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
        "jsonLdContextLocation": CONTEXT,
        "contact": {"fn": contact},
    }
