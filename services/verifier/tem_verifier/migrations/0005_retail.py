"""What a retailer's key may do, and the stamps that tills sold and took back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "retailer_key",
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("chain", sa.String(length=60), nullable=False),
        sa.Column("store", sa.String(length=60), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_table(
        "sale",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chain", sa.String(length=60), nullable=False),
        sa.Column("store", sa.String(length=60), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("batch", "index"),
    )
    op.create_table(
        "sale_event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(length=60), nullable=False),
        sa.Column("store", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sale_event_stamp", "sale_event", ["batch", "index", "kind"])
    op.create_index("sale_event_recorded_at", "sale_event", ["recorded_at"])
