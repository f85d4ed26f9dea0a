"""The subscription of a replica: made, changed, given up, and what it says of itself.

The edge's server talks to the record's, so it is asked here and not the record: whoever types the
commands may have no way to the record.
"""

import contextlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tem.databases import published
from tem.databases.replica import PUBLICATION, SUBSCRIPTION
from tem.errors import Conflict, NotFound, TemError, Unavailable

# A network that swallows packets must not be waited for: the system tries a connection again at
# growing distances, after two minutes once a minute. So it is given up after 10 s and made anew.
KEEP_ALIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
ARRIVAL_SECONDS = 30.0  # within which a record that can be reached sends a first message
STEADY_SECONDS = 1.0  # for so long the connection has to last
_POLL_SECONDS = 0.1
_SLOT_EXISTS = "slot_exists"


@dataclass(frozen=True, slots=True)
class State:
    """What a subscription says of itself. ``tables`` gives each table's letter in PostgreSQL:
    ``r`` is complete; ``heard_at`` is the last message of the source, None while there is no
    connection to it; ``beat`` up to when the copy is complete."""

    enabled: bool
    slot: str | None
    tables: dict[str, str]
    heard_at: datetime | None
    beat: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether the first copy of every table is."""
        return bool(self.tables) and set(self.tables.values()) == {"r"}


def address(source: str, password: str) -> str:
    """libpq's words for a source, which may say otherwise than :data:`KEEP_ALIVE`."""
    given = conninfo_to_dict(source.replace("+psycopg", ""))
    return make_conninfo("", **{**KEEP_ALIVE, **given, "password": password})


def subscribe(connection: psycopg.Connection, address: str, name: str) -> str:
    """Begin to follow, or go on under another address; what was done.

    Raises Conflict for tables that hold something already, and Unavailable if the source refuses,
    or if nothing comes from it within 30 seconds.
    """
    _keep_out_of_the_log(connection)
    there = _slot(connection)
    if there is None:
        _require_empty(connection)
        _told(lambda: _create(connection, address, _slot_name(name)), address)
        return f"it follows the source from now on, as {_slot_name(name)}"
    began = _now(connection)
    for change in ("DISABLE", "CONNECTION {address}", "ENABLE", "REFRESH PUBLICATION"):
        _told(lambda change=change: _alter(connection, change, address), address)  # type: ignore[misc]
    _await_arrival(connection, began)
    return f"it follows under the address given, as {there}"


def subscribe_anew(connection: psycopg.Connection, address: str, name: str) -> str:
    """Empty the copy and begin from nothing, whatever there was; what was done."""
    _keep_out_of_the_log(connection)
    if _slot(connection) is not None:
        give_up(connection)
    tables = ", ".join(table.fullname for table in published.metadata.sorted_tables)
    connection.execute(f"TRUNCATE {tables}".encode())
    slot = _slot_name(name)
    try:
        _told(lambda: _create(connection, address, slot), address)
    except Conflict as error:
        if error.code != _SLOT_EXISTS:
            raise
        _drop_slot(connection, address, slot)  # what an earlier life of this copy left there
        _told(lambda: _create(connection, address, slot), address)
    return f"it is copied anew from now on, as {slot}"


def unsubscribe(connection: psycopg.Connection) -> None:
    """Stop following; the source keeps nothing for this copy any more.

    Raises NotFound without a subscription, Unavailable if the source cannot be told.
    """
    slot = _required(connection)
    try:
        connection.execute(f"DROP SUBSCRIPTION {SUBSCRIPTION}".encode())
    except (psycopg.OperationalError, psycopg.errors.ObjectNotInPrerequisiteState) as error:
        raise Unavailable(
            "source_unavailable",
            f"The source cannot be told to keep nothing for {slot} any more: is it there? If it "
            "is gone for good: --source-gone.",
        ) from error


def give_up(connection: psycopg.Connection) -> str:
    """Stop following a source that is gone; the slot it may still have. Raises NotFound."""
    slot = _required(connection)
    for change in ("DISABLE", "SET (slot_name = NONE)"):
        _alter(connection, change, "")
    connection.execute(f"DROP SUBSCRIPTION {SUBSCRIPTION}".encode())
    return slot


def state(connection: psycopg.Connection) -> State:
    """How it stands. Raises NotFound without a subscription."""
    _required(connection)
    row = connection.execute(
        "SELECT s.subenabled, s.subslotname, "
        "(SELECT max(a.last_msg_receipt_time) FROM pg_stat_subscription a "
        "WHERE a.subid = s.oid AND a.pid IS NOT NULL AND a.relid IS NULL), "
        "(SELECT max(at) FROM published.published_beat) "
        "FROM pg_subscription s WHERE s.subname = %s",
        [SUBSCRIPTION],
    ).fetchone()
    assert row is not None
    tables = connection.execute(
        "SELECT srrelid::regclass::text, srsubstate FROM pg_subscription_rel ORDER BY 1"
    ).fetchall()
    return State(row[0], row[1], dict(tables), row[2], row[3])


