"""Keeps the schema of a release as a fixture: run once, at the release, from its checkout.

    python -m tests.migrations.keep_release 0.2.0

For each service and engine it writes into ``tests/migrations/released/VERSION/``

- ``SERVICE.ENGINE.sql``: a small database as that version made it, rows and all;
- ``SERVICE.ENGINE.acts.json``: what that version's code then says to its database while it works,
  statement by statement. Played against a later schema it shows that the old code still runs.
"""

import base64
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, make_url
from tests.conftest import SetClock
from tests.postgres import PostgresServer, find_binaries
from tests.registry.records import OFFICE, Register, point_of_sale
from tests.verifier.mint import Mint, publish

from tem.databases import migrations
from tem.databases.database import open_engine, reading, sqlite_url, writing
from tem.http import auth
from tem.trail import audit
from tem.vocabulary import Role
from tem_issuer import storage as issuer_storage
from tem_issuer.domain import Batch, BatchState
from tem_issuer.history import HISTORIES as ISSUER
from tem_registry import publication
from tem_registry.history import HISTORIES as REGISTRY
from tem_registry.lots import recall_acts
from tem_verifier import storage as verifier_storage
from tem_verifier.history import HISTORIES as VERIFIER

FOLDER = Path(__file__).parent / "released"
HISTORIES = {"issuer": ISSUER, "registry": REGISTRY, "verifier": VERIFIER}
SERVICES = tuple(HISTORIES)
Acts = Callable[[Engine], None]
_CLOCK = SetClock()


def _reserve(engine: Engine, reference: str) -> None:
    """What a reservation writes, without the mark kept apart from the database."""
    with writing(engine) as connection:
        number = issuer_storage.next_number(connection, 1)
        batch = Batch(
            number=number,
            state=BatchState.RESERVED,
            quantity=50,
            product_id="SP1",
            producer_id="P1",
            reference=reference,
            url_prefix="https://tem.example.vn/s/",
            created_at=_CLOCK(),
        )
        issuer_storage.add_batch(connection, batch)
        audit.record(connection, _CLOCK(), "service:1", "batch.reserved", f"batch:{number}")


def _fill_issuer(engine: Engine) -> None:
    with writing(engine) as connection:
        auth.create_key(connection, _CLOCK(), "test", Role.SERVICE, "registry", None)
    _reserve(engine, "DH-1")
    _reserve(engine, "DH-2")
    with writing(engine) as connection:
        attempt = issuer_storage.claim(connection, 1)
        release = issuer_storage.Release(53, b"k" * 32, "{}", b"s" * 64, _CLOCK())
        assert attempt is not None
        assert issuer_storage.release(connection, 1, attempt, release)


def _work_issuer(engine: Engine) -> None:
    _reserve(engine, "DH-3")
    with writing(engine) as connection:
        attempt = issuer_storage.claim(connection, 2)
        assert attempt is not None
        issuer_storage.set_progress(connection, 2, attempt, 20)
        issuer_storage.confirm_print(connection, 1, _CLOCK())
    with reading(engine) as connection:
        assert len(issuer_storage.list_batches(connection)) == 3


def _fill_registry(engine: Engine) -> None:
    register = Register(engine, _CLOCK)
    register.populate()
    with register.write() as connection:
        auth.create_key(connection, _CLOCK(), "test", Role.OFFICE, "Lan", None)
    with tempfile.TemporaryDirectory() as folder:
        mint = Mint(Path(folder))
        for number in (1, 2):
            publish(register, mint.sign(number))
    register.lot("L1")
    register.activate("L1", 1, 1, 40)
    register.void(1, 90, 100)


def _work_registry(engine: Engine) -> None:
    register = Register(engine, _CLOCK)
    register.lot("L2")
    register.activate("L2", 2, 11, 60)
    register.correct(2, 11, 20, None)
    register.void(2, 1, 5)
    register.revoke(2, 90, 95)
    register.add("point_of_sale", point_of_sale("POS1"))
    with register.write() as connection:
        notice = {"kind": "mandatory", "ordered_by": "Chi cục", "reason_public": "kiểm tra"}
        recall_acts.recall(connection, _CLOCK(), OFFICE, "L1", notice)


def _fill_verifier(engine: Engine) -> None:
    with writing(engine) as connection:
        verifier_storage.advance(connection, "e" * 32, 7)
        assert verifier_storage.is_final(connection, 1, "d" * 64, "p" * 64)
        auth.create_key(connection, _CLOCK(), "test", Role.RETAILER, "Siêu thị", None)


