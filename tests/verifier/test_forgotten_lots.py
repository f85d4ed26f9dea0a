"""What the verifier holds and tells of a lot whose information window has closed."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.registry.records import OFFICE, Register
from tests.verifier.conftest import Opener, Verifier
from tests.verifier.mint import Minted

from tem.http.web import Wiring
from tem_registry.forgetting import forgetting
from tem_registry.lots import recall_acts
from tem_verifier.app import READY_WITHIN, build
from tem_verifier.pages import Pages

NEEDLE = "needle-7f3"
NOTICE = {"kind": "mandatory", "ordered_by": "Sở A", "reason_public": "kiểm nghiệm"}
END = datetime.fromisoformat("2027-11-21T00:00:00+07:00")  # of the window of a lot of these tests


def ready_lot(register: Register, batch: Minted) -> Minted:
    """Stamps 1..9 of the batch are tied to LN, 8 void and 9 revoked since."""
    register.lot("LN", lot_code=NEEDLE)
    register.activate("LN", batch.made.batch, 1, 9)
    register.void(batch.made.batch, 8, 8)
    register.revoke(batch.made.batch, 9, 9)
    return batch


def recall(register: Register) -> None:
    with register.write() as connection:
        recall_acts.recall(connection, register.clock(), OFFICE, "LN", NOTICE)


def lift(register: Register) -> None:
    with register.write() as connection:
        recall_acts.lift(connection, register.clock(), OFFICE, "LN", None)


def sweep(register: Register) -> None:
    forgetting.sweep(register.engine, register.clock())
    forgetting.scrub(register.engine)


def everything(reader: Verifier) -> str:
    """All that its index holds, as text."""
    view = reader.index.view
    held = [[str(key), card] for key, card in view.cards.items()]
    return json.dumps(held, ensure_ascii=False) + repr(view.batches)


def pages_of(reader: Verifier, text: str) -> str:
    """The page of a stamp in both languages."""
    pages = Pages("")
    answer = reader.ask(text)
    return "".join(pages.render(answer, lang, f"/s/{text}") for lang in ("vi", "en"))


def test_what_was_forgotten_is_in_no_memory_and_no_page(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """The follower that held the full card, a fresh one, their own databases, JSON and page: in
    none of them anything is left after a sweep; the answer is the one from before it."""
    code = ready_lot(register, batch).text(1)
    follower = open_verifier()
    assert NEEDLE in everything(follower) and NEEDLE in pages_of(follower, code)
    register.clock.now = END
    before = follower.ask(code)
    assert (before["verdict"], NEEDLE in everything(follower)) == ("INFO_EXPIRED", True)
    sweep(register)
    for reader in (follower, open_verifier("fresh")):
        assert reader.ask(code) == before
        held = everything(reader) + pages_of(reader, code) + json.dumps(reader.ask(code))
        assert NEEDLE not in held
        path = Path(str(reader.store.url.database))
        for found in path.parent.glob(f"{path.stem}*"):
            if found.is_file():
                assert NEEDLE.encode() not in found.read_bytes(), found


@pytest.mark.parametrize("swept", [False, True])
def test_a_recall_reaches_stamps_of_every_state_after_the_window(
    register: Register, batch: Minted, open_verifier: Opener, swept: bool
) -> None:
    """Activated, void and revoked stamps say RECALLED with the next reading, long after the
    window, and what they said before once it is lifted; whether a sweep ran makes no difference."""
    ready_lot(register, batch)
    reader = open_verifier()
    register.clock.now = END + timedelta(days=99)
    if swept:
        sweep(register)
    quiet = ["INFO_EXPIRED", "VOID", "STAMP_REVOKED"]

    def told() -> list[str]:
        return [reader.verdict(batch.text(i)) for i in (1, 8, 9)]

    for _ in range(3):
        assert told() == quiet
        recall(register)
        assert told() == ["RECALLED"] * 3
        assert reader.ask(batch.text(1))["recall"]["reason_public"] == "kiểm nghiệm"
        assert reader.ask(batch.text(1))["lot"]["code"] == NEEDLE
        register.clock.advance(seconds=1)
        lift(register)
    assert told() == quiet
    if swept:
        assert NEEDLE not in everything(reader)


def test_page_json_and_bulk_agree_around_the_end(
    register: Register, batch: Minted, open_verifier: Opener
) -> None:
    """Two workers, one of which has not read the sweep yet, give the same page, the same JSON and
    the same bulk answer at each instant after the window."""
    ready_lot(register, batch)
    behind, ahead = open_verifier("behind"), open_verifier("ahead")
    register.clock.now = END
    clients = [client(one, register) for one in (behind, ahead)]
    path = f"/s/{batch.text(1)}"

    def told(web: Any) -> list[Any]:
        page = web.get(path).text
        answer = web.get(path, headers={"Accept": "application/json"}).json
        bulk = web.post("/v1/verifications", json={"codes": [batch.text(i) for i in (1, 8, 9)]})
        return [page, answer, bulk.json]

    behind.index.catch_up()
    sweep(register)
    ahead.index.catch_up()
    assert NEEDLE in everything(behind) and NEEDLE not in everything(ahead)
    for _ in range(50):
        old, new = (told(web) for web in clients)
        assert old == new
        assert old[1]["verdict"] == "INFO_EXPIRED"
        register.clock.advance(hours=41)


def client(reader: Verifier, register: Register) -> Any:
    wiring = Wiring(reader.store, register.clock)
    return build(reader.config, wiring, reader.index).flask.test_client()


def test_a_worker_with_an_old_record_is_not_ready(
    register: Register, batch: Minted, open_verifier: Opener, alarms: Callable[[str], float]
) -> None:
    """Half a minute without a reading takes it out of rotation, and says since when; it still
    answers what it knows, and is ready again after the next reading."""
    reader = open_verifier()
    web = client(reader, register)
    register.clock.advance(seconds=READY_WITHIN.total_seconds())
    assert web.get("/readyz").status_code == 200
    register.clock.advance(seconds=1)
    late = web.get("/readyz")
    assert (late.status_code, late.json["code"]) == (503, "record_too_old")
    assert late.json["as_of"] == "2026-11-20T02:00:00Z"
    assert "Retry-After" in late.headers
    assert web.get(f"/s/{batch.text(1)}").status_code == 200
    reader.index.catch_up()
    assert web.get("/readyz").status_code == 200
