"""An office key that is stolen: frozen, it vouches for what was released and no more."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update
from tests.issuer.issuer_support import Mint
from tests.issuer.office_key_support import (
    activate,
    done,
    faults,
    freeze,
    ids,
    key_acts,
    known,
    prepare,
    retire,
    signer_id,
    tem,
)

from tem import manifest
from tem.databases.database import writing
from tem.manifest import ManifestRefused
from tem_issuer import first_start, keys, office_keys
from tem_issuer.storage import batch_table


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
    assert retire(mint, old)
    assert first_start.prepare(mint.installation) == []  # not even a pack key
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
