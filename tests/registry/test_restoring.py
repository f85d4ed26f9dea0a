"""After a restore: a new epoch that no verifier can overlook, and what was lost on record."""

import json
from pathlib import Path

from sqlalchemy import select
from tests.conftest import SetClock
from tests.registry.records import OFFICE, Register

from tem.databases import published
from tem.trail import audit, checkpoints, kept_checkpoints
from tem.trail.signed_note import NoteSigner
from tem_registry import lost_entries, restoring

SIGNER = NoteSigner.make(checkpoints.origin("registry"))


def test_a_restore_begins_an_epoch_and_numbers_go_on(register: Register) -> None:
    """Accepting gives another epoch and a higher change number, and leaves one audit entry."""
    with register.read() as connection:
        before = published.position(connection)
    assert before is not None
    with register.write() as connection:
        epoch = restoring.accept(connection, register.clock(), OFFICE, None)
    with register.read() as connection:
        after = published.position(connection)
        (entry,) = audit.entries(connection, object="registry:1")
    assert after is not None and after[:2] == (epoch, before[1] + 1) and epoch != before[0]
    assert (entry.action, entry.details) == ("restore.accepted", {"epoch": epoch})


def test_what_a_restore_lost_is_told_and_recorded(
    register: Register, tmp_path: Path, clock: SetClock
) -> None:
    """Checkpoints of entries that are gone say how many there were; the file is kept aside."""
    kept, key = tmp_path / "registry.txt", tmp_path / "audit-key"
    key.write_text(SIGNER.written)
    kept_checkpoints.keep(register.engine, clock, SIGNER, kept)
    with register.read() as connection:
        assert lost_entries.lost(connection, "registry", key, kept) is None
        agreed = audit.head(connection)[0]
        (last,) = audit.entries(connection, agreed - 1)
    ahead = checkpoints.Checkpoint("tem/registry/audit", agreed + 9, "ab" * 32, clock())
    with kept.open("a") as file:
        file.write(SIGNER.sign(ahead.text))
    with register.write() as connection:
        lost = lost_entries.lost(connection, "registry", key, kept)
        assert lost is not None and (lost.agreed, lost.size) == (agreed, agreed + 9)
        restoring.accept(connection, clock(), OFFICE, lost)
    with register.read() as connection:
        told = connection.execute(
            select(audit.entry_table.c.details).where(audit.entry_table.c.prev_hash == last.hash)
        ).scalar_one()
    recorded = json.loads(told)
    assert recorded["lost_after"] == agreed and recorded["entries_known"] == agreed + 9
    content = kept.read_bytes()
    aside = lost_entries.put_aside(kept, clock())
    assert not kept.exists() and aside.read_bytes() == content
    assert aside.name == "registry.before-20261120T020000Z.txt"
