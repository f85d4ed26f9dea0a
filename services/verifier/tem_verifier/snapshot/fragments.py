"""Bytes of a snapshot that many places share: kept once, named by a number."""

from array import array

from tem_verifier.snapshot.layout import NONE, Writer


class Fragments:
    """Bytes of any kind, each kept once, numbered from 0."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def number(self, content: bytes) -> int:
        """The number of some bytes."""
        return self._numbers.setdefault(content, len(self._numbers))

    def text(self, text: str | None) -> int:
        """The number of a text; NONE for none."""
        return NONE if text is None else self.number(text.encode())

    def write(self, to: Writer) -> None:
        """Two sections: the bytes, and where in the file each begins."""
        at = to.section("bytes", self._numbers)
        begins = array("Q", [at])
        for content in self._numbers:
            at += len(content)
            begins.append(at)
        to.section("fragments", [begins])
