"""An office key that is lost: batches wait, a new key takes over, nothing is invented."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.issuer.issuer_support import Mint, all_settled, signing, until
from tests.issuer.office_key_support import done, faults, ids, key_acts, signer_id, tem

from tem.databases.database import writing
from tem.errors import Conflict
from tem_issuer import first_start, keys, office_keys, storage


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
