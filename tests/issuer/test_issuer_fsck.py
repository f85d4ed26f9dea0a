"""``tem fsck`` on the issuer's store: whole after ordinary work, and it sees what was changed."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, update
from tests.issuer.issuer_support import Mint

from tem import manifest
from tem.databases.database import open_engine, writing
from tem.trail import audit
from tem_issuer import batch_files, fsck, keys, prints, storage
from tem_issuer.storage import batch_table


def faults(mint: Mint) -> list[str]:
    return list(fsck.check(mint.installation))


def change(mint: Mint, **values: object) -> None:
    with writing(mint.engine) as connection:
        connection.execute(update(batch_table).where(batch_table.c.number == 2).values(**values))


@pytest.fixture
def worked(mint: Mint) -> Mint:
    """A mint with three released batches and one that waits; batch 2 is the one changed."""
    for _ in range(3):
        mint.released()
    mint.reserve()
    return mint


def test_ordinary_work_leaves_no_fault(worked: Mint) -> None:
    """Released, waiting, being signed, failed, printed: all of it is in order."""
    assert faults(worked) == []
    worked.confirm(worked.batch(1))
    prints.finish_destroying(worked.engine, worked.settings)
    with writing(worked.engine) as connection:
        storage.claim(connection, 4)
    assert faults(worked) == []
    with writing(worked.engine) as connection:
        storage.give_up(connection, 4)
    assert faults(worked) == []


def test_codes_missing_after_a_restore_are_no_fault(worked: Mint) -> None:
    """Backups hold neither codes nor wrapped keys."""
    for path in worked.settings.codes.iterdir():
        path.unlink()
    assert faults(worked) == []


def paths(mint: Mint) -> tuple[Path, Path, Path]:
    return batch_files.paths(mint.settings, 2, 1)


@pytest.mark.parametrize("which", [0, 2])
def test_a_flipped_bit_is_found(worked: Mint, which: int) -> None:
    """In the codes or in the hashes of one batch, and the file is named."""
    path = paths(worked)[which]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert faults(worked) == [f"{path.name} of batch 2 is not the file its manifest describes"]


def test_missing_files_are_found(worked: Mint) -> None:
    """Hashes are kept for good, and codes and their key go together."""
    codes, _, hashes = paths(worked)
    hashes.unlink()
    codes.unlink()
    assert faults(worked) == [
        "batch 2 has only one of its codes and the key to them",
        "2-1.hashes of batch 2 is missing",
    ]


def test_codes_that_outlive_their_print_are_found(worked: Mint) -> None:
    """Either file counts."""
    worked.confirm(worked.batch(2))
    fault = ["batch 2 was printed, but its codes are not destroyed"]
    assert faults(worked) == fault
    paths(worked)[0].unlink()
    assert faults(worked) == fault
    paths(worked)[1].unlink()
    assert faults(worked) == []


def test_a_missing_number_is_found(worked: Mint) -> None:
    """A batch that vanished from its row leaves a gap."""
    with writing(worked.engine) as connection:
        connection.execute(delete(batch_table).where(batch_table.c.number == 2))
    assert faults(worked) == ["batch 2 is missing: the next one is 3"]


@pytest.mark.parametrize("number", [3, 9])
def test_a_counter_set_back_or_ahead_is_found(worked: Mint, number: int) -> None:
    """The counter stands right behind the last number."""
    with writing(worked.engine) as connection:
        connection.execute(update(storage.counter_table).values(next_number=number))
    assert faults(worked) == [f"the counter says {number}, but the next number should be 5"]


def test_a_forged_manifest_is_found(worked: Mint) -> None:
    """Changed, signed by another key, or another batch's: none passes."""
    batch, other = worked.batch(2), worked.batch(3)
    text = (batch.manifest or "").replace('"quantity":5', '"quantity":4')
    refused = "the manifest of batch 2 is refused: no office key we trust has signed it"
    change(worked, manifest=text)
    assert faults(worked) == [refused]
    stranger = Ed25519PrivateKey.generate().sign(manifest.signed_message(text))
    change(worked, signature=stranger)
    assert faults(worked) == [refused]
    change(worked, manifest=other.manifest, signature=other.signature)
    assert "the manifest of batch 2 describes another batch" in faults(worked)


def test_a_release_nobody_recorded_is_found(worked: Mint) -> None:
    """A thief with the office key and the database leaves no honest trail."""
    batch = worked.batch(2)
    office = keys.load_office_key(worked.settings.office_key, None)
    with writing(worked.engine) as connection:
        connection.execute(
            update(batch_table)
            .where(batch_table.c.number == 4)
            .values(
                state="released",
                attempt=1,
                last_index=batch.last_index,
                manifest=batch.manifest,
                signature=office.sign(manifest.signed_message(batch.manifest or "")),
            )
        )
    found = faults(worked)
    assert "batch 4 is released without audit entries of signing and release" in found
    assert "the manifest of batch 4 describes another batch" in found


def test_a_signature_before_the_release_is_found(worked: Mint) -> None:
    """An unreleased batch has neither manifest nor signature."""
    change(worked, state="signing")
    assert faults(worked) == ["batch 2 is signing but has a manifest"]


def test_a_changed_audit_entry_is_found(worked: Mint) -> None:
    """The chain breaks at its place; on PostgreSQL only another account can change an entry."""
    url = worked.engine.url
    owner = open_engine(url.set(username=url.username and "postgres").render_as_string(False))
    with writing(owner) as connection:
        connection.execute(
            update(audit.entry_table).where(audit.entry_table.c.seq == 5).values(actor="nobody")
        )
    owner.dispose()
    assert faults(worked) == ["audit entry 5 does not continue the chain after entry 4"]


def test_a_list_of_trust_that_cannot_be_read_is_said(worked: Mint) -> None:
    """A missing or broken file is a fault in words."""
    worked.installation.trust_file.write_text("{")
    assert len(faults(worked)) == 1
    worked.installation.trust_file.unlink()
    (fault,) = faults(worked)
    assert fault.startswith("the list of trusted keys cannot be read")
