"""The key that wraps the codes at rest, changed while codes are kept."""

from click.testing import Result
from tests.issuer.issuer_support import Mint, signing, until
from tests.issuer.office_key_support import done, killed_at, tem

from tem_issuer import keys, prints


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
    with signing(mint):
        until(lambda: "[signer_running]" in change_wrapping_key(mint).output)
    before = mint.settings.wrapping_key.read_bytes()
    (wrapped,) = mint.settings.codes.glob("*.key")
    content = bytearray(wrapped.read_bytes())
    content[-1] ^= 1
    wrapped.write_bytes(content)
    assert "[wrapped_key_damaged]" in change_wrapping_key(mint).output
    assert (mint.settings.wrapping_key.read_bytes(), wrapped.read_bytes()) == (before, content)
