"""Where webhooks are kept: the addresses, what they have yet to be told, and what they answered."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from tem.databases.database import UtcDateTime
from tem_verifier.retail.tables import NAME_LENGTH
from tem_verifier.storage import metadata

ID_LENGTH = 24
MESSAGE_ID_LENGTH = 64

webhook_table = Table(
    "webhook",
    metadata,
    Column("id", String(ID_LENGTH), primary_key=True),
    Column("chain", String(NAME_LENGTH), nullable=False),
    Column("url", Text, nullable=False),
    Column("types", Text, nullable=False),  # their words, with a blank between; empty for all
    # In plain words: a signature is made with it. Whoever reads it can only pretend to be us.
    Column("secret", String(80), nullable=False),
    Column("secret_before", String(80)),  # signs beside it until ``before_until``
    Column("before_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("epoch", String(32)),  # of the cursor; absent before anything was published
    Column("cursor", BigInteger, nullable=False),  # the last change that has become a message
    Column("deliveries", BigInteger, nullable=False),  # how many attempts there were in all
    Column("delivered_at", UtcDateTime),
    Column("failures", Integer, nullable=False),  # in a row
    Column("failing_since", UtcDateTime),
    Column("quiet_until", UtcDateTime),  # nothing is sent before: it cannot be reached
    Column("lease_until", UtcDateTime),  # somebody sends to it
    Column("disabled_at", UtcDateTime),
    Column("disabled_because", String(20)),
    Index("webhook_address", "chain", "url", unique=True),
)
# What a webhook has yet to be told: gone once it is, or was given up.
message_table = Table(
    "webhook_message",
    metadata,
    Column("id", String(MESSAGE_ID_LENGTH), primary_key=True),
    Column("webhook_id", String(ID_LENGTH), ForeignKey("webhook.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),  # of the change; 0 of a test
    Column("type", String(40), nullable=False),
    Column("body", Text, nullable=False),  # every attempt sends the same bytes
    Column("queued_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Index("webhook_message_due", "webhook_id", "next_at"),
)
# The last attempts of each webhook, for its owner to see.
delivery_table = Table(
    "webhook_delivery",
    metadata,
    Column("webhook_id", String(ID_LENGTH), ForeignKey("webhook.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", String(MESSAGE_ID_LENGTH), nullable=False),
    Column("type", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("status", Integer),  # absent: there was no answer
    Column("problem", String(40)),  # absent: delivered
    Column("milliseconds", Integer, nullable=False),
)
