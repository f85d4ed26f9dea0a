"""The feed of changes: by number, never back, waited for by a few."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from tests.registry.records import OFFICE, Register
from tests.running import until
from tests.verifier.conftest import Site, Verifier, damaging

from tem.databases import published
from tem.databases.database import writing
from tem_registry import restoring
from tem_registry.lots import recall_acts
from tem_verifier import api_changes, storage
from tem_verifier.changes import waiting

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
NOTICE = {"kind": "mandatory", "ordered_by": "Sở Y tế", "reason_public": "vượt mức histamin"}


@pytest.fixture
def told(register: Register, reader: Verifier) -> Verifier:
    """A verifier that has read a recall and two voids."""
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "L1", NOTICE)
    register.void(1, 50, 50)
    register.void(1, 60, 60)
    reader.index.catch_up()
    return reader


def test_the_log_is_read_page_by_page(told: Verifier, site: Callable[..., Site]) -> None:
    """From a number on, in order, with what to ask next; a page known before is a 304."""
    client, _ = site()
    page = client.get("/v1/changes?limit=2")
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.json is not None
    first, second = page.json["changes"]
    assert (first["seq"], first["type"], first["at"]) == (
        *(1, "lot.recalled"),
        "2026-11-20T02:00:00Z",
    )
    assert first["ranges"] == [{"batch": 1, "first": 1, "last": 10}]
    assert first["recall"]["reason_public"] == NOTICE["reason_public"]
    assert (second["type"], page.json["next"], page.json["more"]) == ("stamps.voided", 2, True)
    rest = client.get("/v1/changes?limit=2&after=2").json
    assert rest is not None and (rest["next"], rest["more"]) == (3, False)
    assert rest["epoch"] == page.json["epoch"]
    end = client.get("/v1/changes?after=3")
    assert end.json is not None and (end.json["changes"], end.json["next"]) == ([], 3)
    again = client.get("/v1/changes?after=3", headers={"If-None-Match": end.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_nothing_is_told_that_a_look_up_does_not_know(
    told: Verifier, register: Register, site: Callable[..., Site]
) -> None:
    """A change is told once this worker answers by it, and none while the record stands before
    what was read."""
    client, path = site()[0], "/v1/changes?after=3"
    register.void(1, 62, 62)
    assert client.get(path).get_json()["changes"] == []
    told.index.catch_up()
    assert [one["seq"] for one in client.get(path).get_json()["changes"]] == [4]
    with damaging(register) as connection:
        connection.execute(update(published.state).values(change=published.state.c.change - 1))
    refused = client.get(path)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "record_in_doubt")


@pytest.mark.parametrize(
    "query",
    [
        *("after=-1", "after=x", "after=99999999999999999", "limit=0", "wait=21", "since=1"),
        "after=1&after=2",
    ],
)
def test_what_cannot_be_asked(reader: Verifier, site: Callable[..., Site], query: str) -> None:
    """Numbers out of their range and words unknown are refused with a stable code."""
    answer = site()[0].get(f"/v1/changes?{query}")
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


def test_a_change_ends_the_waiting(
    told: Verifier, register: Register, site: Callable[..., Site]
) -> None:
    """Who waits is answered when something happens that tills are told, and not by anything else
    that is published; without a place it is answered at once."""
    client, _ = site()
    answers: list[list[int]] = []

    def wait() -> None:
        page = client.application.test_client().get("/v1/changes?after=3&wait=20").json
        answers.append([one["seq"] for one in page["changes"]] if page else [])

    waiters = [threading.Thread(target=wait) for _ in range(waiting.MOST_EACH + 1)]
    for one in waiters:
        one.start()
    until(lambda: answers == [[]])  # one more than one address may be
    register.take_back(1, 70, 71)
    told.index.catch_up()
    register.void(1, 61, 61)
    told.index.catch_up()
    for one in waiters:
        one.join(60)
    assert sorted(answers) == [[], [4], [4]]


def test_what_happens_while_the_page_is_read_ends_the_waiting(
    told: Verifier,
    register: Register,
    site: Callable[..., Site],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change after the empty page and before the waiting is told at once."""
    read, pages = api_changes._told, list[Any]()

    def read_slowly(*asked: Any) -> dict[str, Any]:
        pages.append(read(*asked))
        if len(pages) == 1:
            register.void(1, 61, 61)
            told.index.catch_up()
        return dict(pages[-1])

    monkeypatch.setattr(api_changes, "_told", read_slowly)
    page = site()[0].get("/v1/changes?after=3&wait=1").json
    assert page is not None and [one["seq"] for one in page["changes"]] == [4]
    assert pages[0]["changes"] == []


def test_another_life_of_the_record_is_told_apart(
    told: Verifier, register: Register, site: Callable[..., Site]
) -> None:
    """After a restore nothing is told until an operator has taken the record as it is; then the
    epoch is another, so that who follows begins again."""
    client, _ = site()
    before = client.get("/v1/changes").json
    with register.write() as connection:
        restoring.accept(connection, register.clock(), "machine:root", None)
    told.index.catch_up()
    refused = client.get("/v1/changes")
    assert refused.json is not None
    assert (refused.status_code, refused.json["code"]) == (503, "record_in_doubt")
    with writing(told.store) as connection:
        storage.accept_restore(connection)
    told.index.catch_up()
    after = client.get("/v1/changes").json
    assert before is not None and after is not None
    assert after["epoch"] != before["epoch"] and len(after["changes"]) == 3
