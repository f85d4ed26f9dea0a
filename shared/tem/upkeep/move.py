"""Taking a SQLite installation to PostgreSQL: the same state on another engine, or nothing.

One transaction for each service: the target is locked and must be empty, the tables are copied,
what arrived is read again, and only if its digest is that of the source does it commit. A move
that was cut off leaves each service moved or empty, so running it again goes on.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, MetaData, make_url
from sqlalchemy.exc import DatabaseError

from tem.databases.database import is_missing, open_engine, reading, writing
from tem.databases.migrations import require_columns
from tem.errors import Conflict, Invalid, Unavailable
from tem.installation import Installation
from tem.upkeep import table_copy
from tem.upkeep.standstill import standstill
from tem.upkeep.state_digest import ServiceState, TableDigest, digests, state_digest, state_tables

# These say where the databases are to be. Without them, everything is in the SQLite files.
URLS = {name: f"TEM_{name.upper()}_DATABASE_URL" for name in ("issuer", "registry", "verifier")}
ELSEWHERE = frozenset({*URLS.values(), "TEM_PUBLISHED_DATABASE_URL"})

PROGRESS_ROWS = 200_000  # some seconds' worth
SHOWN = 20  # faults; `tem fsck` has them all

Say = Callable[[str], None]
States = Callable[[Mapping[str, str]], Mapping[str, ServiceState]]


@dataclass(frozen=True, slots=True)
class Journey:
    """One service's state, from the file it is in to the database that is to hold it."""

    service: str
    metadata: tuple[MetaData, ...]
    source: Callable[[], Engine]
    target: str


class Undone(Exception):
    """Ends a rehearsal: what it wrote is rolled back."""


