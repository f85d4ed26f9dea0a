"""Which batches a verifier believes: trust, finality, fingerprints."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, update
from tests.registry.records import Register
from tests.verifier.conftest import Opener, Verifier, damaging
from tests.verifier.mint import Mint, Minted, publish

from tem.databases import published
from tem.manifest import digest
from tem_registry import publication
from tem_verifier.lookup import BOTH_ONE_IN

Alarms = Callable[[str], float]


def rewrite(register: Register, minted: Minted, number: int = 1) -> None:
    """Put another manifest into the published row of a batch, as a thief of the registry could."""
    with register.write() as connection:
        change = publication.next_change(connection, register.clock())
        connection.execute(
            update(published.batch)
            .where(published.batch.c.number == number)
            .values(manifest=minted.manifest, signature=minted.signature, change=change)
        )


FORGERIES: list[dict[str, object]] = [
    {"product": "SP2"},
    {"producer": "P2"},
    {"batch": 2},
    {"batch": 0xF0000001},
    {"office_key_id": "0" * 64},
    {"public_key": "01" + "00" * 31},
]


def test_a_batch_we_cannot_believe_is_unavailable_and_alarms(
    register: Register, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """A manifest nobody vouched for, or one of something else than is published, makes its
    stamps UNAVAILABLE and never UNKNOWN; other batches are answered."""
    good = publish(register, mint.sign(3))
    wrong = [
        publish(register, mint.sign(number, 5, says=forgery))
        for number, forgery in enumerate(FORGERIES, start=11)
    ]
    reader = open_verifier()
    assert alarms("manifest_refused") == len(FORGERIES)
    for forgery, one in zip(FORGERIES, wrong, strict=True):
        assert reader.verdict(one.text(5)) == "UNAVAILABLE", forgery
    assert reader.verdict(good.text(5)) == "NOT_ACTIVATED"


def test_a_manifest_changed_after_it_was_signed_is_refused(
    register: Register, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """Not one byte of a manifest can be changed: its signature is over all of them."""
    good = mint.sign(1)
    changed = good.manifest.replace('"quantity":100', '"quantity":101')
    assert changed != good.manifest
    publish(register, replace(good, manifest=changed))
    assert open_verifier().verdict(good.text(5)) == "UNAVAILABLE"
    assert alarms("manifest_refused") == 1


def test_a_manifest_of_a_stranger_is_refused(
    register: Register, mint: Mint, tmp_path: Path, open_verifier: Opener, alarms: Alarms
) -> None:
    """An office key that the trust file does not name vouches for nothing."""
    (tmp_path / "stranger").mkdir()
    wrong = publish(register, Mint(tmp_path / "stranger").sign(1))
    assert open_verifier().verdict(wrong.text(5)) == "UNAVAILABLE"
    assert alarms("manifest_refused") == 1


def test_the_first_manifest_of_a_number_is_final(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """Another manifest for a known number is refused although the office signed it, by a
    verifier that runs and by one started anew, until the first one is back."""
    reader = open_verifier()
    again = mint.sign(1)
    rewrite(register, again)
    assert reader.verdict(again.text(5)) == reader.verdict(batch.text(5)) == "UNAVAILABLE"
    assert alarms("manifest_refused") == 1
    assert open_verifier().verdict(again.text(5)) == "UNAVAILABLE"
    rewrite(register, batch)
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"


def test_a_batch_key_belongs_to_one_batch(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """A second batch under a key seen before is refused, also after a restart: the first one
    that was accepted keeps it."""
    two = publish(register, mint.sign(2, key=batch.key))
    for reader in (open_verifier(), open_verifier()):
        assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
        assert reader.verdict(two.text(5)) == "UNAVAILABLE"
    assert alarms("manifest_refused") == 2


def test_an_office_key_is_no_batch_key(
    register: Register, mint: Mint, open_verifier: Opener
) -> None:
    """A batch signed with the office's own key is refused."""
    wrong = publish(register, mint.sign(1, key=mint.office))
    assert open_verifier().verdict(wrong.text(5)) == "UNAVAILABLE"


def test_a_frozen_key_counts_at_once_and_listed_manifests_stay(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener
) -> None:
    """The trust file is followed without a restart: freezing the office key takes every batch
    away, listing a manifest's digest brings that one back."""
    two = publish(register, mint.sign(2))
    reader = open_verifier()
    mint.trust(frozen=True)
    assert [reader.verdict(one.text(5)) for one in (batch, two)] == ["UNAVAILABLE"] * 2
    mint.trust(frozen=True, accepted=frozenset({digest(batch.manifest)}))
    assert [reader.verdict(one.text(5)) for one in (batch, two)] == ["NOT_ACTIVATED", "UNAVAILABLE"]
    mint.trust(first_batch=2)
    assert [reader.verdict(one.text(5)) for one in (batch, two)] == ["UNAVAILABLE", "NOT_ACTIVATED"]
    mint.trust()
    assert [reader.verdict(one.text(5)) for one in (batch, two)] == ["NOT_ACTIVATED"] * 2