def _slot(connection: psycopg.Connection) -> str | None:
    """The slot's name at the source, empty if it has none; None without a subscription."""
    query = "SELECT coalesce(subslotname, '') FROM pg_subscription WHERE subname = %s"
    row = connection.execute(query, [SUBSCRIPTION]).fetchone()
    return None if row is None else str(row[0])


def _required(connection: psycopg.Connection) -> str:
    slot = _slot(connection)
    if slot is None:
        raise NotFound("not_subscribed", "Nothing is followed yet: tem replica subscribe.")
    return slot


def _slot_name(name: str) -> str:
    return f"{PUBLICATION}_{name}"


def _require_empty(connection: psycopg.Connection) -> None:
    """A copy on top of rows would stop at the first that is there twice, and try for ever."""
    for table in published.metadata.sorted_tables:
        one = f"SELECT 1 FROM {table.fullname} LIMIT 1"  # noqa: S608 - a name of ours
        if connection.execute(one.encode()).fetchone():
            raise Conflict(
                "replica_not_empty",
                f"{table.fullname} holds rows of an earlier time. `tem replica subscribe --anew` "
                "empties the copy first; running verifiers answer from memory meanwhile.",
            )


def _keep_out_of_the_log(connection: psycopg.Connection) -> None:
    """A statement that fails is written into the server's log, the source's password with it.

    `tem provision` allows the owner to forbid that; on a server set up otherwise it is for its
    administrator to do (`log_min_error_statement = panic`).
    """
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET log_min_error_statement = panic")


def _create(connection: psycopg.Connection, address: str, slot: str) -> None:
    _create_with(connection, address, slot, "failover = true, streaming = off")


def _create_with(connection: psycopg.Connection, address: str, slot: str, more: str) -> None:
    statement = sql.SQL(
        "CREATE SUBSCRIPTION {name} CONNECTION {address} PUBLICATION {publication} "
        "WITH (slot_name = {slot}, {more})"
    ).format(
        name=sql.Identifier(SUBSCRIPTION),
        address=sql.Literal(address),
        publication=sql.Identifier(PUBLICATION),
        slot=sql.Literal(slot),
        more=sql.SQL(more),
    )
    connection.execute(statement)


def _drop_slot(connection: psycopg.Connection, address: str, slot: str) -> None:
    """Let the source forget a slot: a subscription that only has it takes it along."""
    _create_with(connection, address, slot, "connect = false")
    try:
        unsubscribe(connection)
    except Unavailable as error:
        give_up(connection)
        raise Conflict(
            "slot_in_use",
            f"The source holds the slot {slot} for somebody: does another copy have this name? "
            "Each has its own: --name.",
        ) from error


def _alter(connection: psycopg.Connection, change: str, address: str) -> None:
    statement = sql.SQL(f"ALTER SUBSCRIPTION {SUBSCRIPTION} {change}")
    connection.execute(statement.format(address=sql.Literal(address)))


def _told(act: Callable[[], None], address: str) -> None:
    """Do something that asks the source; its refusals in our words, without the password."""
    try:
        act()
    except psycopg.errors.InsufficientPrivilege as error:
        raise Conflict(
            "not_the_owner",
            "This account may not subscribe: use the owner's, and `tem provision` first.",
        ) from error
    except (psycopg.OperationalError, psycopg.errors.ObjectNotInPrerequisiteState) as error:
        raise _refused(str(error).splitlines()[0], address) from error


def _refused(why: str, address: str) -> TemError:
    if "replication slot" in why and "already exists" in why:  # it has no SQLSTATE of its own
        return Conflict(
            _SLOT_EXISTS,
            "The source has a slot of this name: of another copy, which needs another --name, or "
            "of an earlier life of this one: --anew.",
        )
    password = str(conninfo_to_dict(address)["password"])
    return Unavailable(
        "source_unavailable",
        f"The source refuses: {why.replace(password, '…')}. It needs wal_level=logical, "
        "`tem migrate registry`, and the account tem_replication.",
    )


def _now(connection: psycopg.Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def _await_arrival(connection: psycopg.Connection, began: datetime) -> None:
    """A source that can be reached may still not know us: it was restored, or is another one.

    It sends a first message even so, and refuses only then: one that goes on is what counts.
    """
    deadline, since = time.monotonic() + ARRIVAL_SECONDS, None
    while (now := time.monotonic()) < deadline:
        since = (since or now) if _has_heard(connection, began) else None
        if since is not None and now - since >= STEADY_SECONDS:
            return
        time.sleep(_POLL_SECONDS)
    raise Conflict(
        "nothing_arrives",
        f"The address is taken up, but nothing has come from it within {ARRIVAL_SECONDS:.0f} s: "
        "the log of this server says why. A source that was restored, or has given this copy up, "
        "does not know it any more: `tem replica subscribe --anew`.",
    )


def _has_heard(connection: psycopg.Connection, began: datetime) -> bool:
    """Whether there is a connection to the source, and a message came over it since."""
    with suppress(psycopg.errors.UndefinedTable):
        heard = state(connection).heard_at
        return heard is not None and heard > began
    return False
