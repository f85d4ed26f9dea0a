"""Packs made: when one is due, one consistent read, one signature, one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tem import ed25519, trust
from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.logs import log
from tem.manifest import ManifestRefused
from tem.pack import reader
from tem.pack.key_file import PackKey
from tem.pack.trust_list import TrustList
from tem.trust import Trust
from tem_registry.packs import kept_packs, laying, pack_metrics, published_record
from tem_registry.packs.kept_packs import Made
from tem_registry.packs.laying import Places
from tem_registry.packs.pack_keys import PackKeys
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

    sequence: int
    position: Position
    made_at: datetime
    size: int
    places: Places
    refused: frozenset[int]  # batches whose manifest is not believed
    unavailable: frozenset[int]  # those, and batches whose cards were not there
    believed: Trust


class Maker:
    """Makes packs when they are due; what went wrong is tried again by the next call."""

    def __init__(
        self, engine: Engine, clock: Clock, trust_file: Path, key_file: Path, prefix: str, days: int
    ) -> None:
        self._engine, self._clock, self._trust_file = engine, clock, trust_file
        self._keys, self._prefix, self._days = PackKeys(key_file), prefix, days
        self._turn = PackTurn(engine)
        self._base: Base | None = None
        self._last: tuple[Position, datetime, int] | None = None  # with the delta's size

    def if_due(self) -> Made | None:
        """The pack made now, if one was. Raises SQLAlchemyError; OSError or ValueError where the
        trust list cannot be read; PackRefused where a till would refuse what was made."""
        now = self._clock()
        with reading(self._engine) as connection:
            position = published_record.position(connection)
            newest = kept_packs.newest_full(connection)
        if position is None or not self._is_due(position, now) or not self._turn.is_mine():
            return None
        believed = trust.load(self._trust_file)
        key = self._keys.at(now, believed)
        if key is None:
            return None
        base = self._base
        delta = 0 if self._last is None else self._last[2]
        # Somebody else had the turn meanwhile, or the database is another copy.
        is_mine = base is not None and base.sequence == newest
        if base is None or not is_mine or _wants_full(base, delta, position, believed, now):
            return self._full(key, believed, now)
        return self._delta(base, key, now)

    def close(self) -> None:
        """Let another process make packs."""
        self._turn.give_up()

    def _is_due(self, position: Position, now: datetime) -> bool:
        if self._last is None:
            return True
        before, at, _ = self._last
        if now < at:  # the clock was set back
            return True
        return now - at >= (MOVED_AFTER if position != before else FRESH_AFTER)

    def _full(self, key: PackKey, believed: Trust, now: datetime) -> Made:
        with reading(self._engine) as connection:
            position = _required(published_record.position(connection))
            refused = published_record.refused(connection, _believes(believed))
            cards = published_record.cards(connection)
            laid = published_record.all_batches(connection)
            payload, places = laying.full(laid, cards, refused)
        made = self._made(key, position, payload, now, None)
        _require_read(made, believed)
        self._keep(position, made)
        self._base = Base(
            made.sequence,
            position,
            now,
            len(made.content),
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
            touched = published_record.touched(connection, since)
            changed = published_record.cards(connection, since)
            known = {kind: _of(changed[kind], base.places.cards[kind]) for kind in changed}
            cards = published_record.cards_named(connection, touched, known)
            refused = published_record.refused(connection, _believes(base.believed), since)
        silent = base.unavailable - {one.number for one in touched} | base.refused | refused
        payload = laying.delta(base.places, touched, cards, silent)
        made = self._made(key, position, payload, now, base.sequence)
        self._keep(position, made)
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

    def _keep(self, position: Position, made: Made) -> None:
        with writing(self._engine) as connection:
            kept_packs.keep(connection, made)
        delta = 0 if made.base is None else len(made.content)
        self._last = position, made.made_at, delta
        pack_metrics.MADE.set(made.made_at.timestamp())
        pack_metrics.BYTES.labels("delta").set(delta)
        if made.base is None:
            pack_metrics.BYTES.labels("full").set(len(made.content))
            log.info("pack_made", sequence=made.sequence, bytes=len(made.content))


def _wants_full(base: Base, delta: int, position: Position, believed: Trust, now: datetime) -> bool:
    """Whether a delta against the newest full frame would be wrong, or hardly smaller."""
    goes_on = base.position.epoch == position.epoch and base.position.change <= position.change
    young = timedelta(0) <= now - base.made_at < FULL_AFTER
    small = delta <= max(LEAST_BYTES, base.size // MOST_OF_FULL)
    return not (goes_on and young and small and base.believed == believed)


def _believes(believed: Trust) -> Callable[[str, bytes], bool]:
    def believes(manifest: str, signature: bytes) -> bool:
        try:
            believed.accept(manifest, signature)
        except ManifestRefused:
            return False
        return True

    return believes


def _require_read(made: Made, believed: Trust) -> None:
    """Read a full frame as a till does before anybody gets it. Raises PackRefused."""
    environment = "sandbox" if believed.sandbox else "production"
    keys = {id: key.public_key for id, key in believed.keys.items()}
    frozen = frozenset(id for id, key in believed.keys.items() if key.frozen)
    reader.open_pack(made.content, TrustList(environment, keys, frozen), verifies=ed25519.verifies)


def _required(position: Position | None) -> Position:
    assert position is not None  # it was there a moment ago, and nobody takes it away
    return position


def _of(known: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Any]:
    return {id: card for id, card in known.items() if id in places}
