"""Packs made: when one is due, one consistent read, one signature, one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tem import ed25519, trust
from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.logs import log
from tem.pack import reader
from tem.pack.key_file import PackKey
from tem.trust import Trust
from tem_registry.packs import kept_packs, laying, pack_metrics, published_record
from tem_registry.packs.kept_packs import Made
from tem_registry.packs.laying import Places
from tem_registry.packs.pack_keys import PackKeys
from tem_registry.packs.pack_trust import as_tills_have_it
from tem_registry.packs.pack_turn import PackTurn
from tem_registry.packs.published_record import Position
from tem_registry.packs.signing import payload_of, signed

# An act after some quiet is in a pack at once; while act follows act, one pack for several.
MOVED_AFTER = timedelta(seconds=10)
FRESH_AFTER = timedelta(minutes=5)  # nothing happened: a younger ``as_of`` all the same
FULL_AFTER = timedelta(days=1)
MOST_OF_FULL = 8  # a delta larger than the eighth part of its full frame, and than so many bytes
LEAST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Base:
    """The newest full frame, as far as deltas are made against it."""

    made: Made
    position: Position
    places: Places
    refused: frozenset[int]  # batches whose manifest is not believed
    unavailable: frozenset[int]  # those, and batches whose cards were not there
    believed: Trust


@dataclass(frozen=True, slots=True)
class Last:
    """The newest pack, as far as it decides when the next is due."""

    made_at: datetime
    position: Position
    signer: bytes  # the certificate of its key
    believed: Trust
    delta: int  # bytes


class Maker:
    """Makes packs when they are due; what went wrong is tried again by the next call."""

    def __init__(
        self, engine: Engine, clock: Clock, trust_file: Path, key_file: Path, prefix: str, days: int
    ) -> None:
        self._engine, self._clock, self._trust_file = engine, clock, trust_file
        self._keys, self._prefix, self._days = PackKeys(key_file), prefix, days
        self._turn = PackTurn(engine)
        self._base: Base | None = None
        self._last: Last | None = None

    def if_due(self) -> Made | None:
        """The pack made now, if one was. Raises SQLAlchemyError; OSError or ValueError where the
        trust list cannot be read; PackRefused where a till would refuse what was made."""
        now = self._clock()
        with reading(self._engine) as connection:
            position = published_record.position(connection)
            newest = kept_packs.newest_full(connection)
        if position is None or not self._turn.is_mine():
            return None
        believed = trust.load(self._trust_file)
        key = self._keys.at(now, believed)
        if key is None or not _is_due(self._last, position, believed, key, now):
            return None
        base = self._base
        delta = 0 if self._last is None else self._last.delta
        # Somebody else had the turn meanwhile, or the database is another copy.
        is_mine = base is not None and base.made.sequence == newest
        if base is None or not is_mine or _wants_full(base, delta, position, believed, now):
            return self._full(key, believed, now)
        return self._delta(base, key, now)

    def close(self) -> None:
        """Let another process make packs."""
        self._turn.give_up()

    def _full(self, key: PackKey, believed: Trust, now: datetime) -> Made:
        with reading(self._engine) as connection:
            position = _required(published_record.position(connection))
            refused = published_record.refused(connection, believed)
            cards = published_record.cards(connection)
            laid = published_record.all_batches(connection, refused)
            payload, places = laying.full(laid, cards, refused)
        made = self._made(key, position, payload, now, None)
        _require_read(believed, made)
        self._keep(position, made, key, believed)
        self._base = Base(
            made,
            position,
            places,
            frozenset(refused),
            frozenset(payload["unavailable"]),
            believed,
        )
        return made

    def _delta(self, base: Base, key: PackKey, now: datetime) -> Made:
        since = base.position.change
        with reading(self._engine) as connection:
            position = _required(published_record.position(connection))
            refused = base.refused | published_record.refused(connection, base.believed, since)
            touched = published_record.touched(connection, since, refused)
            changed = published_record.cards(connection, since)
            known = {kind: _of(changed[kind], base.places.cards[kind]) for kind in changed}
            cards = published_record.cards_named(connection, touched, known)
        silent = base.unavailable - {one.number for one in touched} | refused
        payload = laying.delta(base.places, touched, cards, silent)
        made = self._made(key, position, payload, now, base.made.sequence)
        self._base = None  # where a till refuses it the next try is a full one
        _require_read(base.believed, base.made, made)
        self._base = base
        self._keep(position, made, key, base.believed)
        return made

    def _made(
        self, key: PackKey, position: Position, payload: Any, now: datetime, base: int | None
    ) -> Made:
        with reading(self._engine) as connection:
            sequence = kept_packs.following(connection, now)
        content = signed(
            key,
            position,
            self._prefix,
            payload_of(payload),
            sequence=sequence,
            base=base,
            as_of=now,
            valid_until=now + timedelta(days=self._days),
        )
        return Made(sequence, base, position.change, now, content)

    def _keep(self, position: Position, made: Made, key: PackKey, believed: Trust) -> None:
        with writing(self._engine) as connection:
            kept_packs.keep(connection, made)
        delta = 0 if made.base is None else len(made.content)
        self._last = Last(made.made_at, position, key.signed.raw, believed, delta)
        pack_metrics.MADE.set(made.made_at.timestamp())
        pack_metrics.BYTES.labels("delta").set(delta)
        if made.base is None:
            pack_metrics.BYTES.labels("full").set(len(made.content))
            log.info("pack_made", sequence=made.sequence, bytes=len(made.content))


def _is_due(
    last: Last | None, position: Position, believed: Trust, key: PackKey, now: datetime
) -> bool:
    """Whether it is time. Where tills refuse the last pack, or soon will, it is at once: another
    trust list or another key says so."""
    if last is None or (last.believed, last.signer) != (believed, key.signed.raw):
        return True
    if now < last.made_at:  # the clock was set back
        return True
    return now - last.made_at >= (MOVED_AFTER if position != last.position else FRESH_AFTER)


def _wants_full(base: Base, delta: int, position: Position, believed: Trust, now: datetime) -> bool:
    """Whether a delta against the newest full frame would be wrong, or hardly smaller."""
    goes_on = base.position.epoch == position.epoch and base.position.change <= position.change
    young = timedelta(0) <= now - base.made.made_at < FULL_AFTER
    small = delta <= max(LEAST_BYTES, len(base.made.content) // MOST_OF_FULL)
    return not (goes_on and young and small and base.believed == believed)


def _require_read(believed: Trust, *file: Made) -> None:
    """Read a file as a till does before anybody gets its last frame. Raises PackRefused."""
    content = b"".join(made.content for made in file)
    reader.open_pack(content, as_tills_have_it(believed), verifies=ed25519.verifies)


def _required(position: Position | None) -> Position:
    assert position is not None  # it was there a moment ago, and nobody takes it away
    return position


def _of(known: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Any]:
    return {id: card for id, card in known.items() if id in places}
