"""Publishing: in the act's own transaction, in the order of commits, and nothing of what failed."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.registry.records import OFFICE, Register

from tem.databases import published
from tem.errors import Conflict
from tem_registry import publication
from tem_registry.lots import recall_acts
from tem_registry.stamps import endings


def position(register: Register) -> tuple[str, int]:
    with register.read() as connection:
        found = published.position(connection)
    assert found is not None
    return found[:2]


def public(register: Register) -> dict[str, list[dict[str, Any]]]:
    return {table.name: register.rows(table) for table in published.metadata.sorted_tables}


def test_nothing_is_published_before_the_first_act(bare: Register) -> None:
    """An empty register has no position yet; the first act begins an epoch at change 1."""
    with bare.read() as connection:
        assert published.position(connection) is None
    bare.populate()
    epoch, change = position(bare)
    assert len(epoch) == 32
    assert change == 8, "two producers, three products, three certificates"


def test_each_act_has_one_change_number(register: Register) -> None:
    """An act raises the number by one, stamps its rows with it, and leaves the epoch alone."""
    register.batch(1, 100)
    register.lot("L1")
    epoch, before = position(register)
    register.activate("L1", 1, 11, 20)
    assert position(register) == (epoch, before + 1)
    with register.read() as connection:
        i, c = published.interval.c, published.card.c
        touched = connection.execute(select(i.first).where(i.change == before + 1)).scalars()
        cards = connection.execute(select(c.kind, c.id).where(c.change == before + 1))
        assert sorted(touched) == [1, 11, 21]
        assert [tuple(row) for row in cards] == [("lot", "L1")]
    register.void(1, 50, 50)
    with register.read() as connection:
        untouched = connection.execute(select(i.first).where(i.change == before + 1)).scalars()
        assert sorted(untouched) == [1, 11], "an act writes anew only what it touches"


def test_what_a_row_replaces_it_covers(register: Register) -> None:
    """A reader that drops whatever a newer row overlaps holds exactly the published rows."""
    register.batch(1, 60)
    register.lot("L1")
    held: dict[int, tuple[int, str]] = {}
    seen = 0
    for act in (
        lambda: register.activate("L1", 1, 1, 20),
        lambda: register.void(1, 5, 6),
        lambda: register.revoke(1, 15, 40),
        lambda: register.void(1, 41, 60),
        lambda: register.void(1, 7, 7),
    ):
        act()
        rows = register.rows(published.interval)
        for row in rows:
            if row["change"] > seen:
                held = {
                    first: kept
                    for first, kept in held.items()
                    if kept[0] < row["first"] or first > row["last"]
                }
                held[row["first"]] = (row["last"], row["state"])
        seen = position(register)[1]
        assert held == {row["first"]: (row["last"], row["state"]) for row in rows}


def test_an_act_rolled_back_publishes_nothing(register: Register) -> None:
    """Neither a row nor a number is left of an act that did not commit."""
    register.batch(1, 50)
    register.lot("L1")
    register.void(1, 30, 30)
    before = public(register)
    with pytest.raises(Conflict):
        register.activate("L1", 1, 1, 50)
    with pytest.raises(RuntimeError, match="undone"), register.write() as connection:
        endings.void(connection, register.clock(), OFFICE, 1, 1, 10, "misprint")
        notice = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", notice)
        raise RuntimeError("undone")
    assert public(register) == before
    register.void(1, 1, 1)
    assert position(register)[1] == before["published_state"][0]["change"] + 1


def test_an_unchanged_card_keeps_its_number(register: Register) -> None:
    """Writing a card that says the same already changes nothing; another text is written."""
    with register.write() as connection:
        change = publication.next_change(connection, register.clock())
        body = publication.card(connection, "producer", "P1")
        assert body is not None
        publication.put_card(connection, change, "producer", "P1", body)
        publication.put_card(connection, change, "producer", "P2", {"name": "Khác"})
    changes = {(row["kind"], row["id"]): row["change"] for row in register.rows(published.card)}
    assert changes["producer", "P1"] < change == changes["producer", "P2"]


def test_a_batch_is_published_once(register: Register) -> None:
    """Its manifest and its fingerprints in pieces are written with it, and never again."""
    register.batch(1, 50)
    register.batch(2, 60)
    pieces = register.rows(published.fingerprints)
    assert [(row["batch"], row["piece"], len(row["content"])) for row in pieces] == [
        (1, 0, 53 * 8),
        (2, 0, 63 * 8),
    ]
    before = register.rows(published.batch)
    register.void(1, 1, 5)
    assert register.rows(published.batch) == before
    assert register.rows(published.fingerprints) == pieces
