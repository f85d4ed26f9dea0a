"""When look-ups of a canary were recorded last: what comes after a decision is told from before."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    op.add_column("canary_day", sa.Column("recorded_at", sa.DateTime(timezone=True)))
