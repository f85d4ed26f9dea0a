"""The answers of a snapshot: each subject rendered once, its pieces shared with all others."""

from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from tem.answer import Subject
from tem.vocabulary import StampState
from tem_verifier.rendering import Hole, Piece, Renderer
from tem_verifier.snapshot.cards import Cards
from tem_verifier.snapshot.fragments import Fragments
from tem_verifier.snapshot.layout import STATES, SUBJECT, VERDICTS, Writer

# Product, producer, lot, state, date of withdrawal.
SubjectKey = tuple[str, str, str | None, str, str | None]


class Drawing:
    """Renders subjects into lists of numbers of pieces."""

    def __init__(
        self,
        renderer: Renderer,
        cards: Cards,
        fragments: Fragments,
        now: datetime,
        as_of: datetime,
    ) -> None:
        self._renderer, self._cards, self._fragments = renderer, cards, fragments
        self._now, self._as_of = now, as_of
        self.lists = array("i")
        self._places: dict[tuple[int, ...], int] = {}

    def __call__(self, key: SubjectKey) -> tuple[float, int, tuple[int, ...], list[int]]:
        """Until when the renderings hold, their verdict, where their lists are, cards used.

        One that lacks a card holds never: it is worked out anew when somebody asks for it.
        """
        with suppress(LookupError, TypeError, ValueError):
            subject = self._subject(key)
            found = self._renderer.render(subject, self._now, self._as_of)
            places = tuple(self._place(one) for one in (found.json, found.vi, found.en))
            used, complete = self._used(key, subject)
            until = found.holds_until if complete else -inf
            return until, VERDICTS.index(str(found.verdict)), places, used
        return -inf, 0, (0, 0, 0), []

    def _subject(self, key: SubjectKey) -> Subject:
        product_id, producer_id, lot, state, revoked_on = key
        product = self._cards.card("product", product_id)
        sold_at = {sale["pos_id"] for sale in product["points_of_sale"]}
        return Subject(
            batch=1,
            index=1,
            state=StampState(state),
            product=product,
            producer=self._cards.card("producer", producer_id),
            lot=None if lot is None else self._cards.card("lot", lot),
            revoked_on=revoked_on,
            points_of_sale={
                id: self._cards.card("pos", id) for id in sold_at if self._cards.has("pos", id)
            },
        )

    def _place(self, rendered: tuple[Piece, ...]) -> int:
        """Where the list of these pieces stands: its length, then their numbers."""
        numbers = tuple(
            one - len(Hole) if isinstance(one, Hole) else self._fragments.number(one)
            for one in rendered
        )
        if numbers not in self._places:
            self._places[numbers] = len(self.lists)
            self.lists.extend((len(numbers), *numbers))
        return self._places[numbers]

    def _used(self, key: SubjectKey, subject: Subject) -> tuple[list[int], bool]:
        """The cards an answer was made with, and whether all that are named are there."""
        product_id, producer_id, lot, _, _ = key
        shops = {sale["pos_id"] for sale in subject.product["points_of_sale"]}
        named = [("product", product_id), ("producer", producer_id)]
        named += [("lot", lot)] if lot is not None else []
        rows = [self._cards.row(*one) for one in named]
        rows += [self._cards.row("pos", id) for id in subject.points_of_sale]
        return rows, len(shops) == len(subject.points_of_sale)


@dataclass
class Subjects:
    """Subjects in the order of their first range, rendered when all are known."""

    numbers: dict[SubjectKey, int] = field(default_factory=dict)

    def number(self, key: SubjectKey) -> int:
        """The number of a subject."""
        return self.numbers.setdefault(key, len(self.numbers))

    def write(self, to: Writer, fragments: Fragments, cards: Cards, draw: Drawing) -> None:
        """Records, lists of pieces, and which subjects a card was used for."""
        users = [array("I") for _ in range(len(cards))]
        records = bytearray(SUBJECT.size * len(self.numbers))
        # One product after the other, so that the renderer remembers what they have in common.
        for key, number in sorted(self.numbers.items(), key=lambda one: one[0][:2]):
            _, _, lot, state, revoked_on = key
            until, verdict, places, used = draw(key)
            drawn = (until, verdict, STATES.index(StampState(state)), *places)
            own = (fragments.text(lot), fragments.text(revoked_on))
            SUBJECT.pack_into(records, SUBJECT.size * number, *drawn, *own)
            for row in used:
                users[row].append(number)
        to.section("subject_records", [records])
        to.section("lists", [draw.lists])
        counts = array("I", [0])
        for one in users:
            counts.append(counts[-1] + len(one))
        to.section("used_from", [counts])
        to.section("used_by", users)
