"""The audit trail over HTTP: every act leaves its entry, and entries are found again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.registry.records import ONE_ENGINE, Register, settings
from tests.registry.signed_in import Api, api_over, problem
from tests.registry.test_registry_http import CALLS

from tem.databases.database import writing
from tem.http import auth, idempotency
from tem.http.web import Wiring
from tem.trail import audit, checkpoints
from tem.trail.signed_note import NoteKey, open_note
from tem_registry.app import build

# Tables whose rows are how things are kept, not what was done.
PLUMBING = {
    audit.entry_table.name,
    audit.head_table.name,
    auth.key_table.name,
    idempotency.idempotency_table.name,
}


@pytest.fixture(name="api")
def ready_api(register: Register, tmp_path: Path) -> Iterator[Api]:
    """The app over a register with delivered batches, lots and an audit key."""
    register.batch(1, 100)
    register.batch(3, 100, "SP3")
    register.lot("L1")
    register.lot("L3", product_id="SP3")
    key = tmp_path / "audit-key"
    checkpoints.make_key(register.engine, register.clock(), "first-start", "registry", key)
    app = build(settings(audit_key_file=key), Wiring(register.engine, register.clock))
    yield replace(api_over(register), client=app.test_client())


def state(api: Api) -> dict[str, Any]:
    """What is on record. A batch's revision is a lock that a repeated activation raises too."""
    return {
        name: [{c: value for c, value in row.items() if c != "revision"} for row in rows]
        for name, rows in api.register.everything().items()
        if name not in PLUMBING
    }


def entries(api: Api) -> list[dict[str, Any]]:
    return api.register.rows(audit.entry_table)


@ONE_ENGINE
def test_every_act_leaves_its_entry(api: Api) -> None:
    """Whatever changed the record is told by entries under the request's own id, and a call
    that was refused or changed nothing leaves none."""
    told = set()
    for number, (method, path, body, wanted) in enumerate(CALLS):
        for who in wanted:
            id = f"walk-{number}-{who}".replace(" ", "")
            before, known = state(api), len(entries(api))
            headers = {**api.headers(who), "X-Request-Id": id, "Idempotency-Key": id}
            response = api.client.open(path, method=method, json=body, headers=headers)
            new = entries(api)[known:]
            changed = {name for name, rows in state(api).items() if rows != before[name]}
            assert bool(new) >= bool(changed), (method, path, who, changed)
            assert {entry["request_id"] for entry in new} <= {id}, (method, path)
            assert not new or response.status_code in (200, 201), (method, path)
            told |= {(method, path)} if new else set()
    silent = {(m, p) for m, p, _, w in CALLS if {200, 201} & set(w.values())} - told
    silent = {(m, p) for m, p in silent if not p.endswith("/preview")}  # these change nothing
    assert not silent, f"these succeed without an entry: {silent}"


def test_entries_name_who_did_it_and_what_changed(api: Api) -> None:
    """Actor, object, request and the difference stand in the entry as it is answered."""
    headers = {**api.headers("office"), "X-Request-Id": "a-request-of-ours"}
    changes = {"name": "HTX Mới", "phone": "0239 385 5555"}
    done = api.client.patch("/v1/producers/P1", json=changes, headers=headers)
    assert done.status_code == 200, done.text
    (entry,) = api.get("/v1/audit?request_id=a-request-of-ours").json["items"]
    assert entry["actor"].startswith("office:Lan#")
    assert (entry["action"], entry["object"]) == ("producer.changed", "producer:P1")
    assert "HTX Mới" in str(entry["details"]) and "385 5555" not in str(entry["details"])
    assert set(entry) == {f.name for f in audit.entry_table.columns}


def seqs(api: Api, query: str) -> list[int]:
    response = api.get(f"/v1/audit?{query}")
    assert response.status_code == 200, response.text
    return [entry["seq"] for entry in response.json["items"]]


def test_filters_and_order(api: Api) -> None:
    """Each filter of the query reaches the search, and pages lead backwards too."""
    rows = entries(api)
    lots = [row["seq"] for row in rows if row["object"].startswith("lot:")]
    assert seqs(api, "kind=lot") == lots
    assert seqs(api, "object=lot:L1&action=lot.added") == [lots[0]]
    assert seqs(api, "actor=office:Lan&limit=500") == [
        row["seq"] for row in rows if row["actor"].startswith("office:Lan#")
    ]
    assert seqs(api, "kind=lot&order=desc") == lots[::-1]
    page = api.get("/v1/audit?order=desc&limit=2").json
    assert page["next"] == rows[-2]["seq"]
    assert seqs(api, f"order=desc&limit=1&before={page['next']}") == [rows[-3]["seq"]]
    assert seqs(api, "from=2026-11-20T02:00:00Z&limit=500") == [row["seq"] for row in rows]
    assert seqs(api, "until=2026-11-20T02:00:00Z") == []
    assert seqs(api, "from=2026-11-20T09:00:01%2B07:00") == []


@ONE_ENGINE
@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-20",
        "from=x",
        "until=2026-11-20T02:00:00",
        "until=0001-01-01T00:00:00Z",
        "order=down",
        "before=-1",
        "kind=lot:L1",
        "object=92",
        "object=lot:",
        "kind=%00",
        "actor=%00",
        "actor=",
        "action=Lot",
        "request_id=%20",
        "since=2026-11-20T02:00:00Z",
        "seq=1",
    ],
)
def test_filters_that_are_none(api: Api, query: str) -> None:
    """What cannot be asked is refused by name."""
    assert problem(api.get(f"/v1/audit?{query}"), 422) == "validation_failed"


def test_the_checkpoint_is_signed(api: Api) -> None:
    """The note says how the trail stands and verifies under the key that is told."""
    for who in ("office", "auditor"):
        shown = api.get("/v1/audit/checkpoint", who).json
        last = entries(api)[-1]
        assert (shown["size"], shown["hash"]) == (last["seq"], last["hash"])
        text = open_note(shown["note"], NoteKey.parse(shown["public_key"]))
        assert text.splitlines()[:2] == ["tem/registry/audit", str(last["seq"])]
        assert shown["at"] == text.splitlines()[3]
    assert problem(api.get("/v1/audit/checkpoint", "P1"), 403) == "role_not_allowed"
    assert problem(api.get("/v1/audit/checkpoint", None), 401) == "key_missing"


def test_no_checkpoint_without_a_key_or_of_a_broken_trail(api: Api) -> None:
    """Both are answered as an outage that says what to look at, not as a crash."""
    app = build(settings(), Wiring(api.register.engine, api.register.clock))
    without = replace(api, client=app.test_client())
    assert problem(without.get("/v1/audit/checkpoint"), 503) == "no_audit_key"
    with writing(api.register.engine) as connection:
        connection.execute(update(audit.head_table).values(hash="0" * 64))
    assert problem(api.get("/v1/audit/checkpoint"), 503) == "trail_broken"
