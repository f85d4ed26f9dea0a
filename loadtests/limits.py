"""What a rate limit costs a look-up: ``python -m loadtests.limits``.

Prints microseconds for the address and the bucket together, of clients that are known and of new
ones, with one of them and with as many as are kept; and the longest single call of many, which
shows that nothing makes a look-up wait: no table is ever turned or walked as a whole.
"""

import gc
import time
from collections.abc import Sequence
from statistics import median

from tem.clients import Clients, parse_proxies
from tem.clock import system_clock
from tem_verifier.limits import Limit
from tem_verifier.rates import Rate

CALLS, ROUNDS = 200_000, 5
PROXY = "10.0.0.2"


def addresses(number: int, network: int) -> list[str]:
    """So many different ones."""
    return [f"{network}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in range(number)]


class Door:
    """What stands before each look-up: a worker's limit, shared with others or not."""

    def __init__(self, *, shared: bool) -> None:
        self.clients = Clients(parse_proxies("10.0.0.0/8"))
        self.limit = Limit("public", Rate(10**8, 60), system_clock)
        if shared:
            self.limit.granted()

    def seconds_each(self, forwarded: Sequence[str]) -> float:
        """Of one call, over all of these headers."""
        clients, take = self.clients, self.limit.take
        began = time.thread_time()
        for header in forwarded:
            take(clients(PROXY, header))
        return (time.thread_time() - began) / len(forwarded)

    def longest(self, forwarded: Sequence[str]) -> list[float]:
        """Each call by itself, the longest ones first, in time of the processor: what other
        programs of the machine take is not ours."""
        clients, take, clock, spent = self.clients, self.limit.take, time.thread_time, []
        for header in forwarded:
            began = clock()
            take(clients(PROXY, header))
            spent.append(clock() - began)
        return sorted(spent, reverse=True)


def main() -> None:
    """Measure and print."""
    many = addresses(90_000, 20)
    for shared in (False, True):
        told = "shared" if shared else "alone"
        for name, known in (("1 client", many[:1]), ("9,000 clients", many[:9000])):
            door = Door(shared=shared)
            door.seconds_each(known)
            calls = (known * (CALLS // len(known) + 1))[:CALLS]
            best = median(door.seconds_each(calls) for _ in range(ROUNDS))
            print(f"{told}, known, {name}: {best * 1e6:.2f} µs")
        rounds = [Door(shared=shared).seconds_each(many) for _ in range(ROUNDS)]
        print(f"{told}, new, up to 90,000 clients: {median(rounds) * 1e6:.2f} µs")
        door = Door(shared=shared)
        door.seconds_each(many)
        rounds = [door.seconds_each(many) for _ in range(ROUNDS)]
        print(f"{told}, bucket known, address not, 90,000 clients: {median(rounds) * 1e6:.2f} µs")
    gc.freeze()
    spent = Door(shared=True).longest(addresses(CALLS, 20))
    top = ", ".join(f"{seconds * 1e6:.0f}" for seconds in spent[:5])
    print(
        f"{CALLS:,} calls of new clients, the longest: {top} µs; median {median(spent) * 1e6:.2f}"
    )


if __name__ == "__main__":
    main()
