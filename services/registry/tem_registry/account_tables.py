"""What is kept of people who sign in: no password, no token, no address, only hashes of them."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from tem.databases.database import UtcDateTime
from tem_registry.tables import ID, metadata

# ``login`` is what a person types, in one spelling; ``name`` what others and the audit trail see.
account = Table(
    "account",
    metadata,
    Column("id", ID, primary_key=True),
    Column("login", String(60), nullable=False, unique=True),
    Column("name", String(60), nullable=False),
    Column("role", String(20), nullable=False),
    Column("producer_id", ID, ForeignKey("producer.id"), index=True),  # only for role producer
    Column("password_hash", Text),  # argon2id; absent until the invitation is taken up
    Column("invitation_hash", String(64)),  # absent: none is open
    Column("invitation_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),  # absent: may sign in
)
# Named by the SHA-256 of its cookie.
portal_session = Table(
    "portal_session",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
# Browsers in which a person has signed in before, by the SHA-256 of their cookie: what others do
# wrong elsewhere does not keep them out.
known_browser = Table(
    "known_browser",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", ID, ForeignKey("account.id"), nullable=False, index=True),
    Column("since", UtcDateTime, nullable=False),
)
# Wrong passwords of late, by a keyed hash of whom they are counted against.
sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("counted_against", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Index("sign_in_failure_since", "since"),
)
# The key of a day under which they are hashed, one for all workers; in hexadecimal.
sign_in_key = Table(
    "sign_in_key",
    metadata,
    Column("day", Date, primary_key=True),
    Column("key", String(64), nullable=False),
)
