"""Reading settings from the environment: each with one name, one default and one clear error."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tem.errors import Invalid

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds. Raises :class:`Invalid` naming the setting."""
    text = env.get(name, str(default))
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Invalid("bad_setting", f"{name} must be a whole number from {low} to {high}.")
    return int(text)


def one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the words allowed. Raises :class:`Invalid` naming the setting."""
    text = env.get(name, default)
    if text not in allowed:
        raise Invalid("bad_setting", f"{name} must be one of: {', '.join(allowed)}.")
    return text


def public_url(env: Mapping[str, str], name: str, default: str) -> str:
    """The address shoppers see, without a slash at its end; plain http for loopback alone."""
    url = env.get(name, default).rstrip("/")
    parts = urlsplit(url)
    host = parts.netloc.rsplit(":", 1)[0] if not parts.netloc.endswith("]") else parts.netloc
    if parts.scheme not in ("https", "http") or not host or parts.query or "@" in parts.netloc:
        raise Invalid("bad_setting", f"{name} must be like https://tem.example.vn")
    if url != url.lower() or not url.isascii():
        raise Invalid("bad_setting", f"{name} must be in lower case: some phones need it.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Invalid("bad_setting", f"{name} must be https; plain http is for loopback alone.")
    return url


def stamp_prefix(public: str) -> str:
    """What stands before the digits in a printed QR code."""
    return f"{public}/s/"
