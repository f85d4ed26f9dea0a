"""Snapshots: what is read from one, with what changed since, is what the registry says."""

import gc
import os
import random
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.registry.records import Register, contract, point_of_sale
from tests.running import until
from tests.verifier.conftest import Opener, Verifier, damaging
from tests.verifier.mint import Mint, Minted, publish
from tests.verifier.test_front import application, require_same
from tests.verifier.test_index import lift, random_act, recall

from tem.databases import published
from tem.errors import Unavailable
from tem.http.web import Wiring
from tem.manifest import digest
from tem.process import hold_lock
from tem_registry import publication, verdicts
from tem_verifier.app import build
from tem_verifier.index import Index
from tem_verifier.rendering import Renderer
from tem_verifier.snapshot.snapshot import Snapshot
from tem_verifier.snapshot.snapshots import Snapshots, path_of
from tem_verifier.storage import accept_restore

Alarms = Callable[[str], float]


def verdicts_of(reader: Verifier, one: Minted, *indexes: int) -> list[str]:
    return [reader.verdict(one.text(index)) for index in indexes]


@pytest.mark.parametrize("seed", range(2))
def test_a_snapshot_and_what_changed_since_are_the_record(
    register: Register, mint: Mint, open_verifier: Opener, seed: int
) -> None:
    """After every few random acts a verifier upon a snapshot, made anew at random moments, and
    one that holds everything in memory know the same batches, ranges and cards, and say of every
    stamp what the registry says."""
    chance = random.Random(seed)
    for lot in range(1, 5):
        register.lot(f"L{lot}")
    minted = {number: publish(register, mint.sign(number, 40)) for number in (1, 2, 3)}
    open_verifier("based").snapshot()
    based, held = open_verifier("based", based=True), open_verifier("held")
    app = application(based)
    for round in range(5):
        for n in range(chance.randint(2, 12)):
            random_act(register, chance, 100 * round + n)
        register.clock.advance(days=chance.choice((0, 0, 1, 40)))
        if chance.random() < 0.4:
            based.snapshot()
        based.index.catch_up()
        held.index.catch_up()
        assert based.index.view.base is not None and held.index.view.base is None
        assert set(based.index.view.numbers()) == set(held.index.view.numbers())
        for key in held.index.view.cards:
            assert based.index.view.card(*key) == held.index.view.card(*key)
        with register.read() as connection:
            for number, one in minted.items():
                ours, theirs = based.index.view.batch(number), held.index.view.batch(number)
                assert ours and theirs and ours.ranges == theirs.ranges
                for index in chance.sample(range(1, 41), 3):
                    require_same(app, one.text(index))
                for index in chance.sample(range(1, 41), 8):
                    expected = verdicts.ask(connection, str(number), index, register.clock())
                    found = based.lookup.answer(one.text(index))
                    del expected["facts"], expected["as_of"], found["as_of"]
                    assert found == expected


