"""Producers, products, certificates, shops and contracts of a seeded registry, with their cards.

One of each is a row of the sample; the others differ from it in their ids, so each card is the
one that the registry would publish.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from loadtests.bulk import insert
from loadtests.seed_plan import Plan, producer_id, product_id
from sqlalchemy import Connection, Table

from tem.databases import published
from tem_registry import tables
from tem_registry.catalogue import cards

SAMPLE = Path(__file__).parent.parent / "shared" / "sample"
SHELF_LIFE = {"value": 12, "unit": "month"}
SHOPS_OF_PRODUCT, PRODUCERS_OF_SHOP = 2, 5


def shop_id(number: int) -> str:
    """The id of a point of sale."""
    return f"DB{number:07d}"


def shops_of(plan: Plan, producer: int) -> list[int]:
    """Where a producer sells."""
    shops = max(1, plan.producers // PRODUCERS_OF_SHOP)
    return sorted({(producer + step * 7) % shops for step in range(SHOPS_OF_PRODUCT)})


def write(connection: Connection, plan: Plan, today: date) -> None:
    """Put the catalogue on record and publish it under change 1."""
    shops = max(1, plan.producers // PRODUCERS_OF_SHOP)
    place = _sample("points_of_sale", pos_id="@@")
    _rows(connection, tables.point_of_sale, ("id",), place, ((shop_id(n),) for n in range(shops)))
    _producers(connection, plan, today)
    product = _sample("products", product_id="@@", producer_id="$$", shelf_life=SHELF_LIFE)
    ids = [(product_id(n), producer_id(n // 2)) for n in range(plan.products)]
    _rows(connection, tables.product, ("id", "producer_id"), product, ids)
    certificate = _sample("certificates", certificate_id="CN-@@", product_id="@@", **_term(today))
    insert(
        connection,
        tables.certificate,
        ("id", "product_id", "record"),
        ((f"CN-{id}", id, certificate.replace("@@", id)) for id, _ in ids),
    )
    _contracts(connection, plan, today)
    _publish(connection, plan, shops)


def _term(today: date) -> dict[str, str]:
    begins, ends = today - timedelta(days=700), today + timedelta(days=700)
    decided = {"decision_date": begins.isoformat(), "valid_from": begins.isoformat()}
    return {**decided, "valid_until": ends.isoformat()}


def _sample(name: str, **changes: Any) -> str:
    """The first row of a file of the sample, as a record is kept."""
    record = json.loads((SAMPLE / f"{name}.json").read_text("utf-8"))[name][0]
    return json.dumps({**record, **changes}, ensure_ascii=False, sort_keys=True)


def _rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    template: str,
    ids: Any,
) -> None:
    """Rows of records, ``@@`` replaced by their id and ``$$`` by their owner's."""
    insert(
        connection,
        table,
        (*columns, "record"),
        ((*one, template.replace("@@", one[0]).replace("$$", one[-1])) for one in ids),
    )


def _producers(connection: Connection, plan: Plan, today: date) -> None:
    since = today - timedelta(days=800)
    template = _sample("producers", producer_id="@@", status_since=since.isoformat())
    code = json.loads(template)["address"]["commune_code"]
    ids = [(producer_id(n), code) for n in range(plan.producers)]
    _rows(connection, tables.producer, ("id", "commune_code"), template, ids)
    columns = ("producer_id", "since", "status")
    turns = ((id, since, "active") for id, _ in ids)
    insert(connection, tables.producer_status, columns, turns)


def _contracts(connection: Connection, plan: Plan, today: date) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        for producer in range(plan.producers):
            made = [product_id(n) for n in (2 * producer, 2 * producer + 1) if n < plan.products]
            for place, shop in enumerate(shops_of(plan, producer)):
                id, owner, pos = f"HD{producer:07d}-{place}", producer_id(producer), shop_id(shop)
                record = _sample_contract(id, owner, pos, made, today)
                yield id, owner, pos, record

    insert(connection, tables.contract, ("id", "producer_id", "pos_id", "record"), rows())


def _sample_contract(id: str, owner: str, pos: str, made: list[str], today: date) -> str:
    record = {"contract_id": id, "contract_no": f"{id}/HĐ-PP", "pos_id": pos, "producer_id": owner}
    term = {"signed_on": _term(today)["valid_from"], "valid_until": _term(today)["valid_until"]}
    return json.dumps({**record, "product_ids": made, **term}, ensure_ascii=False)


def _publish(connection: Connection, plan: Plan, shops: int) -> None:
    """The cards: those of the first of each kind, made by the registry, told of all."""
    shop = _text(cards.point_of_sale(connection, shop_id(0)))
    owner = _text(cards.producer(connection, producer_id(0)))
    product = _text(cards.product(connection, product_id(0)))
    for place, number in enumerate(shops_of(plan, 0)):
        product = product.replace(f'"{shop_id(number)}"', f'"shop {place}"')

    def bodies() -> Iterator[tuple[str, str, str, int]]:
        for n in range(shops):
            yield "pos", shop_id(n), shop.replace(shop_id(0), shop_id(n)), 1
        for n in range(plan.producers):
            yield "producer", producer_id(n), owner.replace(producer_id(0), producer_id(n)), 1
        for n in range(plan.products):
            body = product.replace(f'"{producer_id(0)}"', f'"{producer_id(n // 2)}"')
            for place, number in enumerate(shops_of(plan, n // 2)):
                body = body.replace(f'"shop {place}"', f'"{shop_id(number)}"')
            yield "product", product_id(n), body.replace(product_id(0), product_id(n)), 1

    insert(connection, published.card, ("kind", "id", "body", "change"), bodies())


def _text(card: cards.Card) -> str:
    """A card as it is published."""
    return json.dumps(card, ensure_ascii=False, sort_keys=True)
