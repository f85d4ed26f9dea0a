"""Offline packs from the registry's record to a till: made, handed out, asked."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update
from tests.conftest import SetClock
from tests.pack_mint import PackMint
from tests.registry.records import OFFICE, Register
from tests.verifier.conftest import Site, Verifier, damaging
from tests.verifier.mint import PREFIX, Mint, Minted, publish

from tem import ed25519, trust
from tem.cli import main
from tem.databases import published
from tem.databases.database import writing
from tem.http import auth
from tem.pack import reader, trust_list
from tem.pack.reader import Pack
from tem.pack.refusals import PackRefused
from tem.stampcode import FIRST_TEST_BATCH
from tem.vocabulary import Role
from tem_registry.lots import recall_acts
from tem_registry.packs import kept_packs
from tem_registry.packs.kept_packs import Made
from tem_registry.packs.making import Maker
from tem_verifier.rates import Rate

ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@dataclass
class Till:
    """A maker of packs and who reads them."""

    maker: Maker
    key_file: Path
    trust_file: Path
    clock: SetClock

    def make(self, after: timedelta = timedelta(minutes=1)) -> Made:
        """The pack that is due after a while."""
        self.clock.now += after
        made = self.maker.if_due()
        assert made is not None
        return made

    def open(self, *made: Made) -> Pack:
        """What a till reads out of frames."""
        trusted = trust_list.parse(self.trust_file.read_text("utf-8"))
        return reader.open_pack(b"".join(m.content for m in made), trusted, 0, ed25519.verifies)


def maker_of(register: Register, mint: Mint, key_file: Path) -> Maker:
    return Maker(register.engine, register.clock, mint.trust_file, key_file, PREFIX, 7)


@pytest.fixture
def till(register: Register, mint: Mint, clock: SetClock, tmp_path: Path) -> Iterator[Till]:
    """A maker with a key that the office of the verifiers vouches for."""
    key_file = tmp_path / "pack-key.json"
    key_file.write_text(PackMint(mint.office).handed_over().write())
    made = Till(maker_of(register, mint, key_file), key_file, mint.trust_file, clock)
    yield made
    made.maker.close()


def recall(register: Register, lot: str) -> None:
    notice = {"kind": "mandatory", "ordered_by": "Office", "reason_public": "x"}
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, lot, notice)


def test_a_pack_answers_as_the_verifier_does(
    register: Register, reader: Verifier, batch: Minted, mint: Mint, till: Till
) -> None:
    """A full frame, then deltas of acts, a new batch and a recall: each answer is the online one
    less the points of sale, and what the record says of packs is whole."""
    register.void(1, 50, 60)
    full = till.make()
    register.lot("L2")
    register.activate("L2", 1, 11, 20)
    other = publish(register, mint.sign(2, 10))
    register.revoke(1, 1, 5)
    recall(register, "L1")
    delta = till.make()
    assert (full.base, delta.base) == (None, full.sequence)
    before, after = till.open(full), till.open(full, delta)
    codes = [batch.text(index) for index in (1, 7, 15, 30, 55, 100, 101)]
    for code in (*codes, other.text(1), other.text(11)):
        offline, online = after.answer(code, till.clock()), reader.ask(code)
        assert _common(offline) == _common(online)
    assert before.answer(batch.text(7), till.clock())["verdict"] == "OK"
    assert after.answer(batch.text(7), till.clock())["verdict"] == "RECALLED"
    with register.read() as connection:
        assert list(kept_packs.faults(connection, trust.load(till.trust_file))) == []


def _common(answer: dict[str, Any]) -> dict[str, Any]:
    shown = {"product": ("product_id", "name"), "producer": ("producer_id", "name")}
    out = {k: v for k, v in answer.items() if k not in ("as_of", "points_of_sale")}
    return out | {k: [out[k][n] for n in names] for k, names in shown.items() if k in out}


@ONE_ENGINE
def test_packs_are_made_when_they_are_due(register: Register, reader: Verifier, till: Till) -> None:
    """At once after some quiet, every ten seconds while act follows act, every five minutes for a
    younger ``as_of``; a full one when its day is over."""
    full = till.make()
    till.clock.now += timedelta(seconds=9)
    assert till.maker.if_due() is None
    register.void(1, 50, 50)
    assert till.maker.if_due() is None
    assert till.make(timedelta(seconds=1)).base == full.sequence
    assert till.maker.if_due() is None
    assert till.make(timedelta(minutes=5)).base == full.sequence
    assert till.make(timedelta(days=1)).base is None


@ONE_ENGINE
def test_a_changed_trust_list_makes_a_full_pack_and_silences_batches(
    register: Register, reader: Verifier, batch: Minted, mint: Mint, till: Till
) -> None:
    """At once. What nobody vouches for is UNAVAILABLE; a frozen office key makes no pack at all.
    What is kept is as whole as before: `tem fsck` finds no fault in it, unless it was altered."""
    till.make()
    mint.trust(last_batch=FIRST_TEST_BATCH)
    assert till.make(timedelta(0)).base is None
    mint.trust(first_batch=2)
    made = till.make(timedelta(0))
    assert made.base is None
    assert till.open(made).answer(batch.text(1), till.clock())["verdict"] == "UNAVAILABLE"
    mint.trust(frozen=True)
    assert till.maker.if_due() is None
    with register.read() as connection:
        assert list(kept_packs.faults(connection, trust.load(mint.trust_file))) == []
    mint.trust()
    piece = published.pack_piece
    with register.write() as connection:
        of_made = piece.c.sequence == made.sequence
        content = connection.execute(select(piece.c.content).where(of_made)).scalar_one()
        altered = content[:-1] + bytes([content[-1] ^ 1])
        connection.execute(update(piece).where(of_made).values(content=altered))
        (told,) = kept_packs.faults(connection, trust.load(mint.trust_file))
    assert told.startswith(f"tills refuse the newest pack ({made.sequence})") and "damaged" in told


@ONE_ENGINE
def test_a_new_pack_key_makes_a_pack_at_once(
    register: Register, reader: Verifier, mint: Mint, till: Till
) -> None:
    """The one before may be vouched for no more; its full frame serves as before."""
    full = till.make()
    assert till.maker.if_due() is None
    till.key_file.write_text(PackMint(mint.office).handed_over().write())
    assert till.make(timedelta(0)).base == full.sequence


@ONE_ENGINE
@pytest.mark.parametrize("broken", [{"manifest": "x"}, {"number": 7}, {"product_id": "SP9"}])
def test_a_batch_that_was_written_to_stops_no_pack(
    register: Register,
    reader: Verifier,
    batch: Minted,
    mint: Mint,
    till: Till,
    broken: dict[str, Any],
) -> None:
    """It is UNAVAILABLE, in a delta and in the full pack, and the others answer as before."""
    other = publish(register, mint.sign(2, 10))
    full = till.make()
    with damaging(register) as connection:
        whole, change = published.batch, published.state.c.change
        connection.execute(update(published.state).values(change=change + 1))
        now = {**broken, "change": select(change).scalar_subquery()}
        connection.execute(update(whole).where(whole.c.number == 1).values(now))
    number = broken.get("number", 1)
    delta = till.make()
    assert delta.base == full.sequence
    for pack in (till.open(full, delta), till.open(till.make(timedelta(days=1)))):
        assert number in pack.content.unavailable
        assert pack.answer(other.text(1), till.clock())["verdict"] == "NOT_ACTIVATED"


@ONE_ENGINE
def test_a_delta_that_a_till_would_refuse_goes_to_nobody(
    register: Register, reader: Verifier, batch: Minted, till: Till
) -> None:
    """It is read behind its full frame first; the next try is a full one."""
    full = till.make()
    with damaging(register) as connection:
        change = published.state.c.change
        connection.execute(update(published.state).values(change=change + 1))
        now = {"state": "lost", "change": select(change).scalar_subquery()}
        connection.execute(update(published.interval).values(now))
    with pytest.raises(PackRefused):
        till.make()
    with register.read() as connection:
        kept = connection.execute(select(published.pack.c.sequence)).scalars().all()
    assert kept == [full.sequence]
    with damaging(register) as connection:
        connection.execute(update(published.interval).values(state="issued"))
    assert till.make().base is None


def test_one_maker_at_a_time(register: Register, reader: Verifier, mint: Mint, till: Till) -> None:
    """A second follower makes nothing until the first ends, and whoever takes over begins with a
    full frame; sequences rise above a clock that was set back; few frames are kept, and whole."""
    last = till.make()
    second = maker_of(register, mint, till.key_file)
    assert second.if_due() is None
    for _ in range(4):
        made = till.make(timedelta(hours=-5))
        assert made.sequence > last.sequence
        last = made
    kept = select(func.count()).select_from(published.pack)
    with register.read() as connection:
        assert connection.execute(kept).scalar() == kept_packs.FULLS_KEPT
        assert list(kept_packs.faults(connection, trust.load(till.trust_file))) == []
    till.maker.close()
    taken_over = second.if_due()
    assert taken_over is not None and taken_over.sequence > last.sequence
    second.close()
    assert till.make(timedelta(minutes=5)).base is None


@ONE_ENGINE
def test_fsck_finds_packs_that_are_not_whole(
    register: Register, reader: Verifier, till: Till
) -> None:
    """A piece that is lost, a number that is another one, a delta without its full frame."""
    full = till.make()
    till.make(timedelta(minutes=5))
    damage = {
        "is not whole": update(published.pack_piece).values(content=b"x"),
        "says to be pack": update(published.pack).values(change=99),
        "no earlier full pack": update(published.pack)
        .where(published.pack.c.base == full.sequence)
        .values(base=1),
        "without it": update(published.pack_piece)
        .where(published.pack_piece.c.sequence == full.sequence)
        .values(sequence=5),
    }
    trusted = trust.load(till.trust_file)
    for told, statement in damage.items():
        with damaging(register) as connection:
            connection.execute(statement)
            assert any(told in fault for fault in kept_packs.faults(connection, trusted)), told
            connection.rollback()


def _left(answer: Any) -> int:
    """Look-ups that a key has left, by the headers of an answer."""
    return int(answer.headers["RateLimit"].partition("r=")[2].partition(";")[0])


def key_of(reader: Verifier, clock: SetClock) -> dict[str, str]:
    with writing(reader.store) as connection:
        key = auth.create_key(connection, clock(), "test", Role.RETAILER, "mart")
    return {"Authorization": f"Bearer {key}"}


@ONE_ENGINE
def test_the_verifier_hands_out_what_was_made(
    register: Register, reader: Verifier, site: Callable[..., Site], till: Till, clock: SetClock
) -> None:
    """The whole file, then with ``have`` the delta alone; what is held is not sent again. A full
    frame costs a hundred look-ups, a delta one."""
    client, _ = site(retailer_rate=Rate(1000, 60))
    headers, path = key_of(reader, clock), "/v1/packs/latest"
    assert client.get(path).status_code == 401
    none = client.get(path, headers=headers)
    assert (none.status_code, none.json and none.json["code"]) == (503, "no_pack_yet")
    full = till.make()
    assert client.get(f"{path}?have={full.sequence}", headers=headers).status_code == 204
    delta = till.make(timedelta(minutes=5))
    whole = client.get(path, headers=headers)
    assert whole.data == full.content + delta.content
    assert whole.content_type == "application/vnd.tem.pack"
    held = {**headers, "If-None-Match": whole.headers["ETag"]}
    assert client.get(path, headers=held).status_code == 304
    assert client.get(f"{path}?have={full.sequence}", headers=held).data == delta.content
    assert client.get(f"{path}?have=5", headers=headers).data == whole.data
    one = client.get(f"/v1/packs/{full.sequence}", headers=headers)
    assert one.data == full.content
    some = client.get(f"{path}?have={full.sequence}", headers=headers)
    first, second, third = (_left(answer) for answer in (whole, one, some))
    assert (first - second, second - third) == (1 + 1 + 100 + 100, 1)
    for gone in ("5", "0", "latest1", "9" * 30):
        answer = client.get(f"/v1/packs/{gone}", headers=headers)
        assert (answer.status_code, answer.json and answer.json["code"]) == (404, "no_such_pack")


@ONE_ENGINE
def test_a_registry_that_went_back_hands_out_no_packs(
    register: Register, reader: Verifier, site: Callable[..., Site], till: Till, clock: SetClock
) -> None:
    """Another life of the record is not served before an operator has taken it, nor the same one
    before it stands again where look-ups have read it."""
    client, _ = site()
    headers = key_of(reader, clock)
    till.make()
    assert client.get("/v1/packs/latest", headers=headers).status_code == 200
    for went_back in ({"change": published.state.c.change - 1}, {"epoch": "0" * 32, "change": 99}):
        with damaging(register) as connection:
            connection.execute(update(published.state).values(went_back))
        answer = client.get("/v1/packs/latest", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "record_in_doubt")


@ONE_ENGINE
def test_a_frame_that_is_not_whole_is_not_handed_out(
    register: Register, reader: Verifier, site: Callable[..., Site], till: Till, clock: SetClock
) -> None:
    """On a replica a pack may be there before its last piece."""
    client, headers = site()[0], key_of(reader, clock)
    made = till.make()
    with damaging(register) as connection:
        connection.execute(update(published.pack_piece).values(content=made.content[:-1]))
    answers = [
        client.get(f"/v1/packs/{which}", headers=headers) for which in ("latest", made.sequence)
    ]
    assert [(answer.status_code, answer.get_json()["code"]) for answer in answers] == [
        (503, "pack_unavailable"),
        (404, "no_such_pack"),
    ]


@ONE_ENGINE
def test_a_code_is_checked_on_the_command_line(
    register: Register, reader: Verifier, batch: Minted, till: Till, tmp_path: Path
) -> None:
    """Words, JSON, exit statuses; a bad byte is no code; the highest sequence seen is remembered
    beside the file. The installation's own trust list counts, else the one beside the pack."""
    file, at = tmp_path / "till" / "tem.pack", "2026-11-20T03:00:00Z"
    file.parent.mkdir()
    beside, own = file.with_name("trust.json"), tmp_path / "trust.json"
    own.write_bytes(till.trust_file.read_bytes())
    beside.write_text("{}")
    older = till.make()
    newer = till.make(timedelta(minutes=5))
    file.write_bytes(older.content + newer.content)

    def check(code: str, *more: str, lines: bytes = b"") -> Any:
        given = ["verifier", "check", code, "--pack", str(file), "--at", at, *more]
        given += ["--data", str(tmp_path)]
        return CliRunner().invoke(main, given, input=lines)

    fine = check(PREFIX + batch.text(1))
    assert (fine.exit_code, "ALLOW: OK" in fine.output) == (0, True)
    assert f"pack {newer.sequence}" in fine.output
    assert f"Trust list: {own}" in fine.output
    lines = b"\n".join((batch.text(99).encode(), b"1\xff", batch.text(1).encode()))
    many = check("-", "--json", lines=lines)
    assert many.exit_code == 3
    told = [json.loads(line) for line in many.output.splitlines()]
    assert [one["verdict"] for one in told] == ["NOT_ACTIVATED", "MALFORMED", "OK"]
    assert told[0]["pack"]["sequence"] == newer.sequence
    own.rename(beside)
    assert check(batch.text(101)).exit_code == 4
    file.write_bytes(older.content)
    refused = check(batch.text(1))
    assert (refused.exit_code, "pack_older_than_seen" in refused.output) == (5, True)
    file.write_bytes(older.content + newer.content)
    at = "2027-11-20T03:00:00Z"
    assert "pack_too_old" in check(batch.text(1)).output
