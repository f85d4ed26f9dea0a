"""Keys of retailers: for a chain or one of its stores, for some calls; old ones keep working."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine
from tests.verifier.conftest import Site, Verifier
from tests.verifier.mint import Minted
from tests.verifier.retail_tills import on_sqlite, till_key

from tem.databases.database import reading, sqlite_url, writing
from tem.databases.migrations import open_migrated
from tem.errors import Conflict, Invalid
from tem.http import auth
from tem.installation import Installation
from tem.trail import audit
from tem.vocabulary import Role
from tem_verifier.commands import verifier
from tem_verifier.history import HISTORIES
from tem_verifier.retail.tills import ALL, Scope, Till, till_of
from tem_verifier.retailer_keys import make_key


def till(store: Engine, token: str) -> Till:
    """Whose a key is."""
    with reading(store) as connection:
        return till_of(connection, auth.authenticate(connection, f"Bearer {token}"))


def test_a_key_is_for_a_chain_a_store_and_some_calls(own_store: Engine) -> None:
    """What it is for is remembered, and stands in the trail; without a word it is for all."""
    plain = till(own_store, till_key(own_store, "Chuỗi A"))
    assert (plain.chain, plain.store, plain.scopes) == ("Chuỗi A", None, ALL)
    one = till(own_store, till_key(own_store, "Máy 1", Scope.VERIFY, chain="A", store="S1"))
    assert (one.name, one.chain, one.store) == ("Máy 1", "A", "S1")
    assert one.scopes == {Scope.VERIFY}
    assert one.tenant == "retailer:A" and one.actor == f"retailer:Máy 1#{one.key_id}"
    assert till(own_store, till_key(own_store, "B", store="S1")).chain == "B"
    with reading(own_store) as connection:
        limits = [e.details for e in audit.entries(connection) if e.action == "key.limited"]
    assert limits[0] == {"chain": "A", "store": "S1", "scopes": ["verify"]}


@pytest.mark.parametrize(
    ("role", "options", "code"),
    [
        (Role.SERVICE, ("A", None, ()), "not_a_retailer"),
        (Role.RETAILER, ("a/b", None, ()), "invalid_name"),
        (Role.RETAILER, (None, "x" * 61, ()), "invalid_name"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(
    own_store: Engine, role: Role, options: tuple[Any, Any, Any], code: str
) -> None:
    """A refused key leaves nothing behind."""
    with pytest.raises(Invalid) as refused, writing(own_store) as connection:
        make_key(connection, role, "A", *options)
    assert refused.value.code == code
    with reading(own_store) as connection:
        assert auth.list_keys(connection) == []


def test_a_key_is_changed_without_a_pause(own_store: Engine) -> None:
    """Two keys of a name live side by side, a third is refused until one is revoked."""
    old, new = (till_key(own_store, "Máy 1", chain="A") for _ in range(2))
    assert till(own_store, old).chain == till(own_store, new).chain == "A"
    with pytest.raises(Conflict):
        till_key(own_store, "Máy 1", chain="A")


@on_sqlite
def test_each_call_asks_for_its_scope(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """A key that lacks a call's scope is 403 there and opens the others."""
    client, _ = site()
    sells = till_key(reader.store, "sells", Scope.SELL, chain="A", store="S1")
    asks = till_key(reader.store, "asks", Scope.VERIFY, chain="A")
    sale, codes = {"code": batch.text(1)}, {"codes": [batch.text(1)]}
    told: dict[tuple[str, str], int] = {}
    for path, body in (("sales", sale), ("returns", sale), ("verifications", codes)):
        for name, key in (("sells", sells), ("asks", asks)):
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": path}
            answer = client.post(f"/v1/{path}", json=body, headers=headers)
            told[path, name] = answer.status_code
            if answer.status_code == 403:
                assert answer.json is not None and answer.json["code"] == "scope_not_allowed"
    assert told == {
        ("sales", "sells"): 200,
        ("sales", "asks"): 403,
        ("returns", "sells"): 200,
        ("returns", "asks"): 403,
        ("verifications", "sells"): 403,
        ("verifications", "asks"): 200,
    }


def test_the_command_makes_and_lists_them(tmp_path: Path) -> None:
    """`key create` prints the key as its last word, `key list` what it is for and never the key."""
    (tmp_path / "verifier").mkdir()
    store = open_migrated(sqlite_url(Installation.at(tmp_path).database("verifier")), HISTORIES)
    store.dispose()
    (tmp_path / "verifier" / "audit-key").touch()  # what a first start leaves

    def key(*words: str) -> str:
        done = CliRunner().invoke(verifier, ["key", *words, "--data", str(tmp_path)])
        assert done.exit_code == 0, done.output
        return done.stdout

    create = ("create", "--role", "retailer", "--name")
    limited = key(*create, "M1", "--chain", "A", "--store", "S1", "--scope", "verify").split()[-1]
    plain = key(*create, "A").split()[-1]
    key("revoke", plain.split("_")[1])
    first, second = key("list").splitlines()
    assert first.startswith(limited.split("_")[1]) and limited not in first
    assert first.endswith("live  chain A, S1, verify")
    assert "revoked" in second
    assert second.endswith("chain A, every store, verify sell suspects webhooks")
