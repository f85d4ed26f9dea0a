"""A snapshot opened: batches, ranges, subjects and cards, found by bisection in mapped arrays.

A *subject* is what many stamps have in common: product, producer, lot, state and date of
withdrawal. Its answers were rendered when the file was made, and hold until an instant it names.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from tem.answer import Card
from tem.trust import Trust
from tem.vocabulary import StampState
from tem_verifier.manifests import Accepted
from tem_verifier.ranges import Ranges
from tem_verifier.snapshot.layout import COLD, HOT, NONE, STATES, SUBJECT, Mapped, card_name

MOST_CARDS = 4096  # parsed, in memory
_serials = count(1)
Binding = tuple[StampState, str | None, str | None]


class Snapshot:
    """All of it is public and read-only. ``change`` is the change number it was made at;
    ``serial`` tells those that one process has opened from each other."""

    def __init__(self, path: Path, rendered_by: str = "") -> None:
        """``rendered_by`` is whose answers are wanted: ``is_rendered`` says whether they are in it.

        Raises OSError, ValueError or LookupError if the file is no snapshot of ours."""
        self.serial = next(_serials)
        mapped = Mapped(path)
        head = mapped.head
        self.epoch: str = head["epoch"]
        self.restores: int = head["restores"]
        self.change: int = head["change"]
        self.made_at: float = head["made_at"]
        self.is_rendered = head["rendered_by"] == rendered_by
        self.table_bytes: int = head["table_bytes"]
        self._office_keys: list[str] = head["office_keys"]
        self.memory = mapped.memory
        self.numbers = mapped.numbers("numbers")
        self.count = len(self.numbers)
        self.first_number = self.numbers[0] if self.count else 0
        self.hot, self._cold = mapped.place("hot"), mapped.place("cold")
        self.lasts, self.subjects = mapped.numbers("lasts"), mapped.numbers("subjects")
        self.subject_records = mapped.place("subject_records")
        self.lists = mapped.numbers("lists", "i")
        self.fragments = mapped.numbers("fragments", "Q")  # where each begins in the file
        self.tables = mapped.place("tables")
        self._card_names, self._cards = mapped.numbers("card_names"), mapped.numbers("cards")
        self._used_from, self._used_by = mapped.numbers("used_from"), mapped.numbers("used_by")
        self._parsed: dict[tuple[str, str], Card] = {}

    def row_of(self, number: int) -> int:
        """Where a batch stands; -1 for none. Numbers mostly follow each other without a gap."""
        row = number - self.first_number
        if 0 <= row < self.count and self.numbers[row] == number:
            return row
        row = bisect_left(self.numbers, number)
        return row if row < self.count and self.numbers[row] == number else -1

    def fragment(self, number: int) -> bytes:
        """Bytes that were stored once."""
        return self.memory[self.fragments[number] : self.fragments[number + 1]]

    def owner(self, row: int) -> tuple[str, str]:
        """Product and producer of a batch."""
        product, producer, *_ = COLD.unpack_from(self.memory, self._cold + row * COLD.size)
        return self.fragment(product).decode(), self.fragment(producer).decode()

    def accepted(self, row: int) -> Accepted | None:
        """What its manifest lets us check; None if it was not believed when the file was made."""
        _, _, table, quantity, last_index, believed = HOT.unpack_from(
            self.memory, self.hot + row * HOT.size
        )
        if not believed:
            return None
        *_, key, _ = COLD.unpack_from(self.memory, self._cold + row * COLD.size)
        at = self.tables + table * 8
        fingerprints = None if table == NONE else memoryview(self.memory)[at : at + last_index * 8]
        return Accepted(quantity, last_index, key, fingerprints)

    def binding(self, subject: int) -> Binding:
        """State, lot and date of withdrawal of a subject's stamps."""
        found = SUBJECT.unpack_from(self.memory, self.subject_records + subject * SUBJECT.size)
        _, _, state, _, _, _, lot, revoked_on = found
        return STATES[state], self._text(lot), self._text(revoked_on)

    def state(self, row: int, index: int) -> StampState | None:
        """The state of a stamp of the batch in a row; None in a gap."""
        return self.at(row, index)[0]

    def at(self, row: int, index: int) -> tuple[StampState | None, str | None]:
        """State and lot of a stamp of the batch in a row; no state in a gap."""
        begin, end, *_ = HOT.unpack_from(self.memory, self.hot + row * HOT.size)
        place = bisect_left(self.lasts, index, begin, end)
        subject = self.subjects[place] if place < end else NONE
        return (None, None) if subject == NONE else self.binding(subject)[:2]

    def _text(self, fragment: int) -> str | None:
        return None if fragment == NONE else self.fragment(fragment).decode()

    def ranges(self, row: int) -> Ranges:
        """A batch's ranges as they were, to be changed."""
        begin, end, *_ = HOT.unpack_from(self.memory, self.hot + row * HOT.size)
        rows, first = [], 1
        for place in range(begin, end):
            last, subject = self.lasts[place], self.subjects[place]
            if subject != NONE:
                state, lot, revoked_on = self.binding(subject)
                rows.append((first, last, state, lot, revoked_on))
            first = last + 1
        return Ranges.of(rows)

    def card(self, kind: str, id: str) -> Card:
        """A card. Raises KeyError if there is none."""
        key = (kind, id)
        found = self._parsed.get(key)
        if found is None:
            row = self._card_row(key)
            if row < 0:
                raise KeyError(key)
            found = json.loads(self.fragment(self._cards[row]))
            if len(self._parsed) >= MOST_CARDS:
                self._parsed.clear()
            self._parsed[key] = found
        return found

    def cards_of(self, kind: str) -> Iterator[tuple[str, Card]]:
        """All cards of a kind by their ids, read from the file each time."""
        begin = card_name(kind, "")
        for row in range(self._first_row(begin), len(self._card_names)):
            name = self.fragment(self._card_names[row])
            if not name.startswith(begin):
                return
            yield name.removeprefix(begin).decode(), json.loads(self.fragment(self._cards[row]))

    def _card_row(self, key: tuple[str, str]) -> int:
        wanted = card_name(*key)
        row = self._first_row(wanted)
        there = row < len(self._card_names) and self.fragment(self._card_names[row]) == wanted
        return row if there else -1

    def _first_row(self, name: bytes) -> int:
        """The first card that is not before a name in their order."""
        rows = range(len(self._card_names))
        return bisect_left(rows, name, key=lambda row: self.fragment(self._card_names[row]))

    def users_of(self, kind: str, id: str) -> Iterator[int]:
        """The subjects whose answers were made with a card."""
        row = self._card_row((kind, id))
        if row >= 0:
            yield from self._used_by[self._used_from[row] : self._used_from[row + 1]]

    def doubtful(self, trust: Trust) -> tuple[frozenset[int], frozenset[int]]:
        """(Batches believed when it was made and no longer, batches not believed then.)

        Their signatures were verified then, under keys that have the same ids today.
        """
        lost, never = set(), set()
        for row, number in enumerate(self.numbers):
            *_, believed = HOT.unpack_from(self.memory, self.hot + row * HOT.size)
            if not believed:
                never.add(number)
                continue
            _, _, office, key, digest = COLD.unpack_from(self.memory, self._cold + row * COLD.size)
            if not trust.still_accepts(self._office_keys[office], number, key, digest.hex()):
                lost.add(number)
        return frozenset(lost), frozenset(never)
