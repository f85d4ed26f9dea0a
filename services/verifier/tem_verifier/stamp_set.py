"""Many stamps in little memory, to be asked whether one is among them: a pure rule."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

Stamp = tuple[int, int]
_INDEX_BITS = 24


class StampSet:
    """Stamps as batch and index, eight bytes each, where a set of pairs takes 150."""

    def __init__(self, stamps: Iterable[Stamp] = ()) -> None:
        packed = array("Q", (batch << _INDEX_BITS | index for batch, index in stamps))
        self._packed = array("Q", sorted(packed))

    def __contains__(self, stamp: Stamp) -> bool:
        packed = self._packed
        if not packed:  # most often so, and on the path of every look-up
            return False
        wanted = stamp[0] << _INDEX_BITS | stamp[1]
        at = bisect_left(packed, wanted)
        return at < len(packed) and packed[at] == wanted

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[Stamp]:
        """The stamps in their order."""
        return ((one >> _INDEX_BITS, one & (1 << _INDEX_BITS) - 1) for one in self._packed)
