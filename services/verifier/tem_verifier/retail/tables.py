"""Where keys of tills and sales are kept: nothing about who bought."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tem.databases.database import UtcDateTime
from tem_verifier.storage import metadata

NAME_LENGTH = 60  # of a chain and of a store

# What a retailer's key may do. A key without a row is its chain's own: all stores, all scopes.
retailer_key_table = Table(
    "retailer_key",
    metadata,
    Column("key_id", String(12), primary_key=True),
    Column("chain", String(NAME_LENGTH), nullable=False),
    Column("store", String(NAME_LENGTH)),  # absent: every store of the chain
    Column("scopes", Text, nullable=False),  # their words, with a blank between
)
# The stamps that are sold at present. The primary key is what lets one of two sales win.
sale_table = Table(
    "sale",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("chain", String(NAME_LENGTH), nullable=False),
    Column("store", String(NAME_LENGTH), nullable=False),
    Column("sold_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)
# What tills told, only ever added to. Numbers have no gaps and grow in the order of the commits:
# they are given under the lock of the audit trail's head.
sale_event_table = Table(
    "sale_event",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),  # sale, return, refused_sale
    Column("batch", BigInteger, nullable=False),
    Column("index", Integer, nullable=False),
    Column("chain", String(NAME_LENGTH), nullable=False),
    Column("store", String(NAME_LENGTH), nullable=False),
    Column("at", UtcDateTime, nullable=False),  # of the sale or return, as the till says
    Column("recorded_at", UtcDateTime, nullable=False),
    Index("sale_event_stamp", "batch", "index", "kind"),
    Index("sale_event_recorded_at", "recorded_at"),
)
