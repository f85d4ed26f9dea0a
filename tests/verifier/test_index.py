"""Following the registry: deltas equal a full load, never back, an outage is no verdict."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, update
from tests.registry.records import Register, make_tables, point_of_sale
from tests.verifier.conftest import Opener, damaging
from tests.verifier.mint import Mint, Minted, publish

from tem.databases import published
from tem.errors import TemError
from tem.installation import Installation
from tem_registry import verdicts
from tem_registry.lots import recall_acts
from tem_verifier import fsck, storage
from tem_verifier.commands import verifier as commands

Alarms = Callable[[str], float]


# What happens to files is tested where a database is one.
IN_A_FILE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def file_of(register: Register) -> Path:
    return Path(str(register.engine.url.database))


def replace_file(register: Register, path: Path, content: bytes) -> None:
    """Put another database in the place of a registry's, as a restore does."""
    register.engine.dispose()
    for leftover in path.parent.glob(f"{path.name}-*"):
        leftover.unlink()
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


def backup(register: Register) -> bytes:
    """The whole database in one file."""
    register.engine.dispose()
    with sqlite3.connect(file_of(register)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file_of(register).read_bytes()


def random_act(register: Register, chance: random.Random, number: int) -> str | None:
    """One act on one of three batches; None if the rules refused it."""
    batch, lot = chance.randint(1, 3), f"L{chance.randint(1, 4)}"
    first, last = sorted(chance.sample(range(1, 41), 2))
    acts: dict[str, Callable[[], object]] = {
        "activate": lambda: register.activate(lot, batch, first, last),
        "void": lambda: register.void(batch, first, min(last, first + 3)),
        "revoke": lambda: register.revoke(batch, first, min(last, first + 2)),
        "recall": lambda: recall(register, lot),
        "lift": lambda: lift(register, lot),
        "suspend": lambda: register.change("producer", "P1", status="suspended"),
        "resume": lambda: register.change("producer", "P1", status="active"),
        "rename": lambda: register.change("product", "SP1", name=f"Nước mắm {number}"),
        "lapse": lambda: register.change("certificate", "CN-SP1", valid_until="2026-11-19"),
        "renew": lambda: register.change("certificate", "CN-SP1", valid_until="2027-11-19"),
        "shop": lambda: register.add("point_of_sale", point_of_sale(f"DB{number}")),
    }
    name = chance.choice(["activate"] * 6 + ["void"] * 2 + list(acts))
    try:
        acts[name]()
    except TemError:
        return None
    register.clock.advance(seconds=1)
    return name


def recall(register: Register, lot: str) -> None:
    notice = {"kind": "mandatory", "ordered_by": "Sở A", "reason_public": "kiểm nghiệm"}
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), "office:x#1", lot, notice)


def lift(register: Register, lot: str) -> None:
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), "office:x#1", lot, None)


@pytest.mark.parametrize("seed", range(3))
def test_a_follower_knows_what_a_full_load_and_the_registry_know(
    register: Register, mint: Mint, open_verifier: Opener, seed: int
) -> None:
    """After every few random acts of the registry the one that read only what was new, one
    that reads everything now and the registry itself give one answer for every stamp."""
    chance = random.Random(seed)
    for lot in range(1, 5):
        register.lot(f"L{lot}")
    minted = {number: publish(register, mint.sign(number, 40)) for number in (1, 2, 3)}
    follower = open_verifier()
    for round in range(4):
        tried = [
            random_act(register, chance, 100 * round + n) for n in range(chance.randint(2, 20))
        ]
        done = [name for name in tried if name]
        follower.index.catch_up()
        whole = open_verifier("whole")
        assert follower.index.view.batches.keys() == whole.index.view.batches.keys()
        assert follower.index.view.cards == whole.index.view.cards, done
        for number, batch in whole.index.view.batches.items():
            assert follower.index.view.batches[number].ranges == batch.ranges, done
        with register.read() as connection:
            for number, one in minted.items():
                for index in chance.sample(range(1, 41), 12):
                    expected = verdicts.ask(connection, str(number), index, register.clock())
                    del expected["facts"], expected["as_of"]
                    for reader in (follower, whole):
                        found = reader.lookup.answer(one.text(index))
                        del found["as_of"]
                        assert found == expected, (done, number, index)


