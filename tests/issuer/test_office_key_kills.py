"""kill -9 anywhere in a change or a freezing of office keys: the same commands go on."""

from pathlib import Path

from tests.conftest import SetClock
from tests.issuer.issuer_support import Mint, found_mint
from tests.issuer.office_key_support import (
    activate,
    faults,
    freeze,
    ids,
    key_acts,
    killed_at,
    known,
    prepare,
    retire,
    signer_id,
)


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
