"""Whom a request counts for: the address it came from, whatever a stranger's header says."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
MOST_HOPS = 9
_IPV6_BITS = 64  # what one customer of a network is given


@dataclass(frozen=True, slots=True)
class Proxies:
    """Who may say in ``X-Forwarded-For`` where a request comes from: by network, or the last
    ``hops`` senders, whoever they are. Neither: this very machine alone, which always may."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hops: int = 0

    def trusts(self, address: Address) -> bool:
        """Whether an address is one of them."""
        return address.is_loopback or any(address in network for network in self.networks)


NO_PROXIES = Proxies()


def parse_proxies(text: str) -> Proxies:
    """``10.0.0.0/8, fd00::/8`` or a number of hops. Raises ValueError for anything else."""
    if text.isascii() and text.isdigit():
        if not int(text) <= MOST_HOPS:
            raise ValueError(f"there are {MOST_HOPS} hops at most")
        return Proxies(hops=int(text))
    return Proxies(tuple(ip_network(part) for part in text.replace(",", " ").split()))


def client(peer: str, forwarded: str, proxies: Proxies) -> str | None:
    """The network a request counts for: an IPv4 address, or the /64 of an IPv6 one.

    ``peer`` is who sent it to us, ``forwarded`` the header. None for what comes from this very
    machine without that header: its own checks, or a proxy that would make one client of all.
    """
    chain = [*(part for part in forwarded.split(",") if part.strip()), peer]
    found = _by_hops(chain, proxies.hops) if proxies.hops else _by_trust(chain, proxies)
    if found is None or (found.is_loopback and len(chain) == 1):
        return None
    return str(found) if found.version == 4 else str(ip_network((found, _IPV6_BITS), strict=False))


def _by_hops(chain: Sequence[str], hops: int) -> Address | None:
    """Each trusted sender added one name; before them stands what anybody can write."""
    return _address(chain[max(0, len(chain) - 1 - hops)]) or _address(chain[-1])


def _by_trust(chain: Sequence[str], proxies: Proxies) -> Address | None:
    """From the last sender back, as long as we trust who named the one before."""
    found: Address | None = None
    for text in reversed(chain):
        named = _address(text)
        if named is None:
            break
        found = named
        if not proxies.trusts(named):
            break
    return found


def _address(text: str) -> Address | None:
    """An address, with a port or without, in brackets or not; None if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
