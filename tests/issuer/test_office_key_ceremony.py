"""Office keys made with ceremony, sealed, copied into the safe and brought back."""

import os
from pathlib import Path

import pytest
from tests.conftest import SetClock
from tests.issuer.issuer_support import Mint, found_mint
from tests.issuer.office_key_support import done, faults, ids, key_acts, signer_id, tem

from tem import trust
from tem_issuer import first_start


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