def test_a_key_frozen_in_an_outage_counts_at_once(
    register: Register, batch: Minted, mint: Mint, open_verifier: Opener
) -> None:
    """What is no longer believed is not answered from memory while the registry is away; what
    still is believed keeps its answer."""
    two = publish(register, mint.sign(2))
    reader = open_verifier()
    with damaging(register) as connection:
        connection.execute(delete(published.state))
    mint.trust(frozen=True, accepted=frozenset({digest(two.manifest)}))
    assert [reader.verdict(one.text(5)) for one in (batch, two)] == ["UNAVAILABLE", "NOT_ACTIVATED"]


def test_a_broken_trust_file_changes_nothing_but_alarms_once(
    batch: Minted, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """While the trust file cannot be read, whoever was trusted before still is."""
    reader = open_verifier()
    good = mint.trust_file.read_bytes()
    for content in (b"", b"{", b"[]", b'{"format": "tem-trust-v1"}', b"\xff"):
        before = alarms("trust_unreadable")
        mint.trust_file.write_bytes(content)
        for _ in range(3):
            assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED", content
        assert alarms("trust_unreadable") == before + 1, content
        freshly_started = open_verifier()
        assert freshly_started.verdict(batch.text(5)) == "UNAVAILABLE", content
        mint.trust_file.write_bytes(good)
        for one in (freshly_started, reader):
            assert one.verdict(batch.text(5)) == "NOT_ACTIVATED", content


def cache_of(reader: Verifier) -> list[Path]:
    return sorted(reader.config.fingerprints.iterdir())


def test_a_damaged_cache_file_is_rebuilt(
    batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """A cached table that is not what the manifest describes is made anew from the pieces."""
    (path,) = cache_of(open_verifier())
    assert path.read_bytes() == batch.fingerprints
    for damage in (b"", b"x" * len(batch.fingerprints), batch.fingerprints[:-8]):
        path.unlink()
        path.write_bytes(damage)
        reader = open_verifier()
        assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
        assert path.read_bytes() == batch.fingerprints
    assert alarms("fingerprints_missing") == 0


def test_without_fingerprints_the_signature_decides(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Alarms
) -> None:
    """A missing piece raises an alarm; genuine codes stay known, others unknown."""
    with damaging(register) as connection:
        connection.execute(
            delete(published.fingerprints).where(published.fingerprints.c.piece == 1)
        )
    reader = open_verifier()
    assert alarms("fingerprints_missing") == 1
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
    assert reader.verdict(batch.text(5)[:-1] + str(9 - int(batch.text(5)[-1]))) == "UNKNOWN"
    assert cache_of(reader) == []


def test_a_cache_that_cannot_be_written_stops_nothing(
    batch: Minted, open_verifier: Opener, tmp_path: Path, alarms: Alarms
) -> None:
    """If the cache folder cannot be made, an alarm is raised and the signature decides."""
    (tmp_path / "blocked").write_text("a file where the folder should be")
    reader = open_verifier("blocked")
    assert reader.verdict(batch.text(5)) == "NOT_ACTIVATED"
    assert alarms("fingerprints_missing") == 1 and alarms("published_unreadable") == 0


def test_a_table_of_other_fingerprints_is_refused_and_told_apart(
    register: Register, mint: Mint, open_verifier: Opener, alarms: Alarms
) -> None:
    """A code that fits its fingerprint and not its signature is unknown to whoever demands both,
    and raises an alarm; among single look-ups one in some shows it."""
    impostor = Ed25519PrivateKey.generate()
    listed = mint.sign(1, key=impostor)
    genuine = mint.sign(1)
    mixed = mint.sign(
        1, key=genuine.key, says={"fingerprints_sha256": listed.made.fingerprints_sha256}
    )
    publish(register, replace(mixed, fingerprints=listed.fingerprints))
    reader = open_verifier()
    assert reader.verdict(genuine.text(5)) == "UNKNOWN"
    assert alarms("fingerprint_and_signature_disagree") == 0
    assert reader.lookup.answer(listed.text(5), both=True)["verdict"] == "UNKNOWN"
    assert alarms("fingerprint_and_signature_disagree") == 1
    told = [reader.lookup.answer(listed.text(5))["verdict"] for _ in range(BOTH_ONE_IN)]
    assert told.count("UNKNOWN") == 1
    assert alarms("fingerprint_and_signature_disagree") == 2
