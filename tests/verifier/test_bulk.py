"""Many codes in one list: as one by one, and for tills with what is sold."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from tests.conftest import SetClock
from tests.registry.records import Register
from tests.verifier.conftest import Opener, Site, Verifier
from tests.verifier.mint import PREFIX, Mint, Minted, publish
from tests.verifier.retail_tills import on_sqlite, till_key
from werkzeug.test import TestResponse

from tem.advice import Advice, Check
from tem.databases.database import writing
from tem.dates import rfc3339
from tem.http.web import Wiring
from tem.stampcode import raw_of, text_of
from tem_verifier import bulk
from tem_verifier.app import build
from tem_verifier.rates import Rate
from tem_verifier.retail.tables import sale_table
from tem_verifier.retail.tills import Scope

STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(site: Callable[..., Site]) -> Ask:
    """Sends codes as a list, with a key or without."""
    client, _ = site()

    def send(codes: list[str], key: str | None = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        sent = {"codes": codes}
        return client.post("/v1/verifications", json=sent, headers=headers, environ_base=STRANGER)

    return send


def sell(reader: Verifier, index: int, chain: str, store: str) -> str:
    """A sale on record; when it was."""
    at = reader.clock() - timedelta(hours=1)
    told = {"chain": chain, "store": store, "sold_at": at, "recorded_at": at}
    with writing(reader.store) as connection:
        connection.execute(sale_table.insert().values(batch=1, index=index, **told))
    return rfc3339(at)


def near_misses(batch: Minted, chance: random.Random) -> list[str]:
    """Codes by chance: genuine ones and canaries, with our prefix or without, and all but those."""
    found = []
    for _ in range(60):
        code = batch.text(chance.randint(1, 103))
        raw = bytearray(raw_of(code) or b"")
        raw[chance.randrange(72)] ^= 1 << chance.randrange(8)
        found += [
            code,
            PREFIX + code,
            text_of(bytes(raw)),
            code[:-1],
            chance.choice(("", "ü", " ")),
        ]
    return found


@on_sqlite
def test_a_list_equals_single_look_ups_to_the_byte_whatever_the_stamps_are(
    site: Callable[..., Site], register: Register, reader: Verifier, batch: Minted, clock: SetClock
) -> None:
    """For genuine codes of every state, canaries, forgeries and what is no code, before and after
    the lot's dates."""
    register.void(1, 5, 6)
    register.revoke(1, 1, 2)
    reader.index.catch_up()
    client, _ = site(rate=None)
    chance, verdicts = random.Random(1), set[str]()
    for days in (0, 400, 4000):
        clock.advance(days=days)
        reader.index.catch_up()
        codes = near_misses(batch, chance)
        answers = client.post("/v1/verifications", json={"codes": codes}).data
        single = []
        for code in codes:
            path = f"/s/{code.removeprefix(PREFIX) or 'x'}"
            one = client.get(path, headers={"Accept": "application/json"})
            verdicts.add(one.get_json()["verdict"])
            single.append(one.data.removesuffix(b"\n"))
        assert answers == b'{"answers":[' + b",".join(single) + b"]}\n"
    assert verdicts >= {"OK", "UNKNOWN", "MALFORMED", "VOID", "STAMP_REVOKED", "NOT_ACTIVATED"}


@on_sqlite
def test_a_list_demands_the_signature_beside_the_fingerprint(
    register: Register, mint: Mint, open_verifier: Opener
) -> None:
    """A code that fits its fingerprint alone is unknown in a list, however a single look-up takes
    it."""
    listed, genuine = mint.sign(1, key=Ed25519PrivateKey.generate()), mint.sign(1)
    vouched = {"fingerprints_sha256": listed.made.fingerprints_sha256}
    mixed = mint.sign(1, key=genuine.key, says=vouched)
    publish(register, replace(mixed, fingerprints=listed.fingerprints))
    reader = open_verifier()
    app = build(reader.config, Wiring(reader.store, reader.clock), reader.index)
    assert reader.verdict(listed.text(5)) == "NOT_ACTIVATED"
    told = app.flask.test_client().post("/v1/verifications", json={"codes": [listed.text(5)]})
    assert told.get_json()["answers"][0]["verdict"] == "UNKNOWN"


