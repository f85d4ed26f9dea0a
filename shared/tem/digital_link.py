"""A stamp as a GS1 Digital Link: its serial as AI 235, its signature as AI 8030.

``https://<host>/01/<14 digits>/235/<serial>?8030=<86 characters>`` holds the same 72 bytes as the
174 digits on the stamp; ``docs/gs1.md`` says what of it is GS1's and what is ours. The format of
the values is that of the GS1 Syntax Dictionary: 01 is N14, 235 is X..28, 8030 is Z..90.
"""

import base64
import binascii

from tem import gtin
from tem.errors import Invalid
from tem.stampcode import StampCode, body, parse_serial, serial

_SIGNATURE_LETTERS = 86  # 64 bytes in base64url without padding


def gtin14(number: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as 14 digits. Raises Invalid if it is none."""
    if not gtin.has_form(number):
        raise Invalid("malformed_gtin", "A GTIN has 8, 12, 13 or 14 digits: read it again.")
    if not gtin.is_sound(number):
        raise Invalid("malformed_gtin", "The GTIN's last digit does not fit the others.")
    return number.zfill(14)


def link_of(base: str, number: str, code: StampCode) -> str:
    """The Digital Link of a stamp. ``base`` is ``https://<host>``, ``number`` the GTIN of its
    product, which no code knows. Raises Invalid if that is none."""
    signature = base64.urlsafe_b64encode(code.signature).decode().rstrip("=")
    path = f"/01/{gtin14(number)}/235/{serial(code.batch, code.index)}"
    return f"{base}{path}?8030={signature}"


def raw_of(printed: str, signature: str) -> bytes | None:
    """The 72 bytes that a printed serial and the value of AI 8030 stand for; None where they stand
    for none. As with the digits, one stamp has exactly one accepted writing."""
    if len(signature) != _SIGNATURE_LETTERS or printed != printed.strip():
        return None
    try:
        signed = base64.b64decode(f"{signature}==", altchars=b"-_", validate=True)
        stamp = body(*parse_serial(printed))
    except (binascii.Error, ValueError, Invalid):
        return None
    if base64.urlsafe_b64encode(signed).decode().rstrip("=") != signature:
        return None
    return stamp + signed
