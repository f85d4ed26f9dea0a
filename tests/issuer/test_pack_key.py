"""The key of offline packs: made, vouched for, handed over."""

import stat
from datetime import timedelta

import pytest
from click.testing import CliRunner
from tests.issuer.issuer_support import Mint

from tem import ed25519, trust
from tem.cli import main
from tem.databases.database import reading
from tem.pack import certificate
from tem.stampcode import FIRST_TEST_BATCH, MAX_BATCH
from tem.trail import audit
from tem_issuer import first_start, keys, pack_key


def test_the_first_start_hands_over_a_key_that_the_office_vouches_for(mint: Mint) -> None:
    """Only its owner can read it, the trail tells of it, and an installation without gets one."""
    for _ in range(2):
        found = pack_key.there(mint.settings)
        assert found is not None
        known = trust.load(mint.installation.trust_file)
        office = known.keys[found.certificate.office_key_id].public_key
        message = certificate.signed_message(found.signed.raw)
        assert ed25519.verifies(office, message, found.signed.signature)
        path = mint.installation.pack_key_file
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        name = f"pack-key:{pack_key.id_of(found.certificate)}"
        with reading(mint.engine) as connection:
            (entry,) = audit.entries(connection, object=name)
        assert entry.action == "pack_key.certified"
        path.unlink()
        assert first_start.prepare(mint.installation) == [f"key that signs offline packs: {path}"]


def test_a_key_is_needed_anew_before_it_ends_or_once_its_office_key_is_frozen(mint: Mint) -> None:
    """Or retired. Sixty days ahead; a list of keys that cannot be read asks for none."""
    now, path = mint.clock(), mint.installation.trust_file
    pack_key.make(mint.engine, mint.settings, now, "test")
    last_day = now + pack_key.CERTIFIED_FOR - pack_key.RENEWED_BEFORE
    assert not pack_key.is_needed(mint.settings, last_day - timedelta(seconds=1))
    assert pack_key.is_needed(mint.settings, last_day)
    whole = path.read_text()
    for changed in (('"active"', '"frozen"'), (str(MAX_BATCH), str(FIRST_TEST_BATCH - 2))):
        path.write_text(whole.replace(*changed))
        assert pack_key.is_needed(mint.settings, now)
    path.write_text("{")
    assert not pack_key.is_needed(mint.settings, now)


def test_without_an_office_key_all_else_goes_on(
    mint: Mint, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key sealed by a passphrase that is not there vouches for nothing; start and command say
    so in a sentence that speaks of packs."""
    private = keys.load_office_key(mint.settings.office_key, None)
    mint.settings.office_key.unlink()
    keys.store_office_key(mint.settings.office_key, private, b"mot hai ba")
    mint.installation.pack_key_file.unlink()
    assert first_start.prepare(mint.installation) == []
    told = capsys.readouterr().err
    assert "no offline packs yet" in told and "office-key.pem cannot be opened" in told
    assert pack_key.there(mint.settings) is None
    data = str(mint.installation.data)
    made = CliRunner().invoke(main, ["issuer", "pack-key", "make", "--data", data])
    assert made.exit_code == 1 and "No office key can vouch for a pack key" in made.output


def test_a_key_is_renewed_and_shown_on_the_command_line(mint: Mint) -> None:
    """`make` puts another in its place, `show` tells which it is and never the key itself."""
    data, before = str(mint.installation.data), pack_key.there(mint.settings)
    made = CliRunner().invoke(main, ["issuer", "pack-key", "make", "--data", data])
    shown = CliRunner().invoke(main, ["issuer", "pack-key", "show", "--data", data])
    after = pack_key.there(mint.settings)
    assert before is not None and after is not None and before != after
    assert pack_key.id_of(after.certificate) in made.output
    assert pack_key.id_of(after.certificate) in shown.output
    assert after.seed.hex() not in made.output + shown.output
    mint.installation.pack_key_file.unlink()
    assert (
        "no_pack_key"
        in CliRunner().invoke(main, ["issuer", "pack-key", "show", "--data", data]).output
    )