def test_codes_are_checked_by_the_tables_of_a_snapshot(
    batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """A forgery, another batch's code, a canary and an index behind the last are unknown; the
    canary raises its alarm; the tables that the snapshot holds leave the cache."""
    first = open_verifier("based")
    assert list(first.config.fingerprints.iterdir())
    first.snapshot()
    assert not list(first.config.fingerprints.iterdir())
    reader = open_verifier("based", based=True)
    accepted = reader.index.view.batch(1)
    assert accepted and accepted.accepted and accepted.accepted.fingerprints is not None
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
    strangers = mint.sign(1), mint.sign(2)
    assert verdicts_of(reader, strangers[0], 5, 100) == ["UNKNOWN", "UNKNOWN"]
    assert reader.verdict(strangers[1].text(5)) == "UNKNOWN"
    assert verdicts_of(reader, batch, 101, 104) == ["UNKNOWN", "UNKNOWN"]
    assert alarms("canary_seen") == 1
    assert alarms("fingerprints_missing") == 0


def test_without_room_for_tables_the_signature_decides(
    register: Register, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """Only the youngest batches that fit have a table; of the others genuine codes are known by
    their signature, forged ones are not, and nobody is alarmed."""
    old, young = publish(register, mint.sign(1)), publish(register, mint.sign(2))
    maker = open_verifier("based")
    maker.config = maker.config.__class__(**{**_fields(maker), "fingerprints_mb": 0})
    maker.snapshot()
    reader = open_verifier("based", based=True)
    for one in (old, young):
        found = reader.index.view.batch(one.made.batch)
        assert found and found.accepted and found.accepted.fingerprints is None
        assert reader.verdict(one.text(5)) == "NOT_ACTIVATED"
        assert reader.verdict(mint.sign(one.made.batch).text(5)) == "UNKNOWN"
    assert alarms("fingerprints_missing") == 0


def _fields(reader: Verifier) -> dict[str, object]:
    return {name: getattr(reader.config, name) for name in reader.config.__slots__}


def test_whom_we_believe_is_asked_again_of_a_snapshot(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener
) -> None:
    """An office key frozen after the snapshot was made takes its batches away at once, a listed
    digest keeps one, and trust given back gives them back."""
    two = publish(register, mint.sign(2))
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    register.activate("L1", 1, 1, 10)
    assert verdicts_of(reader, batch, 5) + verdicts_of(reader, two, 5) == ["OK", "NOT_ACTIVATED"]
    mint.trust(frozen=True, accepted=frozenset({digest(two.manifest)}))
    for one in (reader, open_verifier("based", based=True)):
        found = verdicts_of(one, batch, 5, 50) + verdicts_of(one, two, 5)
        assert found == ["UNAVAILABLE", "UNAVAILABLE", "NOT_ACTIVATED"]
    mint.trust(frozen=True)
    open_verifier("based").snapshot()
    mint.trust()
    for one in (reader, open_verifier("based", based=True)):
        found = verdicts_of(one, batch, 5, 50) + verdicts_of(one, two, 5)
        assert found == ["OK", "NOT_ACTIVATED", "NOT_ACTIVATED"]


def test_a_hole_in_the_publication_is_no_answer_of_a_snapshot(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """Where a card or a range was missing when the snapshot was made its stamps are UNAVAILABLE,
    with an alarm, and the others are answered."""
    register.activate("L1", 1, 1, 10)
    with damaging(register) as connection:
        card, interval = published.card.c, published.interval.c
        connection.execute(published.card.delete().where(card.kind == "lot"))
        connection.execute(published.interval.update().where(interval.first == 11).values(first=21))
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    told = verdicts_of(reader, batch, 10, 20, 21, 100)
    assert told == ["UNAVAILABLE", "UNAVAILABLE", "NOT_ACTIVATED", "NOT_ACTIVATED"]
    assert alarms("publication_incomplete") == 2


def test_a_snapshot_of_another_life_is_left_alone(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """After an operator has accepted a restore, or damaged, a snapshot is not used: everything is
    read again."""
    maker = open_verifier("based")
    maker.snapshot()
    assert open_verifier("based", based=True).index.view.base is not None
    with maker.store.begin() as connection:
        accept_restore(connection)
    assert open_verifier("based", based=True).index.view.base is None
    maker.index.catch_up()
    maker.snapshot()
    path = maker.snapshot_file
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[-5000] ^= 1
    for damage in (b"", b"{}", content[:1000], content[:-1], b" " * len(content), flipped):
        path.unlink()
        path.write_bytes(damage)
        reader = open_verifier("based", based=True)
        assert reader.index.view.base is None
        assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"


def test_another_versions_snapshot_serves_until_ours_is_made(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """After an upgrade the facts of the old snapshot are used and its answers are not, and ours is
    asked for; so it is when fingerprints may take more room than they were given."""
    register.activate("L1", 1, 1, 10)
    maker = open_verifier("based")
    maker.snapshot()
    asked: list[int] = []

    def start(lock: int) -> "subprocess.Popen[bytes]":
        asked.append(lock)
        raise OSError("no process may be started here")

    for rendered_by, table_bytes in (
        ("another", maker.config.table_bytes),
        (Renderer().fingerprint, 0),
    ):
        snapshots = Snapshots(maker.config.snapshots, rendered_by, table_bytes, start)
        index = Index(maker.source, maker.index.acceptance, maker.clock, snapshots, 0)
        index.catch_up()
        assert index.view.base is not None
        assert index.view.base.is_rendered is (rendered_by != "another")
        wiring = Wiring(maker.store, maker.clock)
        require_same(build(maker.config, wiring, index), batch.text(1))
    assert len(asked) == 2


def test_a_maker_that_hangs_is_ended(
    batch: Minted, open_verifier: Opener, monkeypatch: pytest.MonkeyPatch, alarms: Alarms
) -> None:
    """After its time it is killed, told, and its lock is free."""
    maker = open_verifier("based")
    snapshots = Snapshots(
        maker.config.snapshots,
        "ours",
        0,
        lambda lock: subprocess.Popen(["sleep", "60"], pass_fds=(lock,)),
    )
    snapshots.make()
    assert snapshots.is_making()
    monkeypatch.setattr("tem_verifier.snapshot.snapshots.MOST_SECONDS", 0.0)
    assert not snapshots.is_making()
    assert alarms("snapshot_not_made") == 1
    os.close(hold_lock(maker.config.snapshots / "ours.lock"))


def test_nobody_makes_a_snapshot_while_nobody_is_believed(
    batch: Minted, mint: Mint, open_verifier: Opener
) -> None:
    """While the trust file cannot be read none is made, in which nothing would be believed."""
    mint.trust_file.write_bytes(b"{")
    maker = open_verifier("based")
    with pytest.raises(Unavailable, match="cannot be read"):
        maker.snapshot()


def test_no_snapshot_is_made_of_a_registry_that_went_back(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """What stands before what was read already is not laid down for good."""
    reader = open_verifier()
    register.activate("L1", 1, 1, 10)
    reader.index.catch_up()
    with register.write() as connection:
        connection.execute(published.state.update().values(change=published.state.c.change - 1))
    with pytest.raises(Unavailable):
        reader.snapshot()
    assert not reader.snapshot_file.exists()


def test_what_is_too_large_to_hold_is_made_into_a_snapshot_beside_us(
    register: Register,
    batch: Minted,
    open_verifier: Opener,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A verifier that would have to hold more rows than it may answers UNAVAILABLE until a
    process of its own has made the snapshot; many changes later another one is made, and the
    answers go on meanwhile."""
    config = open_verifier("large").config
    monkeypatch.setenv("TEM_DATA", str(tmp_path / "installation"))
    monkeypatch.setenv("TEM_VERIFIER_DATABASE_URL", config.database_url)
    monkeypatch.setenv("TEM_PUBLISHED_DATABASE_URL", config.published_url)
    monkeypatch.setenv("TEM_TRUST_FILE", str(config.trust_file))
    folder = tmp_path / "installation" / "verifier" / "index"
    again = open_verifier("large")
    snapshots = Snapshots(folder, Renderer().fingerprint, again.config.table_bytes)
    monkeypatch.setattr("tem_verifier.snapshot.snapshots.AGAIN_SECONDS", 0.0)
    again.index = Index(again.source, again.index.acceptance, register.clock, snapshots, 5)
    again.lookup._index = again.index
    assert again.verdict(batch.text(5)) == "UNAVAILABLE"
    until(lambda: again.verdict(batch.text(5)) == "NOT_ACTIVATED")
    first = again.index.view.base
    assert (
        first is not None
        and Snapshot(path_of(folder, Renderer().fingerprint)).change == first.change
    )
    for index in range(1, 10):
        register.void(1, index, index)
        assert again.verdict(batch.text(index)) == "VOID"
    until(lambda: again.ask(batch.text(5)) and again.index.view.base is not first)
    assert again.verdict(batch.text(9)) == "VOID"
    until(lambda: not snapshots.is_making())


def test_a_snapshot_that_is_gone_stops_nobody(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """Whoever has mapped a snapshot goes on following upon it when the file is deleted, damaged
    or replaced by another version's."""
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    reader.index._most_rows = 0  # it could hold nothing by itself
    base, file = reader.index.view.base, reader.snapshot_file
    for index, spoil in enumerate(
        (file.unlink, lambda: file.write_bytes(b"{}"), lambda: file.write_bytes(b"")), start=1
    ):
        spoil()
        reader.index._snapshots.make = lambda: None  # type: ignore[union-attr, method-assign]
        register.void(1, index, index)
        assert reader.verdict(batch.text(index)) == "VOID"
        assert reader.index.view.base is base


def test_what_other_versions_left_behind_is_deleted(batch: Minted, open_verifier: Opener) -> None:
    """A snapshot of a version that runs no more goes after two days, one of yesterday stays."""
    maker = open_verifier("based")
    maker.snapshot()
    now = maker.clock().timestamp()
    for name, days in (("old", 3), ("young", 1)):
        path = path_of(maker.config.snapshots, name)
        path.write_bytes(b"")
        os.utime(path, (now - days * 86400,) * 2)
    maker.snapshot()
    left = {path.stem for path in maker.config.snapshots.glob("*.snapshot")}
    assert left == {"young", maker.snapshot_file.stem}


def test_answers_that_no_snapshot_holds_are_let_go_with_it(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """What was rendered beside one snapshot keeps neither it nor itself once there is another."""
    register.activate("L1", 1, 1, 10)
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    app = application(reader)
    register.change("product", "SP1", name="Nước mắm khác")
    reader.index.catch_up()
    require_same(app, batch.text(1))
    kept, gone = app.front._answering._renderings, weakref.ref(reader.index.view.base)
    assert len(kept) == 1
    reader.snapshot()
    reader.index.catch_up()
    require_same(app, batch.text(1))
    assert len(kept) == 0 or reader.index.view.base is not gone()
    gc.collect()
    assert gone() is None


def test_a_shop_published_later_is_shown(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """A product that names a shop which is not published yet shows it as soon as it is."""
    register.activate("L1", 1, 1, 10)
    register.add("point_of_sale", point_of_sale("DB1"))
    register.add("contract", contract("HD1", "DB1", "P1", "SP1"))
    with damaging(register) as connection:
        shop = (published.card.c.kind == "pos") & (published.card.c.id == "DB1")
        row = connection.execute(published.card.select().where(shop)).one()._asdict()
        connection.execute(published.card.delete().where(shop))
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    app = application(reader)
    assert "points_of_sale" not in reader.ask(batch.text(1))
    require_same(app, batch.text(1))
    with register.write() as connection:
        change = publication.next_change(connection, register.clock())
        connection.execute(published.card.insert().values({**row, "change": change}))
    assert "points_of_sale" in reader.ask(batch.text(1))
    require_same(app, batch.text(1))


def test_a_command_that_cannot_make_one_says_why(tmp_path: Path) -> None:
    """Without a registry the process ends with 1 and a line that names the reason."""
    done = subprocess.run(
        [sys.executable, "-m", "tem_verifier.snapshot"],
        env={"TEM_DATA": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "snapshot_failed" in done.stdout + done.stderr


def test_a_recall_after_the_snapshot_reaches_every_stamp_of_the_lot(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """A card written since makes every answer that was made with it anew."""
    register.activate("L1", 1, 1, 10)
    open_verifier("based").snapshot()
    reader = open_verifier("based", based=True)
    assert verdicts_of(reader, batch, 1, 10) == ["OK", "OK"]
    recall(register, "L1")
    assert verdicts_of(reader, batch, 1, 10) == ["RECALLED", "RECALLED"]
    lift(register, "L1")
    assert verdicts_of(reader, batch, 1, 10) == ["OK", "OK"]
