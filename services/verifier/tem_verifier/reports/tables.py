"""Where reports are kept: nothing of who sent them, and photos beside them, not among them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from tem.databases.database import UtcDateTime
from tem_verifier.storage import metadata

report_table = Table(
    "report",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("token", String(32), nullable=False, unique=True),  # the same form sent again
    Column("reported_at", UtcDateTime, nullable=False),
    Column("batch", BigInteger),  # absent: no stamp of ours was named
    Column("index", Integer),
    Column("verdict", String(20)),  # what the page said; absent: no code was looked up
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("lat", Integer),  # thousandths of a degree, as rounded
    Column("lng", Integer),
    Column("has_photo", Boolean, nullable=False),
    Column("handled_at", UtcDateTime),  # absent: open
    Column("handled_by", String(100)),
    Column("handling_note", Text),
    Index("report_reported_at", "reported_at", "id"),
    Index("report_handled_at", "handled_at"),
)
# Drawn anew as JPEG, at most 300 kB each.
report_photo_table = Table(
    "report_photo",
    metadata,
    Column("report_id", String(12), ForeignKey("report.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
