"""Where the services of one ``tem up`` listen, and where they are asked: rules without I/O."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tem.errors import Invalid
from tem.settings import stamp_prefix

LOOPBACK = "127.0.0.1"  # where we ask ourselves, whatever else is listened on
EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a name that leads here, and only with TLS
# With a longer prefix a stamp's symbol leaves QR version 6 (docs/stamp-format.md).
MOST_PREFIX = 32
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Doors:
    """By service: the addresses (host:port) it listens on, the URL that this machine's own
    clients ask, the URL that people type."""

    binds: Mapping[str, tuple[str, ...]]
    addresses: Mapping[str, str]
    shown: Mapping[str, str]

    @property
    def encrypted(self) -> bool:
        """Whether any of them speaks TLS."""
        return any(address.startswith("https:") for address in self.addresses.values())


def plain(ports: Mapping[str, int], bind: str | None) -> Doors:
    """Plain HTTP, on loopback or where ``bind`` says."""
    addresses = {service: f"http://{LOOPBACK}:{port}" for service, port in ports.items()}
    binds = {service: (f"{bind or LOOPBACK}:{port}",) for service, port in ports.items()}
    return Doors(binds, addresses, addresses)


def with_tls(ports: Mapping[str, int], bind: str | None, hosts: Sequence[str]) -> Doors:
    """HTTPS for registry and verifier, at the ``hosts`` people type (of :func:`host`) and on
    loopback, or where ``bind`` says. The issuer stays on loopback: only this machine asks it."""
    first = hosts[0] if hosts else "localhost"
    listening = (bind,) if bind else _listening(hosts)
    all_plain = plain(ports, None)
    binds, addresses, shown = dict(all_plain.binds), dict(all_plain.addresses), {**all_plain.shown}
    for service, port in ports.items():
        if service != "issuer":
            binds[service] = tuple(f"{_bracketed(one)}:{port}" for one in listening)
            addresses[service] = f"https://{LOOPBACK}:{port}"
            shown[service] = f"https://{_bracketed(first)}:{port}"
    return Doors(binds, addresses, shown)


def host(text: str) -> str:
    """A name or an address of this machine as it stands in a URL, in lower case.

    Raises Invalid (``bad_host``) for anything else.
    """
    found = text.lower()
    if is_address(found):
        return str(ipaddress.ip_address(found))
    # Digits and dots alone would be read as an address by some, and as a name by others.
    if not _NAME.fullmatch(found) or found.rpartition(".")[2].isdecimal():
        raise Invalid(
            "bad_host",
            f"{text!r} is no name or address: write what people will type, like 192.168.1.20 or "
            "tem.local, without https:// and port.",
        )
    return found


def is_address(text: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def require_short(public_url: str) -> None:
    """Raises Invalid if a stamp's symbol would become larger than others' because of its prefix."""
    prefix = stamp_prefix(public_url)
    if len(prefix) > MOST_PREFIX:
        raise Invalid(
            "address_too_long",
            f"{prefix} has {len(prefix)} characters, and at most {MOST_PREFIX} fit the stamps' "
            "QR symbol: name this machine by its IP address or by a shorter name as the first "
            "--host.",
        )


def _listening(hosts: Sequence[str]) -> tuple[str, ...]:
    """Nothing is opened that was not named. Which address a name has only others know."""
    outside = [one for one in hosts if one not in ("localhost", LOOPBACK)]
    if not all(is_address(one) for one in outside):
        return (EVERYWHERE,)
    return (LOOPBACK, *dict.fromkeys(outside))


def _bracketed(text: str) -> str:
    return f"[{text}]" if ":" in text and not text.startswith("[") else text
