"""Which batches we believe: the manifest, its finality, and its table of fingerprints."""

import contextlib
import hashlib
import mmap
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from tem import trust
from tem.databases import published
from tem.databases.database import reading, writing
from tem.manifest import FINGERPRINT_BYTES, Manifest, ManifestRefused, digest
from tem.trust import Trust
from tem_verifier import storage
from tem_verifier.alarms import Trouble, raise_alarm
from tem_verifier.storage import ReadPosition


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an accepted manifest lets us check. ``fingerprints`` is None if the table is missing:
    then the signature alone decides, and an alarm has been raised."""

    quantity: int
    last_index: int
    public_key: bytes
    fingerprints: mmap.mmap | memoryview | None

    def fingerprint(self, index: int) -> bytes | None:
        """The 8 bytes on record for a stamp."""
        if self.fingerprints is None:
            return None
        found = self.fingerprints[(index - 1) * FINGERPRINT_BYTES : index * FINGERPRINT_BYTES]
        return bytes(found)


class Acceptance:
    """Decides about manifests, with the trust file and the verifier's own memory."""

    def __init__(self, trust_file: Path, store: Engine, cache: Path) -> None:
        self._trust_file, self._store, self._cache = trust_file, store, cache
        self._stamp: tuple[int, int] | None = None
        self._trust: Trust = Trust({})
        self._unreadable = Trouble("trust_unreadable")
        self.trust_changed()

    def trust_changed(self) -> bool:
        """Read the trust file if it was written since; whether it was."""
        try:
            status = self._trust_file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return False
            self._trust, self._stamp = trust.load(self._trust_file), stamp
        except (OSError, ValueError) as error:
            self._unreadable.begins(error=type(error).__name__)
            return False
        self._unreadable.ends()
        return True

    @property
    def is_blind(self) -> bool:
        """Whether the trust file could not be read yet, so that nobody is believed."""
        return self._stamp is None

    @property
    def trust(self) -> Trust:
        """Whom we believe at present."""
        return self._trust

    def position(self) -> ReadPosition:
        """How far this verifier has ever read."""
        with reading(self._store) as connection:
            return storage.position(connection)

    def remember_position(
        self, known: ReadPosition, epoch: str, change: int, as_of: datetime
    ) -> None:
        """Keep the furthest position, so that a restart does not go back either."""
        if (known.epoch, known.change) != (epoch, change):
            with writing(self._store) as connection:
                storage.advance(connection, epoch, change, as_of)

    def note_went_back(self, known: ReadPosition) -> None:
        """Keep that the registry went back, until an operator decides."""
        if not known.went_back:
            with writing(self._store) as connection:
                storage.note_went_back(connection, known.restores)

    def believes(self, manifest: str, signature: bytes) -> bool:
        """Whether an office key we trust at present vouches for a manifest."""
        try:
            self._trust.accept(manifest, signature)
        except ManifestRefused:
            return False
        return True

    def accept(self, connection: Connection, rows: Sequence[Any]) -> dict[int, Accepted | None]:
        """What published batches let us check, by number; None for those we do not believe.

        Tables of fingerprints are mapped out of the cache, a file each.
        """
        return {
            number: self._accepted(connection, made) if made else None
            for number, made in self.judge(rows).items()
        }

    def judge(self, rows: Sequence[Any]) -> dict[int, Manifest | None]:
        """The manifests of published batches by number; None, with an alarm, for those we do not
        believe. One transaction makes them all final."""
        made = {row.number: self._believed(row) for row in rows}
        digests = {row.number: digest(row.manifest) for row in rows if made[row.number]}
        final = self._make_final([one for one in made.values() if one], digests)
        for number in digests.keys() - final:
            why = "its number or its batch key belongs to another manifest"
            raise_alarm("manifest_refused", batch=number, why=why)
        return {number: one if number in final else None for number, one in made.items()}

    def _accepted(self, connection: Connection, made: Manifest) -> Accepted:
        return Accepted(
            made.quantity,
            made.last_index,
            bytes.fromhex(made.public_key),
            self._fingerprints(connection, made),
        )

    def _believed(self, row: Any) -> Manifest | None:
        """The manifest of a published batch, if an office key vouches for it as published."""
        try:
            made = self._trust.accept(row.manifest, row.signature)
            published_as = (row.number, row.product_id, row.producer_id)
            if (made.batch, made.product, made.producer) != published_as:
                raise ManifestRefused("it was published as another batch")
        except ManifestRefused as refusal:
            raise_alarm("manifest_refused", batch=row.number, why=refusal.detail)
            return None
        return made

    def _make_final(self, made: Sequence[Manifest], digests: Mapping[int, str]) -> set[int]:
        """The batches whose manifest is final: unless another has its number or its key already,
        it is from now on."""
        with reading(self._store) as connection:
            known = storage.final_digests(connection, list(digests))
        final = {number for number, name in digests.items() if known.get(number) == name}
        new = [one for one in made if one.batch not in final]
        if new:
            with writing(self._store) as connection:
                final |= {
                    one.batch
                    for one in new
                    if storage.is_final(connection, one.batch, digests[one.batch], one.public_key)
                }
        return final

    def _fingerprints(self, connection: Connection, made: Manifest) -> mmap.mmap | None:
        """The table, out of the cache or the published pieces, as its manifest describes it."""
        path = self._cache / f"{made.fingerprints_sha256}.fingerprints"
        try:
            mapped = _map(path, made)
            if mapped is None:
                _write(path, pieces(connection, made.batch))
                mapped = _map(path, made)
            if mapped is None:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise_alarm("fingerprints_missing", batch=made.batch, error=type(error).__name__)
            return None
        if mapped is None:
            raise_alarm("fingerprints_missing", batch=made.batch)
        return mapped


def pieces(connection: Connection, batch: int) -> Iterator[bytes]:
    """A batch's table of fingerprints as published, from the first stamp on."""
    c = published.fingerprints.c
    numbers = connection.execute(select(c.piece).where(c.batch == batch).order_by(c.piece))
    for piece in numbers.scalars().all():
        found = select(c.content).where(c.batch == batch, c.piece == piece)
        yield connection.execute(found).scalar_one()


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _map(path: Path, made: Manifest) -> mmap.mmap | None:
    """Map a file, if it is exactly the table the manifest describes."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if os.fstat(descriptor).st_size == made.last_index * FINGERPRINT_BYTES:
                mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
                if hashlib.sha256(mapped).hexdigest() == made.fingerprints_sha256:
                    return mapped
                mapped.close()
        finally:
            os.close(descriptor)
    return None
