"""Whether the database is the one that gave out the last number, and what to do if it is not.

The mark is read first and the database after it: what the mark knows must be there.
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select

from tem.databases.database import reading, writing
from tem.errors import Conflict, Invalid, Unavailable
from tem.trail import audit
from tem_issuer import high_water, storage
from tem_issuer.domain import check_number
from tem_issuer.high_water_rules import (
    Mark,
    accepted,
    check_past,
    check_position,
    check_unsigned,
    compared,
    replacing,
)
from tem_issuer.settings import Settings

MOST_FORGOTTEN = 100_000
_OF_A_BATCH = re.compile(r"\.?([0-9]{1,10})-", re.ASCII)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting a restored database did: numbers from ``first`` to ``last`` are passed over,
    the batches ``failed`` are not signed any more; ``lost`` if there was no mark to go by."""

    first: int
    last: int
    failed: list[int]
    lost: bool


def begin(engine: Engine, config: Settings, now: datetime, actor: str) -> None:
    """What each start does: make the mark if there never was one, else hold the database to it.

    Raises Unavailable where the database is an older copy, or the mark it once had is missing;
    the engine's connections are closed then, for nothing starts.
    """
    try:
        with writing(engine) as connection:
            mark = high_water.find(config.high_water)
            made_now = storage.note_high_water(connection, now)
            if mark is None and made_now:
                mark = _made(connection, config, now, actor)
            compare(connection, config, mark or high_water.required(config.high_water))
    except Unavailable:
        engine.dispose()
        raise


def _made(connection: Connection, config: Settings, now: datetime, actor: str) -> Mark:
    """The first mark: an installation's first start, or the first one after an upgrade.

    Raises Unavailable where the files of hashes know a later number: this is a copy from before
    the upgrade, and the mark that was made since is lost.
    """
    last, waiting = _next(connection, config) - 1, storage.unsigned_numbers(connection)
    if last < _highest_on_disk(config):
        high_water.required(config.high_water)
    mark = Mark(last, last, frozenset(waiting))
    audit.record(connection, now, actor, "high_water.made", "issuer:1", {"committed": last})
    high_water.put(config.high_water, mark)
    return mark


def check(engine: Engine, config: Settings) -> None:
    """Raises Unavailable where no number may be given out or signed."""
    mark = high_water.required(config.high_water)
    with reading(engine) as connection:
        compare(connection, config, mark)


def keep_up(engine: Engine, config: Settings) -> None:
    """The same, and tell the mark what the database knows: to be done before signing.

    Afterwards the mark knows each batch that waits, and forgets those that were settled.
    """
    before = high_water.required(config.high_water)
    with reading(engine) as connection:
        next_number, waiting = compare(connection, config, before)
    if compared(before, next_number, waiting) != before:
        high_water.change(config.high_water, lambda mark: compared(mark, next_number, waiting))


def compare(connection: Connection, config: Settings, mark: Mark) -> tuple[int, Collection[int]]:
    """The next number and the batches that wait. Raises Unavailable if this is an older copy."""
    next_number, waiting = _next(connection, config), storage.unsigned_numbers(connection)
    check_position(mark, next_number)
    check_unsigned(mark, waiting)
    return next_number, waiting


def passed_over(connection: Connection) -> list[tuple[int, int]]:
    """Ranges of numbers that the audit trail says were passed over, in order of their first."""
    found = _told(connection, "number.skipped", "restore.accepted")
    return sorted((one["first"], one["last"]) for one in found if one["first"] <= one["last"])


def forgotten(connection: Connection) -> Iterator[int]:
    """Numbers that may have been released before a restore that was accepted."""
    for one in _told(connection, "restore.accepted"):
        yield from one["failed"]
        # `--past` may be generous; so many batches nobody orders between a backup and a restore.
        yield from range(one["first"], min(one["last"], one["first"] + MOST_FORGOTTEN) + 1)


def _told(connection: Connection, *actions: str) -> list[dict[str, Any]]:
    c = audit.entry_table.c
    details = select(c.details).where(c.action.in_(actions))
    return [json.loads(text) for text in connection.execute(details).scalars()]


def accept(
    engine: Engine, config: Settings, now: datetime, actor: str, past: int | None = None
) -> Accepted:
    """Let an older copy go on, behind every number the mark knows or ``past`` names.

    Batches that may have been signed before are failed for good; all this is one audit entry.
    Raises Conflict if there is nothing to accept, Invalid if ``past`` cannot be right or if it is
    missing and the mark is lost, Unavailable if another database raises the mark meanwhile.
    """
    with writing(engine) as connection:
        mark = _known(config.high_water)
        first = storage.next_number(connection, config.first_number)  # locks the counter's row
        waiting = storage.unsigned_numbers(connection)
        if mark is None and past is None:
            raise Invalid(
                "past_needed",
                "The high-water mark is lost too. Say with --past the highest batch number that "
                "the registry has on record (GET /v1/batches), or that was ever printed.",
            )
        check_past(mark, past or 0, max(first - 1, _highest_on_disk(config)))
        new = accepted(mark, first, past or 0, waiting)
        failed = sorted(set(waiting) - new.unsigned)
        if mark is not None and not failed and new.reserved < first:
            raise Conflict("nothing_to_accept", "The database is where the mark says it should be.")
        check_number(new.committed + 1, config.sandbox)
        storage.note_high_water(connection, now)
        storage.set_counter(connection, config.first_number, new.committed + 1)
        storage.fail(connection, failed)
        done = Accepted(first, new.committed, failed, mark is None)
        audit.record(connection, now, actor, "restore.accepted", "issuer:1", asdict(done))
        # Before the commit: a crash in between leaves a mark that refuses, and this act is redone.
        if mark is None:
            high_water.put(config.high_water, new)
        else:
            high_water.change(config.high_water, lambda now: replacing(now, mark, new))
    return done


def _known(path: Path) -> Mark | None:
    try:
        return high_water.find(path)
    except Unavailable:
        return None


def _next(connection: Connection, config: Settings) -> int:
    return storage.counter(connection) or config.first_number


def _highest_on_disk(config: Settings) -> int:
    """The highest number that files of codes or hashes are there of; 0 if of none."""
    names = (path.name for folder in (config.hashes, config.codes) for path in folder.glob("*"))
    return max((int(found[1]) for name in names if (found := _OF_A_BATCH.match(name))), default=0)
