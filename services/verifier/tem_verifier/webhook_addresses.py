"""Where a webhook may lead: to the Internet over TLS, and to no machine of our own networks.

A request that a stranger makes us send must not reach what only we can reach. So the address that a
name stands for is judged, at every attempt, and the connection made to that very address.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from tem.errors import Invalid

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_URL = 500
PORTS = (443, 8443)
# Reached from inside a cloud alone, though their numbers are like any other on the Internet.
_METADATA = (ipaddress.ip_address("168.63.129.16"),)
# All that is allotted of IPv6; what lies outside is local, or leads through a gateway to an IPv4
# address (64:ff9b::/96).
_ALLOTTED = IPv6Network("2000::/3")
# Within what is allotted: for protocols (Teredo too), 6to4 with an IPv4 address inside, and for
# examples. Not every Python knows them all.
_SPECIAL: tuple[Network, ...] = (
    *map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")),
    *map(IPv6Network, ("2001::/23", "2002::/16", "3fff::/20")),
)
# ISATAP: the last 32 bits behind these are an IPv4 address (RFC 5214, section 6.1).
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True, slots=True)
class Target:
    """An address of a receiver, taken apart. ``is_plain``: http, or a port of its own."""

    host: str
    port: int
    path: str
    encrypted: bool

    @property
    def is_plain(self) -> bool:
        """Whether only a network that the operator named may be reached so."""
        return not self.encrypted or self.port not in PORTS


def parse(url: str) -> Target:
    """The parts of an address. Raises Invalid (``webhook_url_invalid``) for one that is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    printable = url.isascii() and url.isprintable() and " " not in url
    if not host or parts.scheme not in ("https", "http") or not printable or len(url) > MAX_URL:
        raise _invalid("must be like https://tills.example.vn/tem, in ASCII (punycode for others)")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _invalid("takes no name, password or fragment")
    encrypted = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port or (443 if encrypted else 80), path, encrypted)


def check(url: str, networks: Collection[Network]) -> None:
    """Raises Invalid (``webhook_url_invalid``) for an address that would be refused in any case.

    What a name stands for is judged when something is sent: it may be another tomorrow.
    """
    target = parse(url)
    if target.is_plain and not networks:
        raise _invalid(f"must be https at port {' or '.join(map(str, PORTS))}")
    try:
        literal = ipaddress.ip_address(target.host)
    except ValueError:
        return
    if not may_reach(literal, target, networks):
        raise _invalid("leads to an address that is not on the Internet")


def may_reach(address: Address, target: Target, networks: Collection[Network]) -> bool:
    """Whether an address may be connected to: public ones, and those the operator has named."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    judged = inner or address
    if any(judged in network for network in networks if network.version == judged.version):
        return True
    return not target.is_plain and _is_public(judged)


def _is_public(address: Address) -> bool:
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    if isinstance(address, IPv6Address):
        wraps = int(address) >> 32 & 0xFFFFFFFF in _ISATAP
        return address in _ALLOTTED and address.is_global and not wraps
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and address not in _METADATA


def networks(text: str) -> tuple[Network, ...]:
    """Networks with a comma between them, ``127.0.0.0/8,fd00::/8``. Raises ValueError."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise ValueError("must be networks like 10.2.0.0/16, with a comma between") from error


def _invalid(why: str) -> Invalid:
    return Invalid("webhook_url_invalid", f"`url` {why}.")
