"""Databases as they are opened: columns that the code names and a database lacks are told."""

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, text

from tem.databases.database import lacking_columns, writing

NOW, BEFORE = MetaData(), MetaData()
Table("thing", NOW, Column("id", Integer, primary_key=True), Column("name", String(9)))
Table("new", NOW, Column("id", Integer, primary_key=True))
Table("card", NOW, Column("id", Integer, primary_key=True), schema="published")
Table("thing", BEFORE, Column("id", Integer, primary_key=True), Column("old", String(9)))


def test_columns_that_are_missing_are_named(engine: Engine) -> None:
    """Those of a table that is there, and all of one that is not."""
    with writing(engine) as connection:
        BEFORE.create_all(connection)
        assert lacking_columns(connection, NOW) == ["new.id", "card.id", "thing.name"]


def test_more_columns_do_no_harm(engine: Engine) -> None:
    """What somebody else added is not ours to judge; published tables have a schema of their own
    on PostgreSQL and lie beside the others on SQLite."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("CREATE SCHEMA published"))
        NOW.create_all(connection)
        connection.execute(text("ALTER TABLE thing ADD COLUMN mine INTEGER"))
        assert lacking_columns(connection, NOW) == []
        card = "card" if engine.dialect.name == "sqlite" else "published.card"
        assert connection.execute(text(f"SELECT count(*) FROM {card}")).scalar() == 0
