"""How to reach somebody: whether a number, an address on the net or an identifier can be one. Pure.

Plausible is all that is asked: whether a telephone rings is not for a form to say.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tem import gtin
from tem_registry.rules import Fault

_PHONE = re.compile(r"\+?[0-9 ().-]+", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@([^\s@.]+\.)+[^\s@.0-9]{2,63}")
# Circular 86/2024/TT-BTC: ten digits, a branch's three more; a person's twelve since 01/07/2025.
_TAX_CODE = re.compile(r"[0-9]{10}(-?[0-9]{3})?|[0-9]{12}", re.ASCII)


def is_phone(text: str) -> bool:
    """8 to 15 digits, with blanks, dots, dashes and brackets between them as people like."""
    digits = sum(letter in "0123456789" for letter in text)
    return _PHONE.fullmatch(text) is not None and 8 <= digits <= 15


def is_email(text: str) -> bool:
    """One ``@``, a domain with a dot, nothing that would need quoting."""
    return len(text) <= 200 and _EMAIL.fullmatch(text) is not None


def is_website(text: str) -> bool:
    """http or https with a host: the page links to it, so nothing else may stand there."""
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        return False
    try:
        parts = urlsplit(text)
        port_is_one = parts.port != 0
    except ValueError:
        return False
    host = parts.hostname or ""
    named = "." in host.strip(".") and "@" not in parts.netloc and "\\" not in text
    return parts.scheme in ("http", "https") and named and port_is_one


def is_gln(text: str) -> bool:
    """13 digits that end with their check digit."""
    return gtin.has_form(text, gtin.GLN_LENGTHS) and gtin.is_sound(text)


_FORMS = (
    ("phone", is_phone, "phone_form", "Write 8 to 15 digits, as 0239 385 5555."),
    ("email", is_email, "email_form", "Write it as ten@mien.vn."),
    ("website", is_website, "website_form", "Write the whole address: https://…"),
    ("gln", is_gln, "gln_check_digit", "A GLN has 13 digits, the last checks the others."),
    (
        "tax_code",
        lambda text: _TAX_CODE.fullmatch(text) is not None,
        "tax_code_form",
        "A tax code has 10 digits, a branch's 3 more, a person's 12.",
    ),
)


def faults(record: Mapping[str, Any]) -> list[Fault]:
    """What cannot be right among the contact fields of a record; absent ones are."""
    return [
        Fault(f"/{name}", code, detail)
        for name, is_one, code, detail in _FORMS
        if record.get(name) is not None and not is_one(record[name])
    ]
