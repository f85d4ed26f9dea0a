"""Where scans come from, as coarsely as the note needs it: a pure rule.

An origin is the network a look-up counts for (:mod:`tem.clients`). What is kept of it is
a *bucket*: twelve bits of a hash under a key that lives for one day. A bucket is shared by about a
million IPv4 addresses, so even with the key it names nobody; the stamp is hashed with it, so two
buckets of different stamps never tell that it was the same person. Five different origins are
taken for four in one case of 400, n for fewer in about n²/8192.
"""

import hashlib
from typing import NamedTuple

BITS = 12
BUCKETS = 1 << BITS


class DayKey(NamedTuple):
    """The key under which origins are hashed on one day, counted as ``date.toordinal`` does."""

    day: int
    key: bytes

    def bucket(self, origin: str, batch: int, stamp: int) -> int:
        """The bucket of an origin that looked at a stamp, from 0 to :data:`BUCKETS` - 1."""
        seen = f"{batch} {stamp} {origin}".encode()
        digest = hashlib.blake2s(seen, key=self.key, digest_size=2).digest()
        return (digest[0] << 8 | digest[1]) & BUCKETS - 1
