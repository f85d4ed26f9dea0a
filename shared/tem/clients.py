"""Whom a request counts for: the address it came from, whatever a stranger's header says."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Address = bytes  # 4 or 16, as in a packet: some fifteen times cheaper than an object
MOST_HOPS = 9
MOST_KEPT = 10_000  # addresses in their spelling, some 2 MB
_LONGEST_KEPT = 64
_LONGEST_WAY = 32  # so many senders, from the last one back, are looked at
_HERE = frozenset({"127.0.0.1", "::1"})
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, an IPv4 address in the clothes of IPv6
_LOOPBACK_6 = bytes(15) + b"\x01"


@dataclass(frozen=True, slots=True)
class Proxies:
    """Who may say in ``X-Forwarded-For`` where a request comes from: by network, or the last
    ``hops`` senders, whoever they are. Neither: this very machine alone, which always may."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hops: int = 0
    _masks: tuple[tuple[int, int, int], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        masks = (
            (n.max_prefixlen // 8, int(n.netmask), int(n.network_address)) for n in self.networks
        )
        object.__setattr__(self, "_masks", tuple(masks))

    def trusts(self, address: Address) -> bool:
        """Whether an address is one of them."""
        length, number = len(address), int.from_bytes(address)
        return _is_here(address) or any(
            size == length and number & mask == network for size, mask, network in self._masks
        )


NO_PROXIES = Proxies()


def parse_proxies(text: str) -> Proxies:
    """``10.0.0.0/8, fd00::/8`` or a number of hops. Raises ValueError for anything else."""
    if text.isascii() and text.isdigit():
        if not int(text) <= MOST_HOPS:
            raise ValueError(f"there are {MOST_HOPS} hops at most")
        return Proxies(hops=int(text))
    return Proxies(tuple(ip_network(part) for part in text.replace(",", " ").split()))


def client(peer: str, forwarded: str, proxies: Proxies) -> str | None:
    """The network a request counts for: an IPv4 address, or the /64 of an IPv6 one, which is what
    one customer of a network is given.

    ``peer`` is who sent it to us, ``forwarded`` the header. None for what comes from this very
    machine without that header: its own checks, or a proxy that would make one client of all.
    """
    way = forwarded.rsplit(",", _LONGEST_WAY)[-_LONGEST_WAY:]
    chain = [*(part for part in way if part.strip()), peer]
    found = _by_hops(chain, proxies.hops) if proxies.hops else _by_trust(chain, proxies)
    if found is None or (len(chain) == 1 and _is_here(found)):
        return None
    return _name(found)


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
        if ":" not in text:
            return inet_pton(AF_INET, text)
        found = inet_pton(AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return None
    return found[12:] if found.startswith(_MAPPED) else found


def _is_here(address: Address) -> bool:
    return address[0] == 127 if len(address) == 4 else address == _LOOPBACK_6


def _name(address: Address) -> str:
    if len(address) == 4:
        return inet_ntop(AF_INET, address)
    return inet_ntop(AF_INET6, address[:8] + bytes(8)) + "/64"


class Clients:
    """:func:`client` for one setting, which remembers the addresses it has seen.

    Remembered are single addresses and never a header: those of proxies, and the one before them.
    What a stranger writes in front is not even looked at, so it can neither fill this nor drive
    anybody out. The oldest makes room for the newest.
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies, self._by_trust = proxies, not proxies.hops
        self._trusted = set(_HERE)
        self._strangers: dict[str, str] = {}  # what an address counts for, as it was spelt
        self._order: list[str] = []
        self._oldest = 0
        self._lock = threading.Lock()

    def __call__(self, peer: str, forwarded: str) -> str | None:
        """The same as ``client(peer, forwarded, proxies)``."""
        named, rest = peer, forwarded
        if self._by_trust:
            for _ in range(_LONGEST_WAY):
                if not rest or named not in self._trusted:
                    break
                rest, _, named = rest.rpartition(",")
                named = named.strip()
        elif forwarded and self._proxies.hops == 1:
            named = forwarded.rpartition(",")[2].strip()
        elif forwarded:
            return client(peer, forwarded, self._proxies)
        known = self._strangers.get(named)
        if known is not None:
            return known
        if not forwarded and peer in _HERE:
            return None
        return self._find(peer, forwarded, named)

    def _find(self, peer: str, forwarded: str, named: str) -> str | None:
        """``named`` decides if it is an address and no proxy's, since all behind it are proxies."""
        address = _address(named)
        if address is None:
            return client(peer, forwarded, self._proxies)
        if self._proxies.trusts(address):
            if len(self._trusted) < MOST_KEPT and len(named) <= _LONGEST_KEPT:
                self._trusted.add(named)
            return client(peer, forwarded, self._proxies)
        found = _name(address)
        if len(named) <= _LONGEST_KEPT:
            self._keep(named, found)
        return found

    def _keep(self, address: str, found: str) -> None:
        with self._lock:
            if address in self._strangers:
                return
            if len(self._order) < MOST_KEPT:
                self._order.append(address)
            else:
                self._strangers.pop(self._order[self._oldest], None)
                self._order[self._oldest] = address
                self._oldest = (self._oldest + 1) % MOST_KEPT
            self._strangers[address] = found
