"""The published cards while a snapshot is made: in the order they are found by."""

import json
from array import array

from sqlalchemy import Connection, select

from tem.answer import Card
from tem.databases import published
from tem_verifier.snapshot.fragments import Fragments
from tem_verifier.snapshot.layout import Writer, card_name


class Cards:
    """All cards as published, parsed when they are asked for."""

    def __init__(self, connection: Connection) -> None:
        c = published.card.c
        found = connection.execute(select(c.kind, c.id, c.body))
        self._bodies: dict[bytes, str] = {card_name(row.kind, row.id): row.body for row in found}
        self._rows = {name: row for row, name in enumerate(sorted(self._bodies))}
        self._parsed: dict[bytes, Card] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, kind: str, id: str) -> bool:
        """Whether there is such a card."""
        return card_name(kind, id) in self._rows

    def row(self, kind: str, id: str) -> int:
        """Where a card stands in the order of all. Raises KeyError."""
        return self._rows[card_name(kind, id)]

    def card(self, kind: str, id: str) -> Card:
        """A card. Raises KeyError if there is none, ValueError if it is no JSON."""
        name = card_name(kind, id)
        if kind == "lot":  # asked for a few times and not again
            lot: Card = json.loads(self._bodies[name])
            return lot
        if name not in self._parsed:
            self._parsed[name] = json.loads(self._bodies[name])
        return self._parsed[name]

    def write(self, to: Writer, fragments: Fragments) -> None:
        """Two sections, in order: names and bodies, as numbers of fragments."""
        to.section("card_names", [array("I", map(fragments.number, self._rows))])
        bodies = (fragments.number(self._bodies[name].encode()) for name in self._rows)
        to.section("cards", [array("I", bodies)])