def without_urls(env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the services find their SQLite files."""
    return {name: value for name, value in env.items() if name not in ELSEWHERE}


def plan(states: States, env: Mapping[str, str], wanted: Sequence[str]) -> list[Journey]:
    """What is to be moved where. Raises Invalid or Conflict if the settings do not say it."""
    sources, targets = states(without_urls(env)), states(env)
    journeys = []
    for service in wanted:
        source, target = sources[service], targets[service].url
        if make_url(target).get_backend_name() != "postgresql":
            raise Invalid(
                "no_target",
                f"{URLS[service]} names no PostgreSQL database: say where the {service}'s state "
                "is to go, or name only the services that are to be moved: tem move SERVICE…",
            )
        if is_missing(source.url):
            raise Conflict("source_missing", f"There is no {make_url(source.url).database}.")
        journeys.append(Journey(service, source.metadata, source.open, target))
    if len({_place(journey.target) for journey in journeys}) < len(journeys):
        raise Invalid("one_target_for_two", "Each service needs a database of its own.")
    return journeys


def _place(url: str) -> URL:
    """A database whoever asks for it, so that two accounts of one are seen to be one."""
    return make_url(url).set(drivername="postgresql", username="", password="", query={})


def move(
    installation: Installation,
    journeys: Sequence[Journey],
    faults: Callable[[Installation], Iterable[tuple[str, str]]],
    say: Say,
    *,
    rehearse: bool = False,
) -> None:
    """Move each service, or with ``rehearse`` do all of it and commit nothing.

    ``faults`` are those of ``tem fsck``, whose they are and what is wrong.
    Raises Conflict if the installation runs, its state is faulty, a target is not empty or at
    another version, or what arrived is not what was sent; Unavailable if a target is not there.
    """
    with standstill(installation):
        filled = [_filled(journey) for journey in journeys]
        with _hidden(ELSEWHERE):
            _require_sound(f"{name}: {fault}" for name, fault in faults(installation))
        say("every invariant holds in the SQLite files")
        there = [_same(*pair) for pair in zip(journeys, filled, strict=True)]
        for journey, already in zip(journeys, there, strict=True):
            done = f"there already, {already}" if already else _move(journey, say, rehearse)
            say(f"{journey.service}: {done}")


@contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    """Settings that the services' checks, which read the environment, are not to see."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _require_sound(faults: Iterable[str]) -> None:
    """Raises Conflict with what ``tem fsck`` finds in the SQLite files."""
    if found := list(faults):
        raise Conflict(
            "source_faulty",
            "\n".join(["`tem fsck` finds faults in the SQLite files:", *found[:SHOWN]])
            + "\nNothing was moved: mend them first.",
        )


def _filled(journey: Journey) -> list[str]:
    """The tables of a target that have rows. Raises Conflict if it is at another version."""
    target = open_engine(journey.target)
    try:
        with _plain_refusals(journey), reading(target) as connection:
            require_columns(connection, journey.metadata)
            return table_copy.filled_tables(connection, journey.metadata)
    finally:
        target.dispose()


def _same(journey: Journey, filled: list[str]) -> str | None:
    """The digest of a target that holds the very state already; None of an empty one.

    Raises Conflict if it holds anything else.
    """
    if not filled:
        return None
    with _connections(journey, reading) as pair:
        there, here = (state_digest(digests(one, journey.metadata)) for one in pair)
    if there == here:
        return there
    raise Conflict(
        "target_not_empty",
        f"The database for the {journey.service} holds something else already "
        f"({', '.join(filled[:5])}): nothing was changed there. If nobody needs that, make it "
        f"anew: as postgres `DROP DATABASE {make_url(journey.target).database}`, then `tem "
        "provision` and `tem migrate` again.",
    )


def _move(journey: Journey, say: Say, rehearse: bool) -> str:
    """Copy one service in one transaction; what was done."""
    done = ""
    try:
        with _connections(journey, writing) as (source, target):
            done = _copy(journey, source, target, say)
            if rehearse:
                raise Undone
            table_copy.set_sequences(target, journey.metadata)
    except Undone:
        return f"would be moved, {done}"
    return f"moved, {done}"


def _copy(journey: Journey, source: Connection, target: Connection, say: Say) -> str:
    """Copy all tables and compare; the digest of both. Raises Conflict if they differ."""
    table_copy.lock_tables(target, journey.metadata)
    if filled := table_copy.filled_tables(target, journey.metadata):
        raise Conflict("target_not_empty", f"Somebody has just written {', '.join(filled)} there.")
    sent = []
    for table in state_tables(journey.metadata):
        sent.append(table_copy.copy_table(source, target, table, _telling(journey, say)))
        say(f"{journey.service}: {table.name}, {sent[-1].rows} rows")
    table_copy.settle(target, journey.metadata)
    _require_same(journey, sent, digests(target, journey.metadata))
    return state_digest(sent)


def _telling(journey: Journey, say: Say) -> table_copy.Progress:
    """A line now and then while a long table is copied."""

    def progress(table: str, rows: int) -> None:
        if rows % PROGRESS_ROWS == 0:
            say(f"{journey.service}: {table}, {rows} rows so far")

    return progress


def _require_same(journey: Journey, sent: list[TableDigest], found: list[TableDigest]) -> None:
    differing = [one.table for one, other in zip(sent, found, strict=True) if one != other]
    if differing:
        raise Conflict(
            "digest_differs",
            f"What arrived of the {journey.service} is not what was sent "
            f"({', '.join(differing)}): nothing was kept. Tell those who maintain this software.",
        )


@contextmanager
def _connections(
    journey: Journey, purpose: Callable[[Engine], Any]
) -> Iterator[tuple[Connection, Connection]]:
    """A transaction on both sides; to write, the source is held against writers too."""
    source, target = journey.source(), open_engine(journey.target)
    with _plain_refusals(journey), ExitStack() as stack:
        stack.callback(target.dispose)
        stack.callback(source.dispose)
        yield stack.enter_context(purpose(source)), stack.enter_context(purpose(target))


@contextmanager
def _plain_refusals(journey: Journey) -> Iterator[None]:
    """Say whose database refused, and what it said."""
    try:
        yield
    except (DatabaseError, psycopg.Error) as error:
        said = getattr(error, "orig", error)
        if isinstance(said, psycopg.OperationalError):
            raise Unavailable(
                "target_unavailable",
                f"The database for the {journey.service} cannot be used now: {said}".strip(),
            ) from error
        raise Conflict(
            "move_refused", f"Nothing of the {journey.service} was moved: {said}".strip()
        ) from error
