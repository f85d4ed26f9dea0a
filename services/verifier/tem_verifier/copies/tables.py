"""What is kept of canaries that were looked up, and how stamps sold more than once are found."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, literal_column

from tem.databases.database import UtcDateTime
from tem_verifier.retail.tables import sale_event_table
from tem_verifier.storage import metadata

# Look-ups of a canary on a day of Vietnam's calendar: no code, nothing about who asked.
canary_day_table = Table(
    "canary_day",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("recorded_at", UtcDateTime),  # the last of them; absent from rows of an older version
)
# All but a few stamps are sold once and nothing more: the others are found without looking at all.
_e = sale_event_table.c
not_a_sale = _e.kind != literal_column("'sale'")
Index(
    "sale_event_not_a_sale",
    _e.batch,
    _e.index,
    sqlite_where=not_a_sale,
    postgresql_where=not_a_sale,
)