@on_sqlite
def test_a_till_is_told_when_a_stamp_was_sold_and_where_by_its_own_chain(
    ask: Ask, reader: Verifier, batch: Minted
) -> None:
    """A sold stamp says stop beside its verdict; one not sold says that it was asked; what is no
    stamp was not asked. Without a key nobody is told of sales."""
    ours, theirs = (till_key(reader.store, name, chain=name) for name in ("ours", "theirs"))
    at = sell(reader, 2, "ours", "S1")
    codes = [batch.text(1), batch.text(2), batch.text(50), "1"]
    free, sold, blank, no_code = ask(codes, ours).get_json()["answers"]
    plain = ask(codes).get_json()["answers"]
    checks = [*plain[0]["checked"], Check.SOLD]
    assert free == {**plain[0], "checked": checks}
    assert sold == {
        **plain[1],
        "checked": checks,
        "reasons": ["activated", "already_sold"],
        "advice": Advice.STOP,
        "sold": {"sold_at": at, "store": "S1"},
    }
    assert blank["checked"][-1] == Check.SOLD and blank["verdict"] == "NOT_ACTIVATED"
    assert no_code == plain[3]
    assert ask(codes, theirs).get_json()["answers"][1] == {**sold, "sold": {"sold_at": at}}


@on_sqlite
def test_consumers_change_no_answer_to_a_till(
    site: Callable[..., Site], reader: Verifier, batch: Minted
) -> None:
    """A stamp scanned a hundred times has its note for everybody, and none for tills: nobody stops
    a rival's goods by scanning them."""
    key = till_key(reader.store, "ours")
    client, traffic = site()
    body = {"codes": [batch.text(1)]}
    headers = {"Authorization": f"Bearer {key}"}
    before = client.post("/v1/verifications", json=body, headers=headers).data
    traffic.scans.often = {(1, 1)}  # type: ignore[assignment]
    assert client.post("/v1/verifications", json=body).get_json()["answers"][0]["notes"] == [
        "MANY_SCANS"
    ]
    assert client.post("/v1/verifications", json=body, headers=headers).data == before


@on_sqlite
def test_not_knowing_what_is_sold_is_an_outage_and_never_not_sold(
    ask: Ask, reader: Verifier, batch: Minted
) -> None:
    """A till is told to ask again; a list without a key needs no database."""
    key = till_key(reader.store, "ours")
    with writing(reader.store) as connection:
        connection.execute(text("ALTER TABLE sale RENAME TO lost"))
    refused = ask([batch.text(1)], key)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "temporarily_unavailable")
    assert refused.headers["Retry-After"] and b"allow" not in refused.data
    assert ask([batch.text(1)]).get_json()["answers"][0]["advice"] == Advice.ALLOW


@on_sqlite
def test_a_key_needs_the_scope_to_verify(ask: Ask, reader: Verifier, batch: Minted) -> None:
    """One that may only sell is refused by name."""
    refused = ask([batch.text(1)], till_key(reader.store, "seller", Scope.SELL))
    assert (refused.status_code, refused.get_json()["code"]) == (403, "scope_not_allowed")


@on_sqlite
def test_every_answer_to_a_list_states_the_limit_and_what_is_left(
    site: Callable[..., Site], reader: Verifier, batch: Minted, clock: SetClock
) -> None:
    """With a key and without, also of a list that is wrong; a plain look-up says nothing."""
    client, _ = site(rate=Rate(60, 60), retailer_rate=Rate(600, 60, 100))
    key = till_key(reader.store, "ours")

    def limit(body: Any, *, by_key: bool) -> list[str | None]:
        headers = {"Authorization": f"Bearer {key}"} if by_key else {}
        told = client.post(
            "/v1/verifications", json=body, headers=headers, environ_base=STRANGER
        ).headers
        return [told.get("RateLimit-Policy"), told.get("RateLimit")]

    five = {"codes": [batch.text(1)] * 5}
    assert limit(five, by_key=False) == ['"look-ups";q=60;w=60', '"look-ups";r=55;t=5']
    assert limit({"codes": 5}, by_key=False) == ['"look-ups";q=60;w=60', '"look-ups";r=54;t=6']
    assert limit(five, by_key=True) == ['"look-ups";q=600;w=60', '"look-ups";r=95;t=1']
    assert limit(five, by_key=True)[1] == '"look-ups";r=90;t=1'
    clock.advance(seconds=60)
    assert limit({"codes": ["1"]}, by_key=True)[1] == '"look-ups";r=99;t=1'
    plain = client.get(f"/s/{batch.text(1)}", environ_base=STRANGER)
    assert "RateLimit" not in plain.headers


def test_what_is_sold_is_put_in_where_our_own_words_end() -> None:
    """A card that looks like the end of the checks is left as it is."""
    body = b'{"checked":["signature"],"advice":"allow","lot":{"code":"\\"],\\"advice\\":"}}'
    said = bulk.with_sold(body, None, "ours")
    assert said == body.replace(b'["signature"]', b'["signature","sold"]', 1)
    assert said.count(b'"sold"') == 1
