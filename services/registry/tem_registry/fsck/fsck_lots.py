"""What must hold of a lot's record: whole while it is kept, gone once it was purged."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from tem_registry import tables
from tem_registry.forgetting.purging import FACTS
from tem_registry.fsck.fsck_pages import AT_ONCE

# What a living lot may lack: undated goods have no dates, few lots an approval of their date.
_OPTIONAL = {"best_before", "info_expires_on", "beyond_approved_by"}


def records(connection: Connection) -> Iterator[str]:
    """Living lots have all of their facts, purged ones have none of them and no recall."""
    c = tables.lot.c
    recalled = set(connection.execute(select(tables.recall.c.lot_id)).scalars())
    query = select(c.id, c.purged_at, *(c[name] for name in FACTS))
    for row in connection.execute(query.execution_options(yield_per=AT_ONCE)):
        lacking = {name for name in FACTS if row._mapping[name] is None}
        if row.purged_at is None and lacking - _OPTIONAL:
            yield f"lot {row.id} lacks its {', '.join(sorted(lacking - _OPTIONAL))}"
        if row.purged_at is not None and (lacking != set(FACTS) or row.id in recalled):
            yield f"lot {row.id} was purged, but not all of its record is gone"