def test_an_act_is_known_after_the_next_reading(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """A batch, its activation and its void each show as soon as the change number was seen."""
    reader = open_verifier()
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
    register.activate("L1", 1, 1, 10)
    assert reader.verdict(batch.text(5)) == "OK"
    register.void(1, 5, 5)
    assert [reader.verdict(batch.text(i)) for i in (4, 5, 6)] == ["OK", "VOID", "OK"]


def test_a_batch_published_a_moment_ago_is_not_slandered(
    register: Register, mint: Mint, open_verifier: Opener
) -> None:
    """A code of a batch not seen yet makes the verifier read before it answers."""
    reader = open_verifier()
    reader.index.readings._tried = 0.0
    one = publish(register, mint.sign(1))
    assert reader.lookup.answer(one.text(1))["verdict"] == "NOT_ACTIVATED"


def go_back(register: Register, change: int) -> None:
    with register.write() as connection:
        connection.execute(update(published.state).values(change=change))


def test_going_back_is_refused_until_an_operator_decides(
    register: Register,
    batch: Minted,
    open_verifier: Opener,
    alarms: Alarms,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A registry that stands before what was read is not followed, not even once its numbers
    have caught up; answers keep their older as_of, one alarm is raised, and only
    accept-restore makes every worker read everything anew."""
    register.activate("L1", 1, 1, 10)
    one, other = open_verifier("same"), open_verifier("same")
    assert [v.verdict(batch.text(5)) for v in (one, other)] == ["OK", "OK"]
    as_of = one.ask(batch.text(5))["as_of"]
    position = one.index.view.position
    assert position is not None
    go_back(register, position.change - 1)
    register.clock.advance(seconds=30)
    assert one.ask(batch.text(5))["as_of"] == as_of
    one.index.catch_up()
    assert alarms("went_back") == 1

    go_back(register, position.change - 3)  # a restore: acts made again carry numbers seen before
    register.void(1, 5, 5)
    register.void(1, 6, 6)
    register.void(1, 7, 7)
    register.void(1, 8, 8)
    assert one.verdict(batch.text(5)) == other.verdict(batch.text(5)) == "OK"
    assert open_verifier("same").verdict(batch.text(5)) == "UNAVAILABLE"

    monkeypatch.setenv("TEM_VERIFIER_DATABASE_URL", one.config.database_url)
    monkeypatch.setenv("TEM_TRUST_FILE", str(one.config.trust_file))
    commands.main(["accept-restore", "--yes"], standalone_mode=False)
    for reader in (one, other, open_verifier("same")):
        assert [reader.verdict(batch.text(i)) for i in (4, 5, 8)] == ["OK", "VOID", "VOID"]
    assert one.ask(batch.text(5))["as_of"] > as_of


def test_another_epoch_is_not_followed(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """A registry with another epoch is another registry, however far it has counted."""
    reader = open_verifier()
    with register.write() as connection:
        connection.execute(update(published.state).values(epoch="f" * 32, change=10**6))
    register.void(1, 5, 5)
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
    assert alarms("went_back") == 1
    with reader.store.begin() as connection:
        storage.accept_restore(connection)
    assert reader.verdict(batch.text(5)) == "VOID"


def test_two_workers_never_take_each_other_for_a_step_back(
    register: Register,
    batch: Minted,
    open_verifier: Opener,
    alarms: Alarms,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker whose neighbour reads on in the middle of its own reading raises no alarm."""
    one, other = open_verifier("same"), open_verifier("same")
    remembered = one.index.acceptance.position

    def meanwhile() -> storage.ReadPosition:
        register.void(1, 5, 5)
        other.index.catch_up()
        return remembered()

    monkeypatch.setattr(one.index.acceptance, "position", meanwhile)
    assert one.verdict(batch.text(5)) == "VOID"
    assert alarms("went_back") == 0


@IN_A_FILE
def test_without_a_registry_nothing_is_unknown(
    register: Register, mint: Mint, open_verifier: Opener, tmp_path: Path, alarms: Alarms
) -> None:
    """A verifier that never could read answers UNAVAILABLE to every legible code, and raises
    one alarm however often it tries; once the registry is there it answers."""
    reader = open_verifier("early", f"sqlite:///{tmp_path / 'absent.db'}")
    code = mint.sign(1).text(1)
    for _ in range(5):
        assert reader.verdict(code) == "UNAVAILABLE"
    assert reader.verdict("1") == "MALFORMED"
    assert alarms("published_unreadable") == 1
    trouble = ("tem_verifier_trouble", {"kind": "published_unreadable"})
    assert REGISTRY.get_sample_value(*trouble) == 1
    (tmp_path / "absent.db").write_bytes(backup(register))
    assert reader.verdict(code) == "UNKNOWN"
    assert REGISTRY.get_sample_value(*trouble) == 0


def test_in_an_outage_what_is_known_is_told_with_its_age(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """While the tables cannot be read, known stamps keep their answers under the old as_of;
    a batch that is not known may be new, so it is UNAVAILABLE and not UNKNOWN."""
    reader = open_verifier()
    before = reader.ask(batch.text(5))
    stranger = mint.sign(77).text(1)
    assert reader.verdict(stranger) == "UNKNOWN"
    with damaging(register) as connection:
        connection.execute(delete(published.state))
    register.clock.advance(minutes=10)
    assert reader.ask(batch.text(5)) == before
    assert reader.verdict(batch.text(5)[:-1] + "0") in ("UNKNOWN", "NOT_ACTIVATED")
    assert reader.ask(stranger)["verdict"] == "UNAVAILABLE"
    assert alarms("published_unreadable") == 1


@IN_A_FILE
def test_a_locked_registry_stops_no_answer(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """A registry in the middle of a long act is read as it was before."""
    reader = open_verifier()
    with register.write() as connection:
        connection.execute(update(published.state).values(change=10**6))
        assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
        connection.rollback()


@IN_A_FILE
def test_a_database_made_anew_is_not_believed(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """An empty registry in the place of the old one is a step back: no stamp turns unknown."""
    reader = open_verifier()
    register.engine.dispose()
    file_of(register).unlink()
    make_tables(register.engine)
    register.populate()
    again = open_verifier()  # the same memory, freshly started
    assert again.verdict(batch.text(5)) == "UNAVAILABLE"
    assert reader.lookup.answer(batch.text(5))["verdict"] == "NOT_ACTIVATED"
    assert alarms("went_back") >= 1


@IN_A_FILE
def test_a_replaced_database_is_noticed_while_running(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """An older file put in the place of the one being read is noticed at the next reading."""
    older = backup(register)
    register.void(1, 5, 5)
    reader = open_verifier()
    assert reader.verdict(batch.text(5)) == "VOID"
    replace_file(register, file_of(register), older)
    assert reader.verdict(batch.text(5)) == "VOID"
    assert alarms("went_back") == 1


def test_one_bad_row_spoils_no_other_answer(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """Holes in the publication (a missing card, range or batch) make those stamps UNAVAILABLE,
    with an alarm, and leave the others as they are."""
    register.activate("L1", 1, 1, 10)
    two = publish(register, mint.sign(2, product="SP3", producer="P2"))
    with damaging(register) as connection:
        card, interval = published.card.c, published.interval.c
        connection.execute(delete(published.card).where(card.kind == "lot"))
        connection.execute(delete(published.interval).where(interval.batch == 2))
        connection.execute(
            published.interval.insert().values(batch=9, first=1, last=9, state="void", change=1)
        )
        connection.execute(
            update(published.card).where(card.id == "P2").values(body='{"name": "half a card"}')
        )
    reader = open_verifier()
    assert [reader.verdict(batch.text(i)) for i in (1, 11)] == ["UNAVAILABLE", "NOT_ACTIVATED"]
    assert reader.verdict(two.text(1)) == "UNAVAILABLE"
    assert alarms("publication_incomplete") >= 3


def test_fsck_tells_what_does_not_fit(
    register: Register, batch: Minted, open_verifier: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verifier's own check is silent when all fits, and names a registry that went back or
    a batch that was published anew."""
    reader = open_verifier()
    monkeypatch.setenv("TEM_VERIFIER_DATABASE_URL", reader.config.database_url)
    monkeypatch.setenv("TEM_PUBLISHED_DATABASE_URL", reader.config.published_url)
    here = Installation.at(reader.config.folder)
    assert list(fsck.check(here)) == []
    go_back(register, 1)
    with register.write() as connection:
        connection.execute(update(published.batch).values(manifest="{}"))
    assert [fault.split()[0] for fault in fsck.check(here)] == ["the", "batch"]
    with damaging(register) as connection:
        connection.execute(delete(published.state))
    assert "no position" in next(iter(fsck.check(here)))
