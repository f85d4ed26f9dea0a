"""What the office decided about stamps that show signs of being copied.

The signs are the verifier's; kept here is what they were when somebody decided.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from tem.databases.database import UtcDateTime
from tem_registry.tables import ID, metadata

# Only ever added to: the newest of a stamp counts. What is recorded after ``told_until`` is new
# evidence, and brings the stamp back to those that wait.
suspect_decision = Table(
    "suspect_decision",
    metadata,
    Column("id", ID, primary_key=True),
    Column("batch", BigInteger, ForeignKey("stamp_batch.number"), nullable=False),
    Column("index", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # of the stamp's decisions, from 1
    Column("is_newest", Boolean, nullable=False),
    Column("decision", String(12), nullable=False),  # confirmed, false_alarm
    Column("note", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("decided_by", String(100), nullable=False),
    Column("told_until", UtcDateTime, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON: the suspect as the verifier told it
    Index("suspect_decision_stamp", "batch", "index", "number", unique=True),
    Index("suspect_decision_newest", "is_newest", "decision", "id"),
)
