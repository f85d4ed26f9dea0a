"""What the members of an entry's details are called: the trail's own words, then the records'."""

from typing import Any

from tem.language import Lang
from tem_registry.portal.office import audit_terms, audit_words
from tem_registry.portal.office.records import catalogue, catalogue_made
from tem_registry.portal.office.records.fields import fields_of

Both = tuple[str, str]  # Vietnamese, English
_GROUPS = (
    *catalogue.NEW_PRODUCER,
    *catalogue.NEW_POINT_OF_SALE,
    *catalogue_made.PRODUCT,
    *catalogue_made.CERTIFICATE,
)
_RECORDS: dict[str, Both] = {
    one.name: (one.vi, one.en) for one in (*catalogue.CONTRACT, *fields_of(_GROUPS))
}
_LISTS = ("fields", "withheld")  # of names of members


def label(lang: Lang, name: str) -> str:
    """What a member is called; its own name where nobody has a word for it."""
    both = audit_terms.MEMBERS.get(name) or _RECORDS.get(name)
    return name if both is None else both[0 if lang == "vi" else 1]


def told(lang: Lang, name: str, value: Any) -> str:
    """A member for the eye; nothing is a dash."""
    if value is None or value == "":
        return "–"
    if name in _LISTS and isinstance(value, list):
        return ", ".join(label(lang, str(one)) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{label(lang, key)}: {told(lang, key, of)}" for key, of in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return " | ".join(told(lang, "", one) for one in value)
    return audit_words.member(lang, name, value)
