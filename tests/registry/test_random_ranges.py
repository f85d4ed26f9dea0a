"""Twenty thousand random acts on ranges, alike on both engines and stamp by stamp in memory."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection
from tests.registry.records import Register

from tem.errors import Conflict, TemError
from tem.vocabulary import StampState
from tem_registry import tables
from tem_registry.intervals import Interval, change, clip
from tem_registry.stamps import stamps
from tem_registry.stamps.moves import MOVES, NOT_CORRECTABLE, Codes, refusals

ACTS, AT_ONCE, QUANTITY = 20_000, 500, 300
LOTS = ("LA", "LB")
# What an act may not touch, what it makes of the rest, and how often it is tried.
REFUSED: dict[str, Codes] = {
    "deliver": {state: str(state) for state in StampState if state is not StampState.ISSUED},
    "take_back": MOVES[StampState.ISSUED],
    "activate": MOVES[StampState.ACTIVATED],
    "correct": NOT_CORRECTABLE,
    "void": MOVES[StampState.VOID],
    "revoke": MOVES[StampState.REVOKED],
}
CHANCES = {"deliver": 30, "take_back": 14, "activate": 30, "correct": 24, "void": 1, "revoke": 1}
BECOMES = {
    "deliver": StampState.DELIVERED,
    "take_back": StampState.ISSUED,
    "activate": StampState.ACTIVATED,
    "void": StampState.VOID,
    "revoke": StampState.REVOKED,
}
Act = tuple[str, int, int, str | None]
Stamp = tuple[StampState, str | None]


def acts(chance: random.Random, count: int) -> Iterator[Act]:
    """Kind, range and lot: ranges of a few stamps, some empty, some beyond the batch."""
    for kind in chance.choices(list(CHANCES), list(CHANCES.values()), k=count):
        first = chance.randint(0, QUANTITY + 1)
        last = first + int(chance.expovariate(1 / 3)) - (chance.random() < 0.02)
        lot = chance.choice(LOTS) if kind == "activate" else None
        if kind == "correct":
            lot = chance.choice([None, *LOTS])
        yield kind, first, last, lot


def became(kind: str, lot: str | None, state: StampState, before: str | None) -> Stamp:
    """What an act makes of a stamp."""
    if kind == "correct":
        return (StampState.DELIVERED, None) if lot is None else (StampState.ACTIVATED, lot)
    return BECOMES[kind], lot if kind == "activate" else before


@dataclass
class Side:
    """One engine's batch in a transaction, and the intervals that it must hold."""

    connection: Connection
    batch: stamps.Batch
    held: list[Interval]

    @classmethod
    def of(cls, connection: Connection, number: int) -> "Side":
        """The batch, locked and read as a whole."""
        batch = stamps.lock(connection, number, None)
        return cls(connection, batch, stamps.intervals(connection, number))

    def around(self, first: int, last: int) -> list[Interval]:
        """The intervals that overlap a range, as the engine gives them."""
        found = stamps.intervals(self.connection, self.batch.number, first, last)
        assert found == [one for one in self.held if one.first <= last and one.last >= first]
        return found

    def write(self, after: list[Interval]) -> None:
        """Put intervals in the place of those they cover."""
        stamps.write(self.connection, self.batch.number, after)
        first, last = after[0].first, after[-1].last
        before = [one for one in self.held if one.last < first]
        self.held = [*before, *after, *(one for one in self.held if one.first > last)]


def play(side: Side, act: Act) -> Any:
    """Do an act as the registry does: the intervals written, or the code and parts refused.

    Most acts are refused and change nothing: these are told by what the batch must hold, which
    is compared with the engine around each act that is done, and as a whole in the end.
    """
    kind, first, last, lot = act

    def one(part: Interval) -> Interval:
        state, lot_id = became(kind, lot, part.state, part.lot_id)
        return replace(part, state=state, lot_id=lot_id)

    try:
        stamps.check_range(side.batch, first, last)
        stamps.refuse(refusals(clip(side.held, first, last), REFUSED[kind]), kind)
    except Conflict as refused:
        return refused.code, refused.extra["ranges"]
    except TemError as refused:
        return refused.code
    after = change(side.around(first - 1, last + 1), first, last, one)
    side.write(after)
    return after


def expected(shown: list[Stamp], act: Act) -> Any:
    """The same stamp by stamp, and what is refused as runs of stamps."""
    kind, first, last, lot = act
    if not 1 <= first <= last <= QUANTITY:
        return "no_such_stamps"
    codes = REFUSED[kind]
    if any(shown[i][0] in codes for i in range(first, last + 1)):
        runs = groupby(range(first, last + 1), key=lambda i: shown[i])
        parts = [(list(those), key[0]) for key, those in runs if key[0] in codes]
        return "range_refused", [
            {"first": those[0], "last": those[-1], "state": state, "code": codes[state]}
            for those, state in parts
        ]
    for i in range(first, last + 1):
        shown[i] = became(kind, lot, *shown[i])
    return None


def runs(shown: list[Stamp]) -> list[tuple[int, int, str, str | None]]:
    """Stamps that are alike, as ranges."""
    found = [list(those) for _, those in groupby(range(1, QUANTITY + 1), key=lambda i: shown[i])]
    return [(run[0], run[-1], str(shown[run[0]][0]), shown[run[0]][1]) for run in found]


def test_tens_of_thousands_of_acts_are_the_same_on_both_engines(
    pair: tuple[Register, Register],
) -> None:
    """Each act gets the same answer on SQLite, on PostgreSQL and from stamps counted one by one;
    so is every range after each transaction."""
    chance, outcomes = random.Random(7), Counter[tuple[str, bool]]()
    for register in pair:
        register.populate()
        for lot in LOTS:
            register.lot(lot)
    for number in range(1, ACTS // AT_ONCE + 1):
        if number % 10 == 1:  # a new batch before too many stamps have come to an end
            shown: list[Stamp] = [(StampState.ISSUED, None)] * (QUANTITY + 1)
            for register in pair:
                register.batch(number, QUANTITY, delivered=False)
            current = number
        with pair[0].write() as lite, pair[1].write() as server:
            sides = [Side.of(connection, current) for connection in (lite, server)]
            for act in acts(chance, AT_ONCE):
                answers = [play(side, act) for side in sides]
                wanted = expected(shown, act)
                assert answers[0] == answers[1], act
                assert isinstance(answers[0], list) == (wanted is None), (act, answers[0])
                if wanted is not None:
                    assert answers[0] == wanted, act
                outcomes[act[0], wanted is None] += 1
        assert pair[0].ranges(current) == pair[1].ranges(current) == runs(shown)
    assert sum(outcomes.values()) == ACTS
    for kind in CHANCES:
        assert min(outcomes[kind, done] for done in (True, False)) > ACTS / 1000, outcomes
    assert pair[0].rows(tables.stamp_interval) == pair[1].rows(tables.stamp_interval)
