"""From how many different origins a stamp was scanned on a day, and the last day it was."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the numbers, and the tables of today's origins and the key of the day."""
    op.add_column(
        "scan_day", sa.Column("origins", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("scan_total", sa.Column("last_day", sa.Date(), nullable=True))
    op.add_column(
        "scan_total", sa.Column("origins", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column(
        "scan_upkeep",
        sa.Column("origin_threshold", sa.Integer(), server_default="0", nullable=False),
    )
    # What is forgotten at the end of the day must not stay in a WAL archive or a base backup.
    forgotten = ["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else []
    op.create_table(
        "scan_origin",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day", "batch", "index", "origin"),
        prefixes=forgotten,
    )
    op.create_table(
        "scan_key",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day"),
        prefixes=forgotten,
    )
