"""On PostgreSQL the published tables get a schema of their own, which can be replicated alone.

Version 0.1.0 goes on working beside it: views with the old names stand where the tables were,
and PostgreSQL writes through them. A later revision drops the views.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = ("state", "batch", "interval", "card", "fingerprints", "image")


def upgrade() -> None:
    """Move the tables, and add the registry's heartbeat."""
    schema = None
    if op.get_context().dialect.name == "postgresql":
        schema = "published"
        op.execute("CREATE SCHEMA IF NOT EXISTS published")
        for name in (f"published_{table}" for table in TABLES):
            op.execute(f"ALTER TABLE {name} SET SCHEMA published")
            op.execute(f"CREATE VIEW {name} AS TABLE published.{name}")
    op.create_table(
        "published_beat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        schema=schema,
    )
