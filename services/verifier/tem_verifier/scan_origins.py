"""From how many different origins stamps are scanned today: hashes of one day, then numbers.

The key is one row for all workers that share the database. Whoever begins a day makes its key and
deletes what is left of the days before; nobody can work out an address after that.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice

from sqlalchemy import Connection, and_, bindparam, delete, false, insert, or_, select, update

from tem.databases.database import insert_or_ignore
from tem.dates import vietnam_day
from tem_verifier.origins import DayKey
from tem_verifier.stamps_scanned import Scan
from tem_verifier.storage import among, scan_day_table, scan_key_table, scan_origin_table

_AT_ONCE = 400
_KEY_BYTES = 32

Found = Mapping[Scan, set[int]]


def key_of_the_day(connection: Connection, now: datetime) -> DayKey:
    """Everybody's key of today; the first who asks makes it."""
    today = vietnam_day(now)
    row = {"day": today, "key": secrets.token_hex(_KEY_BYTES)}
    insert_or_ignore(connection, scan_key_table, row)
    k = scan_key_table.c
    found = connection.execute(select(k.key).where(k.day == today)).scalar_one()
    return DayKey(today.toordinal(), bytes.fromhex(found))


def forget(connection: Connection, today: date) -> None:
    """Delete keys and hashes of the days before; how many origins there were stays."""
    connection.execute(delete(scan_key_table).where(scan_key_table.c.day < today))
    connection.execute(delete(scan_origin_table).where(scan_origin_table.c.day < today))


def note(connection: Connection, found: Found, most: int) -> None:
    """Add the origins not known yet to today's, ``most`` at most for a stamp.

    In the transaction that counted these scans: it holds their rows in ``scan_day``, so nobody
    else adds origins of the same stamps meanwhile.
    """
    rest = iter(sorted(found))
    while part := list(islice(rest, _AT_ONCE)):
        counted, known = _known(connection, part)
        fresh = {
            scan: sorted(found[scan] - known[scan])[: max(0, most - counted[scan])] for scan in part
        }
        _add(connection, {scan: origins for scan, origins in fresh.items() if origins})


def _known(
    connection: Connection, scans: Sequence[Scan]
) -> tuple[dict[Scan, int], dict[Scan, set[int]]]:
    """How many origins of each were counted, and the buckets of those still known."""
    d, o = scan_day_table.c, scan_origin_table.c
    same = and_(o.day == d.day, o.batch == d.batch, o.index == d.index)
    on_day: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for scan in scans:
        on_day[scan.day].append((scan.batch, scan.stamp))
    asked = [
        and_(d.day == date.fromordinal(day), among(d.batch, d.index, stamps))
        for day, stamps in on_day.items()
    ]
    query = (
        select(d.batch, d.index, d.day, d.origins, o.origin)
        .select_from(scan_day_table.outerjoin(scan_origin_table, same))
        .where(or_(false(), *asked))
    )
    counted = dict.fromkeys(scans, 0)
    known: dict[Scan, set[int]] = {scan: set() for scan in scans}
    for batch, index, day, origins, origin in connection.execute(query):
        scan = Scan(batch, index, day.toordinal())
        counted[scan] = origins
        if origin is not None:
            known[scan].add(origin)
    return counted, known


def _add(connection: Connection, fresh: Mapping[Scan, Iterable[int]]) -> None:
    if not fresh:
        return
    days = {scan.day: date.fromordinal(scan.day) for scan in fresh}
    rows = [
        {"day": days[scan.day], "batch": scan.batch, "index": scan.stamp, "origin": origin}
        for scan, origins in fresh.items()
        for origin in origins
    ]
    connection.execute(insert(scan_origin_table), rows)
    d = scan_day_table.c
    of_scan = and_(
        d.batch == bindparam("of_batch"),
        d.index == bindparam("of_stamp"),
        d.day == bindparam("of_day"),
    )
    more = update(scan_day_table).where(of_scan).values(origins=d.origins + bindparam("more"))
    connection.execute(
        more,
        [
            {
                "of_batch": scan.batch,
                "of_stamp": scan.stamp,
                "of_day": days[scan.day],
                "more": len(list(origins)),
            }
            for scan, origins in fresh.items()
        ],
    )
