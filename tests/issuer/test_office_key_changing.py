"""The office key changed with an overlap: no number changes its signer."""

import json
from pathlib import Path

import pytest
from tests.issuer.issuer_support import Mint
from tests.issuer.office_key_support import (
    activate,
    done,
    faults,
    ids,
    key_acts,
    known,
    prepare,
    retire,
    signer_id,
    tem,
)

from tem.errors import Conflict
from tem_issuer import first_start, pack_key


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
    entry refuses; the present list lets it go on, and the new key vouches for a new pack key."""
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
    pack = pack_key.there(mint.settings)
    assert pack is not None and pack.certificate.office_key_id == new.id
    assert not pack_key.is_needed(mint.settings, mint.clock())
