"""Decisions about stamps that show signs of being copied."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "suspect_decision",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_newest", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["stamp_batch.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "suspect_decision_stamp", "suspect_decision", ["batch", "index", "number"], unique=True
    )
    op.create_index("suspect_decision_newest", "suspect_decision", ["is_newest", "decision", "id"])
