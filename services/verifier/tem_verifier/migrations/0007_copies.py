"""Canaries that were looked up; and an index to find stamps that were sold more than once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "canary_day",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "index", "day"),
    )
    not_a_sale = sa.text("kind != 'sale'")
    op.create_index(
        "sale_event_not_a_sale",
        "sale_event",
        ["batch", "index"],
        sqlite_where=not_a_sale,
        postgresql_where=not_a_sale,
    )
