"""Making the snapshot of an installation: what ``python -m tem_verifier.snapshot`` does."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from tem import logs
from tem.clock import Clock, system_clock
from tem.databases import published, replica
from tem.databases.database import open_published, reading
from tem.errors import Unavailable
from tem.installation import Installation
from tem.process import hold_lock
from tem_verifier import settings
from tem_verifier.manifests import Acceptance
from tem_verifier.rendering import Renderer
from tem_verifier.settings import Settings
from tem_verifier.snapshot import build
from tem_verifier.snapshot.build import Moment
from tem_verifier.snapshot.snapshots import HELD, lock_of, path_of
from tem_verifier.storage import ReadPosition
from tem_verifier.store import open_store

LEFT_BEHIND = timedelta(days=2)


def make(config: Settings, source: Engine, acceptance: Acceptance, clock: Clock) -> None:
    """Write the snapshot of what is published now, and forget cached tables that it holds.

    To be called by whoever holds its lock. Raises Unavailable if nothing is published, if what is
    stands before what was read already, or while nobody can be believed.
    """
    if acceptance.is_blind:
        raise Unavailable("trust_unreadable", f"{config.trust_file} cannot be read.")
    known, now = acceptance.position(), clock()
    with reading(source) as connection:
        found = published.position(connection)
        if found is None:
            raise Unavailable("nothing_published", "The published tables have no position.")
        epoch, change, _ = found
        if known.went_back or (known.epoch is not None and _is_before(epoch, change, known)):
            raise Unavailable("went_back", "What is published stands before what was read.")
        as_of = replica.known(connection, now).until
        acceptance.remember_position(known, epoch, change, as_of)
        moment = Moment(epoch, change, known.restores, as_of, now)
        renderer = Renderer(config.office_contact, is_sandbox=config.is_sandbox)
        path = path_of(config.snapshots, renderer.fingerprint)
        build.write(path, connection, moment, acceptance, renderer, config.table_bytes)
    _forget_others(path, now.timestamp())
    for table in config.fingerprints.glob("*.fingerprints"):
        table.unlink(missing_ok=True)


def _forget_others(path: Path, now: float) -> None:
    """Snapshots that a version left behind which runs no more."""
    for other in path.parent.glob("*.snapshot"):
        with suppress(FileNotFoundError):
            if other != path and other.stat().st_mtime < now - LEFT_BEHIND.total_seconds():
                other.unlink()


def _is_before(epoch: str, change: int, known: ReadPosition) -> bool:
    return epoch != known.epoch or change < known.change


def main(arguments: Sequence[str]) -> int:
    """The same with everything from the environment; 1 if it could not be made. ``--lock-held``
    says that the lock came along; without it, it is taken here."""
    logs.configure("verifier")
    os.nice(10)  # look-ups go first
    config = settings.read(os.environ, Installation.at(None))
    store, source = open_store(config), open_published(config.published_url, published.TABLE_NAMES)
    acceptance = Acceptance(config.trust_file, store, config.fingerprints)
    try:
        if HELD not in arguments:
            config.snapshots.mkdir(parents=True, exist_ok=True, mode=0o700)
            renderer = Renderer(config.office_contact, is_sandbox=config.is_sandbox)
            hold_lock(lock_of(path_of(config.snapshots, renderer.fingerprint)))
        make(config, source, acceptance, system_clock)
    except Exception as error:
        why = str(error).partition("\n")[0][:200]
        logs.log.error("snapshot_failed", error=type(error).__name__, detail=why)
        return 1
    return 0
