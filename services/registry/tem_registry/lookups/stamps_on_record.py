"""What the registry has on record of stamps that the verifier names: that alone is believed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tem import stampcode
from tem_registry import tables
from tem_registry.stamps import stamps

Item = dict[str, Any]


def known(connection: Connection, items: Sequence[Item], *, canaries: bool = False) -> list[Item]:
    """Things about stamps (``batch``, ``index``) with serial, state, lot, product and producer.

    Left out are those about stamps that were never issued; with ``canaries`` those that lie behind
    a batch's last stamp are kept, and have no state.
    """
    owners = _owners(connection, {one["batch"] for one in items})
    return [
        {**one, **owner.shown(), **_stamp(connection, one["batch"], one["index"], owner.quantity)}
        for one in items
        if (owner := owners.get(one["batch"])) and (canaries or one["index"] <= owner.quantity)
    ]


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a batch is, by the names of today."""

    quantity: int
    product_id: str
    product_name: str
    producer_id: str
    producer_name: str

    def shown(self) -> dict[str, str]:
        names = ("product_id", "product_name", "producer_id", "producer_name")
        return {name: getattr(self, name) for name in names}


def _owners(connection: Connection, numbers: Iterable[int]) -> Mapping[int, _Owner]:
    b, made, maker = tables.stamp_batch.c, tables.product.c, tables.producer.c
    query = (
        select(b.number, b.quantity, made.id, made.record, maker.id, maker.record)
        .join(tables.product, made.id == b.product_id)
        .join(tables.producer, maker.id == b.producer_id)
        .where(b.number.in_(sorted(numbers)))
    )
    return {
        number: _Owner(quantity, product, _name(what), producer, _name(who))
        for number, quantity, product, what, producer, who in connection.execute(query)
    }


def _name(record: str) -> str:
    return str(json.loads(record)["name"])


def _stamp(connection: Connection, batch: int, index: int, quantity: int) -> Item:
    if index > quantity:
        return {"serial": stampcode.serial(batch, index)}
    (found,) = stamps.intervals(connection, batch, index, index)
    lot = {"lot_id": found.lot_id} if found.lot_id else {}
    return {"serial": stampcode.serial(batch, index), "state": str(found.state), **lot}
