"""The issuer's keys on disk."""

import stat
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from tests.issuer.issuer_support import Mint

from tem.databases.database import reading
from tem.errors import Conflict
from tem.http import auth
from tem_issuer import first_start, keys

WRAPPING, DATA = bytes(range(32)), bytes(range(100, 132))


def test_a_data_key_is_unwrapped_for_its_own_run_alone() -> None:
    """A wrapped key opens under its wrapping key, batch and attempt, and under no other."""
    wrapped = keys.wrap(WRAPPING, DATA, 7, 2)
    assert keys.unwrap(WRAPPING, wrapped, 7, 2) == DATA
    assert DATA not in wrapped
    for wrapping, batch, attempt in ((WRAPPING, 8, 2), (WRAPPING, 7, 3), (DATA, 7, 2)):
        with pytest.raises(InvalidTag):
            keys.unwrap(wrapping, wrapped, batch, attempt)


def test_wrapping_twice_gives_different_bytes() -> None:
    """Every wrapping has a nonce of its own."""
    assert keys.wrap(WRAPPING, DATA, 7, 2) != keys.wrap(WRAPPING, DATA, 7, 2)


def test_any_flipped_bit_of_a_wrapped_key_is_refused() -> None:
    """Nonce, key and tag are all authenticated."""
    wrapped = keys.wrap(WRAPPING, DATA, 7, 2)
    for place in range(len(wrapped)):
        forged = bytearray(wrapped)
        forged[place] ^= 1
        with pytest.raises(InvalidTag):
            keys.unwrap(WRAPPING, bytes(forged), 7, 2)


def test_a_sealed_office_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    """With a passphrase the file is useless without it, and only its owner can read it."""
    path = tmp_path / "office-key.pem"
    public = keys.make_office_key(path, b"mot hai ba")
    assert keys.raw_public(keys.load_office_key(path, b"mot hai ba")) == public
    assert b"ENCRYPTED" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for wrong in (b"mot hai bon", None):
        with pytest.raises((ValueError, TypeError)):
            keys.load_office_key(path, wrong)


def test_an_unsealed_office_key_opens_without_a_passphrase(tmp_path: Path) -> None:
    """Without a passphrase the key is stored as it is."""
    path = tmp_path / "office-key.pem"
    public = keys.make_office_key(path, None)
    assert keys.raw_public(keys.load_office_key(path, None)) == public


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A PEM file with a key that is not Ed25519 is no office key."""
    path = tmp_path / "office-key.pem"
    path.write_bytes(
        x25519.X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(ValueError, match="no Ed25519 key"):
        keys.load_office_key(path, None)


def test_a_passphrase_file_may_end_with_a_line(tmp_path: Path) -> None:
    """An editor's last newline is no part of the passphrase; blanks are."""
    path = tmp_path / "passphrase"
    path.write_bytes(b" mot hai \r\n")
    assert keys.passphrase_from(path) == b" mot hai "
    assert keys.passphrase_from(None) is None


def test_the_first_start_makes_each_thing_once(mint: Mint) -> None:
    """A second start makes nothing, and none of the first start's files changes."""
    before = {p: p.read_bytes() for p in mint.installation.data.rglob("*key*") if p.is_file()}
    assert len(before) == 6
    assert first_start.prepare(mint.installation) == []
    assert {path: path.read_bytes() for path in before} == before
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in before)


def test_a_first_start_cut_short_is_finished_by_the_next(mint: Mint) -> None:
    """An office key whose list of trust was not written yet is kept, and the list is made."""
    key, trust = mint.settings.office_key.read_bytes(), mint.installation.trust_file
    whole = trust.read_bytes()
    trust.unlink()
    assert len(first_start.prepare(mint.installation)) == 1
    assert mint.settings.office_key.read_bytes() == key
    assert trust.read_bytes() == whole


def test_handed_out_keys_stay_gone(mint: Mint) -> None:
    """A deleted file of the office brings no new key; the registry's own is made anew."""
    for _ in range(3):
        for file in (first_start.OFFICE_KEY_FILE, first_start.SERVICE_KEY_FILE):
            mint.installation.key_file(file).unlink(missing_ok=True)
        made = first_start.prepare(mint.installation)
        assert len(made) == 1
        assert first_start.SERVICE_KEY_FILE in made[0]
    with reading(mint.engine) as connection:
        live = [key.name for key in auth.list_keys(connection) if key.revoked_at is None]
    assert sorted(live) == ["first-start", "registry"]


@pytest.mark.parametrize("lost", ["office-key.pem", "wrapping.key", "issuer.db"])
def test_what_was_lost_is_never_invented(mint: Mint, lost: str) -> None:
    """Without its database or a long-lived key the issuer refuses to start over."""
    mint.settings.codes.mkdir(parents=True, exist_ok=True)
    mint.settings.hashes.mkdir(parents=True, exist_ok=True)
    (mint.settings.codes / "1-1.key").write_bytes(b"wrapped")
    (mint.settings.hashes / "1-1.hashes").write_bytes(b"")
    (mint.settings.folder / lost).unlink()
    with pytest.raises(Conflict) as refused:
        first_start.prepare(mint.installation)
    assert refused.value.code == "lost"
    assert not (mint.settings.folder / lost).exists()
