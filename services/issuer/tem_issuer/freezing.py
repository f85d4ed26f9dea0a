"""A stolen office key is frozen: from then on it vouches for what this issuer released, alone.

Dates decide nothing, for a thief can write any: the digests of the good manifests stand in
``trust.json``. They are those whose release the audit trail tells.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from tem import manifest, trust
from tem.databases.database import writing
from tem.trail import audit
from tem.trust import OfficeKey
from tem_issuer import office_key_rules, office_keys, storage
from tem_issuer.domain import BatchState
from tem_issuer.office_key_record import tell
from tem_issuer.settings import Settings

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Frozen:
    """The key as it is now, and the batches (number, digest) whose release no entry tells."""

    key: OfficeKey
    unexplained: tuple[tuple[int, str], ...] = ()


def freeze(
    engine: Engine,
    config: Settings,
    now: datetime,
    actor: str,
    name: str,
    also: Collection[str] = (),
) -> Frozen:
    """Freeze a key. Again it changes nothing: what came to light since is not a good manifest.

    ``also`` are digests that people vouch for, at any time: an issuer restored from a backup
    does not know what it released after it.
    """
    with writing(engine) as connection:
        storage.hold(connection, storage.batch_table)  # no run releases meanwhile
        known = office_keys.load(config)
        key = office_key_rules.named(known.keys, name)
        done = Frozen(key)
        if not key.frozen:
            done = _listed(connection, key)
        done = replace(done, key=replace(done.key, accepted=done.key.accepted.union(also)))
        if untold := set(also) - _vouched_for(connection, key):
            details = {"manifests": sorted(untold)}
            name = f"office-key:{key.id}"
            audit.record(connection, now, actor, "office_key.vouched_for", name, details)
        if done.key != key:
            changed = known.keys | {key.id: done.key}
            trust.save(config.trust_file, changed.values(), known.sandbox)
        count = len(done.key.accepted)
        tell(connection, now, actor, "frozen", done.key, manifests=count)
    return done


def _vouched_for(connection: Connection, key: OfficeKey) -> set[str]:
    """Digests that people vouched for, as the trail tells: a kill may have come before it."""
    entries = audit.entries(connection, object=f"office-key:{key.id}")
    told = [e.details["manifests"] for e in entries if e.action == "office_key.vouched_for"]
    return {digest for manifests in told for digest in manifests}


def _listed(connection: Connection, key: OfficeKey) -> Frozen:
    told = dict(_releases(connection))
    accepted, unexplained = set(), list[tuple[int, str]]()
    for number, digest in _manifests_under(connection, key):
        if told.get(number) == digest:
            accepted.add(digest)
        else:
            unexplained.append((number, digest))
    frozen = replace(key, frozen=True, accepted=frozenset(accepted))
    return Frozen(frozen, tuple(unexplained))


def _manifests_under(connection: Connection, key: OfficeKey) -> Iterator[tuple[int, str]]:
    c = storage.batch_table.c
    query = select(c.number, c.manifest).where(c.state == BatchState.RELEASED)
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:
            if json.loads(row.manifest or "{}").get("office_key_id") == key.id:
                yield row.number, manifest.digest(row.manifest)


def _releases(connection: Connection) -> Iterator[tuple[int, str]]:
    """Number and digest of each release that the trail tells; a batch is released once."""
    c = audit.entry_table.c
    query = select(c.object, c.details).where(c.action == "batch.released")
    with connection.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for row in rows:
            number = int(row.object.removeprefix("batch:"))
            yield number, json.loads(row.details)["manifest_sha256"]
