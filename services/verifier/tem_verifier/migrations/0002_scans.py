"""Counts of scans, which stamps are scanned often, and which parcels of counts were counted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables, and remember with the position read up to when it was complete."""
    op.add_column("read_position", sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "scan_day",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "index", "day"),
    )
    op.create_index("scan_day_day", "scan_day", ["day"])
    op.create_table(
        "scan_total",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "index"),
    )
    op.create_table(
        "scan_parcel",
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "sequence"),
    )
    op.create_index("scan_parcel_made_at", "scan_parcel", ["made_at"])
    op.create_table(
        "scanned_often",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("batch", "index"),
    )
    op.create_table(
        "scan_upkeep",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
