"""The office's keys: made with ceremony, changed with an overlap, lost, stolen; kills anywhere."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from tests.conftest import SetClock
from tests.issuer.issuer_support import Mint, all_settled, ended, fork, found_mint, signing, until

from tem import manifest, trust
from tem.cli import main
from tem.databases.database import writing
from tem.errors import Conflict, TemError
from tem.manifest import ManifestRefused
from tem.stampcode import MAX_BATCH
from tem.trust import OfficeKey, Trust
from tem_issuer import (
    first_start,
    freezing,
    fsck,
    keys,
    office_key_acts,
    office_key_making,
    office_keys,
    prints,
    storage,
)
from tem_issuer import office_key_rules as rules
from tem_issuer.storage import batch_table

OLD, NEW, THIRD = (OfficeKey(bytes([n]) * 32, first_batch=n * 10 + 1) for n in range(3))
CLOSED = replace(OLD, last_batch=14)


def tem(mint_or_data: Mint | Path, *words: object) -> Result:
    data = mint_or_data if isinstance(mint_or_data, Path) else mint_or_data.installation.data
    return CliRunner().invoke(main, ["issuer", *map(str, words), "--data", str(data)])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def known(mint: Mint) -> Trust:
    return trust.load(mint.settings.trust_file)


def ids(mint: Mint) -> list[str]:
    return list(known(mint).keys)


def key_acts(mint: Mint, key_id: str) -> list[str]:
    return [e.action.removeprefix("office_key.") for e in mint.trail(f"office-key:{key_id}")]


def signer_id(mint: Mint, number: int) -> str:
    """Who signed a released batch, as its manifest says and as the list of keys accepts."""
    batch = mint.batch(number)
    return known(mint).accept(batch.manifest or "", batch.signature or b"").office_key_id


def prepare(mint: Mint, wanted: int | None = None) -> OfficeKey:
    made, _ = office_key_making.prepare(
        mint.engine, mint.settings, mint.clock(), "test", None, wanted
    )
    return made


def activate(mint: Mint, key: OfficeKey) -> int:
    return office_key_acts.activate(mint.engine, mint.settings, mint.clock(), "test", key.id)


def retire(mint: Mint, key_id: str, lost: bool = False) -> bool:
    return office_key_acts.retire(mint.engine, mint.settings, mint.clock(), "test", key_id, lost)


def freeze(mint: Mint, key_id: str, *also: str) -> freezing.Frozen:
    return freezing.freeze(mint.engine, mint.settings, mint.clock(), "test", key_id, also)


def faults(mint: Mint) -> list[str]:
    return list(fsck.check(mint.installation))


# The rules.


@pytest.mark.parametrize(
    ("number", "usable", "signer"),
    [
        (5, [OLD], OLD),
        (5, [], None),
        (5, [NEW], None),
        (15, [OLD, NEW], OLD),
        (15, [NEW, OLD], OLD),
        (15, [CLOSED, NEW], NEW),
        (14, [CLOSED, NEW], CLOSED),
    ],
)
def test_who_signs(number: int, usable: list[OfficeKey], signer: OfficeKey | None) -> None:
    """Of the keys not frozen and at hand, one trusted for the number; the oldest goes first."""
    assert rules.signer_of(number, usable) == signer


@pytest.mark.parametrize(
    ("usable", "wanted", "gap"),
    [
        ([OLD], [4, 7], None),
        ([], [4, 7], (4, MAX_BATCH)),
        ([NEW], [4, 7], (4, 10)),  # the old one is gone, the new one is to begin with 11
        ([NEW], [20], None),
        ([CLOSED], [4, 7], (15, MAX_BATCH)),  # the new one is gone
        ([CLOSED], [20], (20, MAX_BATCH)),
        ([CLOSED, THIRD], [4], (15, 20)),
    ],
)
def test_which_numbers_have_no_signer(
    usable: list[OfficeKey], wanted: list[int], gap: tuple[int, int] | None
) -> None:
    """The first of those that wait, of the next one and of all behind it."""
    assert rules.first_gap(usable, wanted, False) == gap


@pytest.mark.parametrize(
    ("here", "next_number", "start", "closed"),
    [
        ({OLD.id}, 3, 11, 10),  # numbers up to the new key's beginning are still the old one's
        ({OLD.id}, 11, 11, 10),
        ({OLD.id}, 40, 40, 39),  # numbers already taken keep their signer
        (set(), 40, 40, OLD.last_batch),  # nobody can sign with a key that is gone
    ],
)
def test_from_where_a_key_signs(here: set[str], next_number: int, start: int, closed: int) -> None:
    """An activation changes the signer of no number already taken."""
    found, after = rules.activated({OLD.id: OLD, NEW.id: NEW}, NEW, here, next_number)
    assert (found, after[0].last_batch, after[1]) == (start, closed, NEW)


def test_a_key_for_what_waits_closes_no_range() -> None:
    """It signs numbers already taken; the key that signs what comes goes on."""
    filler = replace(NEW, first_batch=2, last_batch=3)
    assert rules.activated({OLD.id: OLD, NEW.id: filler}, filler, {OLD.id}, 6) == (2, [OLD, filler])


@pytest.mark.parametrize(
    ("usable", "next_number", "wanted", "first"),
    [
        ([OLD], 7, None, 7),
        ([OLD], 7, 8, 8),
        ([OLD], 7, 2, 2),
        ([OLD], 7, 1, None),
        ([OLD], 7, 0, None),
        ([OLD], 1, None, 2),  # no range is empty
        ([replace(OLD, last_batch=1), replace(NEW, first_batch=2)], 1, None, 3),
        ([CLOSED, replace(NEW, first_batch=15)], 7, 20, 20),
        ([CLOSED, replace(NEW, first_batch=15)], 7, 15, None),
    ],
)
def test_where_the_next_key_begins(
    usable: list[OfficeKey], next_number: int, wanted: int | None, first: int | None
) -> None:
    """Behind the beginning of the one before it; with the next number if nothing is said."""
    if first is None:
        with pytest.raises(TemError, match=f"next batch will be {next_number}"):
            rules.first_of_next(usable, next_number, wanted)
    else:
        assert rules.first_of_next(usable, next_number, wanted) == first


@pytest.mark.parametrize(
    ("oldest", "wanted", "sandbox", "first"),
    [
        (4, None, False, 4),
        (4, 2, False, 2),
        (4, 5, False, None),  # batch 4 would wait for ever
        (None, 9, False, 9),
        (None, None, False, None),
        (None, 0xF0000000, False, None),
        (None, 5, True, None),
    ],
)
def test_where_a_key_begins_that_takes_over(
    oldest: int | None, wanted: int | None, sandbox: bool, first: int | None
) -> None:
    """With the oldest batch that waits, or before it; in its own environment alone."""
    if first is None:
        with pytest.raises(TemError):
            rules.first_after_loss(oldest, wanted, sandbox)
    else:
        assert rules.first_after_loss(oldest, wanted, sandbox) == first


# The ceremony.


def test_a_key_made_on_another_machine_is_used_by_the_first_start(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`create` needs no database; the first start makes no other key, tells it once in the
    trail, and batches are signed by it."""
    for name in [name for name in os.environ if name.startswith("TEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEM_PUBLIC_URL", "https://tem.example.vn")
    secret, data = tmp_path / "secret", tmp_path / "data"
    secret.write_text("mot hai ba bon\n")
    told = done(tem(data, "office-key", "create", "--passphrase-file", secret))
    export = ("office-key", "export", next(iter(trust.load(data / "trust.json").keys)))
    monkeypatch.setenv("TEM_ISSUER_PASSPHRASE_FILE", str(secret))
    done(tem(data, *export, tmp_path / "copy.pem", "--passphrase-file", secret))
    assert {path.name for path in data.rglob("*") if path.is_file()} == {
        "office-key.pem",
        "trust.json",
    }
    key_id = next(iter(trust.load(data / "trust.json").keys))
    assert key_id in told.replace(" ", "") and "Two people" in told
    mint = found_mint(data, clock)
    first_start.prepare(mint.installation)
    assert signer_id(mint, mint.released().number) == key_id
    assert key_acts(mint, key_id) == ["made"] and faults(mint) == []
    mint.engine.dispose()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create",), "passphrase_missing"),
        (("create", "--passphrase-file", "EMPTY"), "empty_passphrase"),
        (("create", "--unsealed"), "office_key_there"),
        (("prepare",), "passphrase_missing"),
        (("prepare", "--unsealed", "--first-batch", "1"), "bad_first_batch"),
        (("activate", "0" * 64, "--unchecked"), "no_such_office_key"),
        (("activate", "OWN"), "verifier_missing"),
        (("activate", "OWN", "--verifier", "EMPTY"), "no_trust_document"),
        (("retire", "OWN", "--yes"), "office_key_in_use"),
        (("export", "OWN", "IN-DATA", "--passphrase-file", "SECRET"), "bad_place"),
        (("restore", "PEM", "--passphrase-file", "SECRET"), "office_key_there"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else value,
)
def test_a_slip_is_refused_and_changes_nothing(
    mint: Mint, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    """Commands that would hurt say why they do not, and leave every file as it is."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "secret").write_text("mot hai ba\n")
    names = {
        "OWN": ids(mint)[0],
        "EMPTY": str(tmp_path / "empty"),
        "SECRET": str(tmp_path / "secret"),
        "PEM": str(mint.settings.office_key),
        "IN-DATA": str(mint.installation.data / "copy.pem"),
    }
    folder = mint.settings.folder
    before = {p: p.read_bytes() for p in (*folder.glob("*.pem"), mint.settings.trust_file)}
    refused = tem(mint, "office-key", *(names.get(word, word) for word in words))
    assert (refused.exit_code, f"[{code}]" in refused.output) == (1, True), refused.output
    assert {p: p.read_bytes() for p in (*folder.glob("*.pem"), mint.settings.trust_file)} == before


def test_a_passphrase_that_the_signer_does_not_have_is_refused(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prepared key must open with the setting's passphrase, or it never gets to sign."""
    used, other = tmp_path / "used", tmp_path / "other"
    used.write_text("mot hai ba")
    other.write_text("bon nam sau")
    done(tem(mint, "office-key", "prepare", "--passphrase-file", other))
    key = ids(mint)[1]
    monkeypatch.setenv("TEM_ISSUER_PASSPHRASE_FILE", str(used))
    told = tem(mint, "office-key", "activate", key, "--unchecked")
    assert "[other_passphrase]" in told.output
    told = tem(mint, "office-key", "prepare", "--passphrase-file", other)
    assert "[other_passphrase]" in told.output


def test_a_copy_in_the_safe_brings_a_key_back(mint: Mint, tmp_path: Path) -> None:
    """The copy is sealed under a passphrase of its own, and put back it signs as before."""
    secret, copy = tmp_path / "secret", tmp_path / "copy.pem"
    secret.write_text("bon nam sau")
    (key_id,) = ids(mint)
    export = ("office-key", "export", key_id[:16], copy, "--passphrase-file", secret)
    done(tem(mint, *export))
    assert b"ENCRYPTED" in copy.read_bytes() and copy.stat().st_mode & 0o77 == 0
    assert "[file_there]" in tem(mint, *export).output
    mint.settings.office_key.unlink()
    secret.write_text("wrong")
    restore = ("office-key", "restore", copy, "--passphrase-file", secret)
    assert "[other_passphrase]" in tem(mint, *restore).output
    secret.write_text("bon nam sau")
    done(tem(mint, *restore))
    assert signer_id(mint, mint.released().number) == key_id
    assert key_acts(mint, key_id) == ["made", "exported", "restored"]


# Changing the key.


def test_a_change_of_keys_with_overlap(mint_on_each: Mint) -> None:
    """The old key signs what was reserved before the activation, whenever it is signed; the new
    one what comes later; then the old one is destroyed, and all manifests stay accepted."""
    mint = mint_on_each
    mint.released()
    old = ids(mint)[0]
    new = prepare(mint)
    assert prepare(mint).id == new.id and len(ids(mint)) == 2
    mint.released()
    waiting = mint.reserve()
    assert activate(mint, new) == waiting.number + 1
    later = mint.reserve()
    for number in (later.number, waiting.number):
        if number == waiting.number:
            with pytest.raises(Conflict, match="still signs batch 3"):
                retire(mint, old)
        mint.run(number)
    assert [signer_id(mint, n) for n in (1, 2, 3, 4)] == [old, old, old, new.id]
    assert retire(mint, old) and not mint.settings.office_key.exists()
    first_start.prepare(mint.installation)
    assert signer_id(mint, mint.released().number) == new.id
    assert [signer_id(mint, n) for n in (1, 2, 3)] == [old] * 3
    assert (key_acts(mint, old), key_acts(mint, new.id)) == (
        ["made", "retired"],
        ["prepared", "activated"],
    )
    assert faults(mint) == []
    third = prepare(mint)
    assert activate(mint, third) == 6 and retire(mint, new.id)
    assert signer_id(mint, mint.released().number) == third.id
    assert [(key.first_batch, key.last_batch) for key in known(mint).keys.values()][:2] == [
        (1, 3),
        (2, 5),
    ]


def test_numbers_before_the_agreed_one_are_signed_by_the_old_key(mint: Mint) -> None:
    """A first batch given ahead of the counter is where the change happens, not earlier."""
    old, new = ids(mint)[0], prepare(mint, wanted=3)
    assert activate(mint, new) == 3
    for _ in range(4):
        mint.released()
    assert [signer_id(mint, n) for n in (1, 2, 3, 4)] == [old, old, new.id, new.id]


def test_a_verifier_that_does_not_know_the_key_stops_the_activation(
    mint: Mint, tmp_path: Path
) -> None:
    """Its answer of /v1/trust, brought as a file, decides: an old list, a frozen or a shorter
    entry refuses; the present list lets it go on."""
    told = tmp_path / "told.json"
    told.write_bytes(mint.settings.trust_file.read_bytes())
    new = prepare(mint)
    command = ("office-key", "activate", new.id[:16], "--verifier", told)
    assert "[key_not_known]" in tem(mint, *command).output
    whole = json.loads(mint.settings.trust_file.read_text())
    for change in ({"state": "frozen"}, {"first_batch": new.first_batch + 1}, {"last_batch": 9}):
        wrong = json.loads(json.dumps(whole))
        wrong["office_keys"][1] |= change
        told.write_text(json.dumps(wrong))
        assert "[key_not_known]" in tem(mint, *command).output
    told.write_text(json.dumps(whole))
    assert "signs from batch" in done(tem(mint, *command))
    shown = done(tem(mint, "office-key", "show"))
    assert shown.count("signs;") == 1 and "trusted;" in shown


# Loss.


def test_a_lost_key_stops_signing_and_nothing_else(
    mint: Mint, capfd: pytest.CaptureFixture[str]
) -> None:
    """Drill: the private part is gone. Batches wait and do not fail, what was issued can be
    printed, a new key takes over with the oldest batch that waits, and fsck is content."""
    before = mint.released()
    old = ids(mint)[0]
    mint.settings.office_key.unlink()
    waiting = mint.reserve()
    with writing(mint.engine) as connection:
        assert storage.claim(connection, waiting.number)  # by a run that died: it is in `signing`
    with signing(mint):
        until(lambda: len(mint.urls(before)) == before.quantity)
        with pytest.raises(office_keys.OfficeKeyAway):
            mint.run(waiting.number)
        until(lambda: "office_key_away" in "".join(capfd.readouterr()))
        told = done(tem(mint, "office-key", "create", "--unsealed"))
        assert "does not sign yet" in told and mint.batch(waiting.number).state == "signing"
        assert "[office_key_there]" in tem(mint, "office-key", "create", "--unsealed").output
        done(tem(mint, "office-key", "activate", ids(mint)[1], "--unchecked"))
        until(lambda: all_settled(mint))
    assert [signer_id(mint, n) for n in (1, 2)] == [old, ids(mint)[1]]
    assert mint.batch(waiting.number).failures == 0
    assert first_start.prepare(mint.installation) == [] and faults(mint) == []


def test_a_key_whose_passphrase_is_forgotten_is_given_up(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retire --lost` destroys what cannot be opened; until then no second key is made."""
    secret = tmp_path / "secret"
    secret.write_text("mot hai ba")
    private = keys.load_office_key(mint.settings.office_key, None)
    keys.store_office_key(mint.settings.office_key, private, b"forgotten")
    monkeypatch.setenv("TEM_ISSUER_PASSPHRASE_FILE", str(secret))
    mint = replace(mint, settings=replace(mint.settings, passphrase_file=secret))
    waiting = mint.reserve()
    with pytest.raises(office_keys.OfficeKeyAway, match="cannot be opened"):
        mint.run(waiting.number)
    assert mint.batch(waiting.number).state == "reserved"  # seen before anything is signed
    assert "[office_key_there]" in tem(mint, "office-key", "create").output
    done(tem(mint, "office-key", "retire", ids(mint)[0], "--lost", "--yes"))
    done(tem(mint, "office-key", "create"))
    done(tem(mint, "office-key", "activate", ids(mint)[1], "--unchecked"))
    mint.run(waiting.number)
    assert signer_id(mint, waiting.number) == ids(mint)[1]
    assert key_acts(mint, ids(mint)[0]) == ["made", "lost"]


def test_a_file_with_another_key_in_it_signs_nothing(mint: Mint) -> None:
    """A private part that is not the one trust.json names would make a manifest nobody believes."""
    number = mint.reserve().number
    keys.make_office_key(mint.settings.office_key, None)
    with pytest.raises(office_keys.OfficeKeyAway, match="another key"):
        mint.run(number)
    assert mint.batch(number).manifest is None


def test_without_its_list_of_keys_the_issuer_invents_none(mint: Mint) -> None:
    """trust.json missing beside issued batches is a loss: a new one would forget what is frozen."""
    mint.released()
    content = mint.settings.trust_file.read_bytes()
    mint.settings.trust_file.unlink()
    for refuse in (
        lambda: first_start.prepare(mint.installation),
        lambda: done(tem(mint, "office-key", "create", "--unsealed")),
    ):
        with pytest.raises((Conflict, AssertionError), match=r"trust\.json"):
            refuse()
    mint.settings.trust_file.write_bytes(content)
    assert first_start.prepare(mint.installation) == []


# Theft.


def forged(mint: Mint, thief: Ed25519PrivateKey, number: int) -> tuple[str, bytes]:
    """A manifest in perfect form for another batch, signed by whoever holds the office's key."""
    genuine = manifest.parse(mint.batch(1).manifest or "")
    key = Ed25519PrivateKey.generate()
    text = manifest.write(replace(genuine, batch=number, public_key=keys.raw_public(key).hex()))
    return text, thief.sign(manifest.signed_message(text))


def test_a_frozen_key_vouches_for_what_was_released_alone(mint_on_each: Mint) -> None:
    """After the theft good manifests stay, the thief's are refused whatever date they bear, the
    key signs no more, and a new one takes over what waits."""
    mint = mint_on_each
    thief = keys.load_office_key(mint.settings.office_key, None)
    for _ in range(2):
        mint.released()
    waiting = mint.reserve()
    old = ids(mint)[0]
    bad = forged(mint, thief, 77)
    assert known(mint).accept(*bad).batch == 77  # until then it is as good as any
    assert len(freeze(mint, old).key.accepted) == 2
    with pytest.raises(ManifestRefused, match="frozen"):
        known(mint).accept(*bad)
    assert [signer_id(mint, n) for n in (1, 2)] == [old, old]
    with pytest.raises(office_keys.OfficeKeyAway):
        mint.run(waiting.number)
    assert retire(mint, old) and first_start.prepare(mint.installation) == []
    done(tem(mint, "office-key", "create", "--unsealed"))
    assert activate(mint, known(mint).keys[ids(mint)[1]]) == 4
    mint.run(waiting.number)
    assert signer_id(mint, waiting.number) == ids(mint)[1]
    assert faults(mint) == []
    before = mint.settings.trust_file.read_bytes()
    freeze(mint, old)
    assert mint.settings.trust_file.read_bytes() == before
    assert key_acts(mint, old) == ["made", "frozen", "retired"]


def drill(mint: Mint, stolen: str) -> str:
    """What the page says of a stolen key, step by step; the key that takes over."""
    done(tem(mint, "office-key", "freeze", stolen, "--yes"))
    done(tem(mint, "office-key", "retire", stolen, "--yes"))
    done(tem(mint, "office-key", "create", "--unsealed"))
    done(tem(mint, "office-key", "activate", ids(mint)[-1], "--unchecked"))
    assert "No key signs" not in done(tem(mint, "office-key", "show"))
    return ids(mint)[-1]


def test_of_two_keys_in_use_either_is_stolen(mint: Mint) -> None:
    """Changed before the first batch or with batches that wait: a third key signs what the
    stolen one had to, and that alone, whichever of the two it was."""
    old, second = ids(mint)[0], prepare(mint)
    assert second.first_batch == 2 and activate(mint, second) == 2
    assert "[office_key_there]" in tem(mint, "office-key", "create", "--unsealed").output
    third = drill(mint, old)
    assert (known(mint).keys[third].first_batch, known(mint).keys[third].last_batch) == (1, 1)
    waiting = [mint.reserve().number for _ in range(3)]
    assert activate(mint, prepare(mint)) == 4
    fourth, later = ids(mint)[-1], mint.reserve().number
    fifth = drill(mint, second.id)  # its batches wait, and the next key goes on
    for number in (*waiting, later):
        mint.run(number)
    assert [signer_id(mint, n) for n in (1, 2, 3, 4)] == [third, fifth, fifth, fourth]
    sixth = drill(mint, fourth)  # nothing waits, those before it are here, and nobody is behind
    assert signer_id(mint, mint.released().number) == sixth
    assert faults(mint) == []
    retire(mint, sixth, lost=True)
    assert "No key signs batches 6 to" in done(tem(mint, "office-key", "show"))
    assert "[no_office_key]" in tem(mint, "office-key", "prepare", "--unsealed").output


def test_a_key_frozen_before_it_signed_stands_in_nobody_s_way(mint: Mint) -> None:
    """Prepared and stolen: neither taken for the next key nor asked to be activated."""
    stolen = prepare(mint)
    freeze(mint, stolen.id)
    assert f"{office_keys.prepared_file(mint.settings, stolen.id).name}" in done(
        tem(mint, "office-key", "show")
    )
    assert prepare(mint).id != stolen.id and faults(mint) == []


def test_a_row_that_the_trail_does_not_tell_is_not_listed(mint_on_each: Mint) -> None:
    """A thief who also wrote into the issuer's table gains nothing, and the batch is named."""
    mint = mint_on_each
    thief = keys.load_office_key(mint.settings.office_key, None)
    for _ in range(2):
        mint.released()
    text, signature = forged(mint, thief, 2)
    with writing(mint.engine) as connection:
        connection.execute(
            update(batch_table)
            .where(batch_table.c.number == 2)
            .values(manifest=text, signature=signature)
        )
    told = done(tem(mint, "office-key", "freeze", ids(mint)[0][:8], "--yes"))
    assert "1 manifests stay" in told
    assert f"batch 2 ({manifest.digest(text)}) is NOT among them" in told
    assert signer_id(mint, 1) == ids(mint)[0]
    with pytest.raises(ManifestRefused):
        signer_id(mint, 2)
    accept = ("office-key", "freeze", ids(mint)[0], "--yes", "--accept")
    assert tem(mint, *accept, "0f").exit_code == 2
    for _ in range(2):  # people may vouch for what a restored issuer does not know any more
        assert "2 manifests stay" in done(tem(mint, *accept, manifest.digest(text)))
    assert signer_id(mint, 2) == ids(mint)[0]
    assert key_acts(mint, ids(mint)[0]) == ["made", "frozen", "vouched_for"]


def test_a_run_that_had_signed_releases_nothing_after_the_freezing(mint_on_each: Mint) -> None:
    """A signature that existed when the list was made, but not in the database, never leaves."""
    mint = mint_on_each
    number, old = mint.reserve().number, ids(mint)[0]

    def at(step: str) -> None:
        if step == "vouched":
            freeze(mint, old)

    with pytest.raises(office_keys.OfficeKeyAway):
        mint.run(number, on_step=at)
    assert mint.batch(number).manifest is None
    assert known(mint).keys[old].accepted == frozenset()


# Kills anywhere.


def killed_at(mint: Mint, place: int, act: Callable[[], object]) -> bool:
    """Run an act in a process that is killed before its ``place``-th change to a file."""

    def in_child() -> None:
        left = [place]

        def watch(event: str, arguments: tuple[Any, ...]) -> None:
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
            if writes or event in ("os.rename", "os.remove"):
                if str(mint.installation.data) not in str(arguments[0]):
                    return
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        act()

    status = ended(fork(mint, in_child))
    assert status in (0, -signal.SIGKILL)
    return status != 0


def rotated(mint: Mint) -> None:
    """Prepare, activate and retire, as far as these are not done yet."""
    old = ids(mint)[0]
    if len(ids(mint)) == 1:
        prepare(mint)
    activate(mint, known(mint).keys[ids(mint)[1]])
    retire(mint, old)


def test_a_kill_anywhere_in_a_change_of_keys_is_gone_on_from(
    tmp_path: Path, mint: Mint, clock: SetClock
) -> None:
    """Killed before each of its writes, the same commands go on: one new key, nothing lost."""
    place, killed = 0, True
    while killed:
        place += 1
        each = found_mint(tmp_path / str(place), clock)
        each.released()
        old = ids(each)[0]
        killed = killed_at(each, place, lambda each=each: rotated(each))  # type: ignore[misc]
        assert signer_id(each, 1) == old
        rotated(each)
        assert len(ids(each)) == 2
        assert signer_id(each, each.released().number) == ids(each)[1]
        assert signer_id(each, 1) == old and faults(each) == []
        assert key_acts(each, old) == ["made", "retired"]
        assert key_acts(each, ids(each)[1]) == ["prepared", "activated"]
        each.engine.dispose()
    assert place > 5


def test_a_kill_anywhere_in_a_freezing_is_gone_on_from(
    tmp_path: Path, mint: Mint, clock: SetClock
) -> None:
    """The key is frozen with its whole list or not at all, and the trail tells it once: what the
    issuer released, and what people vouch for."""
    place, killed, vouched = 0, True, "f" * 64
    while killed:
        place += 1
        each = found_mint(tmp_path / str(place), clock)
        each.released()
        old = ids(each)[0]
        killed = killed_at(each, place, lambda each=each, old=old: freeze(each, old, vouched))  # type: ignore[misc]
        assert len(freeze(each, old, vouched).key.accepted) == 2
        assert sorted(key_acts(each, old)) == ["frozen", "made", "vouched_for"]
        assert faults(each) == []
        each.engine.dispose()
    assert place > 2


# The wrapping key.


def change_wrapping_key(mint: Mint) -> Result:
    return tem(mint, "wrapping-key", "change")


def test_the_wrapping_key_is_changed_for_all_codes_that_are_kept(mint_on_each: Mint) -> None:
    """Codes can be printed after it as before; those of confirmed prints are not there to wrap."""
    mint = mint_on_each
    first, second, third = (mint.released() for _ in range(3))
    mint.confirm(first)
    prints.finish_destroying(mint.engine, mint.settings)
    before, urls = mint.settings.wrapping_key.read_bytes(), mint.urls(second)
    assert "2 data keys" in done(change_wrapping_key(mint))
    assert mint.settings.wrapping_key.read_bytes() != before
    assert mint.urls(second) == urls and mint.urls(third)
    assert not keys.following_wrapping_key(mint.settings.wrapping_key).exists()
    assert [e.action for e in mint.trail("issuer:1")][-1] == "wrapping_key.changed"
    mint.urls(mint.released())


def test_a_kill_anywhere_in_a_change_of_the_wrapping_key(mint: Mint) -> None:
    """Whatever was wrapped anew or not yet: codes open at every point, and the next run ends it."""
    batches = [mint.released() for _ in range(2)]
    urls = [mint.urls(batch) for batch in batches]
    place, killed = 0, True
    while killed:
        place += 1
        killed = killed_at(mint, place, lambda: change_wrapping_key(mint))
        assert [mint.urls(batch) for batch in batches] == urls
    assert place > 4
    done(change_wrapping_key(mint))
    assert [mint.urls(batch) for batch in batches] == urls


def test_the_wrapping_key_is_not_changed_under_a_signer_or_over_damage(mint: Mint) -> None:
    """A run could wrap under the old key; a data key that does not open would be lost for good."""
    mint.released()
    with signing(mint), contextlib.suppress(AssertionError):
        until(lambda: "[signer_running]" in change_wrapping_key(mint).output, 5)
    before = mint.settings.wrapping_key.read_bytes()
    (wrapped,) = mint.settings.codes.glob("*.key")
    content = bytearray(wrapped.read_bytes())
    content[-1] ^= 1
    wrapped.write_bytes(content)
    assert "[wrapped_key_damaged]" in change_wrapping_key(mint).output
    assert (mint.settings.wrapping_key.read_bytes(), wrapped.read_bytes()) == (before, content)
