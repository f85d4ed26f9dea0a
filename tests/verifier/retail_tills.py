"""Tills for tests: their keys, what they tell, and what is kept of it."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tem.databases.database import reading, writing
from tem.vocabulary import Role
from tem_verifier.retail import faults
from tem_verifier.retail.tables import sale_event_table, sale_table
from tem_verifier.retail.tills import Scope
from tem_verifier.retailer_keys import make_key

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def till_key(
    engine: Engine, name: str, *scopes: Scope, chain: str | None = None, store: str | None = None
) -> str:
    """A retailer's key, as the command makes it."""
    with writing(engine) as connection:
        return make_key(connection, Role.RETAILER, name, chain, store, scopes)


class Tills:
    """Tills of two chains that tell what they sold and took back."""

    def __init__(self, client: FlaskClient, store: Engine) -> None:
        self.client, self.store, self.calls = client, store, 0
        self.keys = {
            "A": till_key(store, "A"),
            "A1": till_key(store, "A1", chain="A", store="S1"),
            "B": till_key(store, "B"),
        }

    def post(self, who: str, body: Any, path: str = "sales", key: str | None = None) -> Any:
        """The response to a call with an Idempotency-Key of its own, unless one is given."""
        self.calls += 1
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        headers["Idempotency-Key"] = key or f"call-{self.calls}"
        # Not by the client's own dumping, which cannot write half a character.
        sent, kind = json.dumps(body), "application/json"
        return self.client.post(f"/v1/{path}", data=sent, content_type=kind, headers=headers)

    def sell(self, who: str, *items: dict[str, Any]) -> list[Any]:
        """What became of sales."""
        answer = self.post(who, {"sales": list(items)})
        assert answer.status_code == 200, answer.data
        return list(answer.json["sales"])

    def outcomes(self, who: str, *items: dict[str, Any]) -> list[str]:
        """What became of returns, in a word each."""
        answer = self.post(who, {"returns": list(items)}, "returns")
        assert answer.status_code == 200, answer.data
        return [one["outcome"] for one in answer.json["returns"]]

    def kept(self) -> tuple[list[Any], list[Any]]:
        """The sales that stand, and the kinds of events in their order; they agree."""
        s, e = sale_table.c, sale_event_table.c
        with reading(self.store) as connection:
            query = sale_table.select().with_only_columns(s.batch, s.index, s.chain, s.store)
            standing = connection.execute(query.order_by(s.index)).all()
            kinds = connection.execute(
                sale_event_table.select().with_only_columns(e.kind).order_by(e.id)
            )
            assert list(faults.faults(connection)) == []
            return [tuple(row) for row in standing], [row.kind for row in kinds]
