"""Databases as they are opened: tables made once, and those of another version told."""

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, inspect, text

from tem.database import make_tables, writing
from tem.errors import Conflict

NOW, BEFORE = MetaData(), MetaData()
Table("thing", NOW, Column("id", Integer, primary_key=True), Column("name", String(9)))
Table("new", NOW, Column("id", Integer, primary_key=True))
Table("thing", BEFORE, Column("id", Integer, primary_key=True), Column("old", String(9)))


def test_tables_are_made_once(engine: Engine) -> None:
    """A second opening finds them, and a column that somebody added for himself does no harm."""
    for _ in range(2):
        with writing(engine) as connection:
            make_tables(connection, NOW)
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE thing ADD COLUMN mine INTEGER"))
        make_tables(connection, NOW)


def test_a_table_of_another_version_is_told(engine: Engine) -> None:
    """Which columns it lacks and what to do; no password is shown and nothing is changed."""
    with writing(engine) as connection:
        make_tables(connection, BEFORE)
    with pytest.raises(Conflict) as refused, writing(engine) as connection:
        make_tables(connection, NOW)
    assert refused.value.code == "database_of_another_version"
    assert "it has no thing.name. Nothing was changed." in refused.value.detail
    assert (engine.url.password or "no password") not in refused.value.detail
    assert inspect(engine).get_table_names() == ["thing"]