def _work_verifier(engine: Engine) -> None:
    with writing(engine) as connection:
        verifier_storage.advance(connection, "e" * 32, 9)
        assert verifier_storage.is_final(connection, 2, "c" * 64, "q" * 64)
    with reading(engine) as connection:
        assert verifier_storage.position(connection).change == 9


FILL: dict[str, Acts] = {
    "issuer": _fill_issuer,
    "registry": _fill_registry,
    "verifier": _fill_verifier,
}
WORK: dict[str, Acts] = {
    "issuer": _work_issuer,
    "registry": _work_registry,
    "verifier": _work_verifier,
}


@contextmanager
def _overheard(engine: Engine) -> Iterator[list[list[Any]]]:
    """Every transaction of the block, as the driver has it: statements and their parameters."""
    heard: list[list[Any]] = []

    def begin(_: Any) -> None:
        heard.append([])

    def listen(
        _c: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, many: bool
    ) -> None:
        if not statement.startswith("BEGIN"):
            rows = parameters if many else [parameters]
            heard[-1].extend([statement, written(row)] for row in rows)

    event.listen(engine, "begin", begin)
    event.listen(engine, "before_cursor_execute", listen)
    yield heard
    event.remove(engine, "begin", begin)
    event.remove(engine, "before_cursor_execute", listen)


def written(value: Any) -> Any:
    """A parameter as JSON."""
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {"named": {name: written(one) for name, one in value.items()}}
    if isinstance(value, (list, tuple)):
        return [written(one) for one in value]
    assert value is None or isinstance(value, str | int | bool), value
    return value if not isinstance(value, str) else str(value)


def read(value: Any) -> Any:
    """The parameter again."""
    if isinstance(value, list):
        return tuple(read(one) for one in value)
    if isinstance(value, dict):
        ((kind, inner),) = value.items()
        if kind == "named":
            return {name: read(one) for name, one in inner.items()}
        readers: dict[str, Callable[[str], Any]] = {
            "instant": datetime.fromisoformat,
            "day": date.fromisoformat,
            "bytes": base64.b64decode,
        }
        return readers[kind](inner)
    return value


def _dump_sqlite(url: str) -> str:
    connection = sqlite3.connect(str(make_url(url).database))
    try:
        return "\n".join(connection.iterdump()) + "\n"
    finally:
        connection.close()


def _dump_postgresql(url: str) -> str:
    """pg_dump's text without what is for psql alone."""
    program = find_binaries() / "bin" / "pg_dump"
    plain = url.replace("+psycopg", "")
    options = ["--inserts", "--no-owner", "--no-privileges", plain]
    text = subprocess.run([program, *options], capture_output=True, text=True, check=True).stdout
    kept = (line for line in text.splitlines() if line and not line.startswith(("\\", "--")))
    return "\n".join(kept) + "\n"


def _keep(folder: Path, service: str, kind: str, url: str, dump: Callable[[str], str]) -> None:
    engine = open_engine(url)
    open_schema(service, engine)
    FILL[service](engine)
    engine.dispose()
    (folder / f"{service}.{kind}.sql").write_text(dump(url), "utf-8")
    with _overheard(engine) as heard:
        WORK[service](engine)
    engine.dispose()
    lines = ",\n".join(json.dumps(transaction, ensure_ascii=False) for transaction in heard)
    (folder / f"{service}.{kind}.acts.json").write_text(f"[\n{lines}\n]\n", "utf-8")


def open_schema(service: str, engine: Engine) -> None:
    """Make a service's tables as this version does."""
    with writing(engine) as connection:
        migrations.bring_up_to_date(connection, HISTORIES[service])
        if service == "registry":
            publication.begin(connection, _CLOCK())


def main(version: str) -> None:
    """Write the fixtures of a release."""
    folder = FOLDER / version
    folder.mkdir(parents=True)
    with PostgresServer() as server, tempfile.TemporaryDirectory() as scratch:
        for service in SERVICES:
            url = sqlite_url(Path(scratch) / f"{service}.db")
            _keep(folder, service, "sqlite", url, _dump_sqlite)
            server.create_database(service)
            _keep(folder, service, "postgresql", server.url(service), _dump_postgresql)


if __name__ == "__main__":
    main(sys.argv[1])
