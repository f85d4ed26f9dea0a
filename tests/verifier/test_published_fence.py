"""What the verifier can do in the registry's database: read the published tables, no more."""

from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, select, text
from sqlalchemy.exc import DatabaseError
from tests.registry.records import Register
from tests.verifier.conftest import Opener
from tests.verifier.mint import Minted

from tem.databases import published
from tem.databases.database import reading
from tem_registry import publication

FORBIDDEN = [
    "INSERT INTO published_card (kind, id, body, change) VALUES ('lot', 'x', '{}', 1)",
    "UPDATE published_state SET change = 1",
    "DELETE FROM published_interval",
    "DROP TABLE published_batch",
    "CREATE TABLE mine (id INTEGER)",
    "CREATE TEMP TABLE mine (id INTEGER)",
    "SELECT * FROM api_key",
    "SELECT name FROM producer",
    "SELECT count(*) FROM stamp_order",
    "SELECT p.id FROM published_card p WHERE EXISTS (SELECT 1 FROM api_key k WHERE k.id = p.id)",
    "SELECT name FROM sqlite_master",
    "ATTACH DATABASE '/etc/passwd' AS other",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "VACUUM",
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_sqlite_refuses_all_but_reading_what_is_published(
    batch: Minted, open_verifier: Opener, statement: str
) -> None:
    """Writing, other tables, other files and switching the fence off are refused by SQLite."""
    source = open_verifier().source
    with source.connect() as connection, pytest.raises(DatabaseError):
        connection.execute(text(statement)).all()
    assert count(source) == 1


def test_every_published_table_can_be_read(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """On both engines the published tables are open to the verifier."""
    with register.write() as connection:
        publication.put_image(connection, "0" * 64, "image/jpeg", b"x")
        publication.beat(connection, register.clock())
        now = register.clock()
        rows: dict[Table, dict[str, Any]] = {
            published.event: {"seq": 1, "change": 1, "at": now, "type": "x", "body": "{}"},
            published.pack: {"sequence": 1, "change": 1, "made_at": now, "size": 1},
            published.pack_piece: {"sequence": 1, "piece": 0, "content": b"x"},
        }
        for table, row in rows.items():
            connection.execute(table.insert().values(row))
    source = open_verifier().source
    assert count(source) == 1
    with reading(source) as connection:
        for table in published.metadata.sorted_tables:
            assert connection.execute(select(func.count()).select_from(table)).scalar()


def count(source: Engine) -> int:
    """Batches that are published."""
    with reading(source) as connection:
        found = connection.execute(select(func.count()).select_from(published.batch)).scalar()
    return int(found or 0)
