"""Revisions of tables, oldest first: Alembic reads the files here, nobody imports them."""
