"""Previews: what an act would do, or all that refuses it, and nothing is changed by asking."""

import random
from typing import Any

import pytest
from tests.registry.records import OFFICE, ONE_ENGINE, Register, product, settings
from tests.registry.signed_in import api_over, problem

from tem.errors import NotFound, TemError
from tem_registry.activation import activation_preview, lot_preview
from tem_registry.lots import lot_answers, lot_rules, lots, recall_acts

NOTICE = {"kind": "voluntary", "ordered_by": "P1", "reason_public": "sai nhãn"}
LOT = {"product_id": "SP1", "lot_code": "A1", "production_date": "2026-10-20", "quantity": 5}


def preview(register: Register, lot_id: str, first: int, last: int, **given: Any) -> Any:
    with register.read() as connection:
        where = {"batch": 1, "first": first, "last": last, **given}
        return activation_preview.preview(connection, register.clock(), lot_id, **where)


def lot_of(register: Register, own: str | None = None, **fields: Any) -> Any:
    with register.read() as connection:
        return lot_preview.preview(connection, register.clock(), settings(), LOT | fields, own)


def codes(told: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in told]


def test_an_activation_in_words_and_numbers(register: Register) -> None:
    """Product, lot, serials with check digits, dates, and what would be left; nothing changes."""
    register.batch(1, 100)
    register.lot("L1", 60)
    register.activate("L1", 1, 91, 100)
    before = register.everything()
    told = preview(register, "L1", 1, 20, own="P1")
    assert told == {
        "would": {
            "quantity": 20,
            "product": {"product_id": "SP1", "name": "Nước mắm SP1"},
            "lot": {"lot_id": "L1", "lot_code": "code-L1"},
            "first_serial": "1-1-46",
            "last_serial": "1-20-86",
            "production_date": "2026-10-20",
            "best_before": "2027-10-20",
            "precision": "day",
            "info_expires_on": "2027-11-20",
            "left_in_lot": 30,
            "left_in_batch": 70,
        },
        "already": False,
        "refusals": [],
        "activatable": [{"first": 1, "last": 20}],
    }
    assert register.everything() == before
    register.activate("L1", 1, 1, 20)
    again = preview(register, "L1", 1, 20)
    assert (again["already"], again["refusals"]) == (True, [])
    assert again["would"] == told["would"]


def test_everything_that_refuses_is_told_at_once(register: Register) -> None:
    """Parts by state with the lot they are tied to, then the lot's reasons, and what is free."""
    register.batch(1, 100)
    register.lot("L1", 500)
    register.lot("L2", 10, production_date="2026-11-21")
    register.activate("L1", 1, 11, 20)
    register.void(1, 31, 31)
    register.revoke(1, 41, 42)
    register.take_back(1, 91, 100)
    told = preview(register, "L2", 1, 95)
    assert told["would"] is None
    ranges = [(r["code"], r["first"], r["last"], r["state"]) for r in told["refusals"][:4]]
    assert ranges == [
        ("already_activated", 11, 20, "activated"),
        ("void", 31, 31, "void"),
        ("revoked", 41, 42, "revoked"),
        ("not_delivered", 91, 95, "issued"),
    ]
    assert told["refusals"][0]["lot"] == {"lot_id": "L1", "lot_code": "code-L1"}
    assert [one for one in told["refusals"][1:] if "lot" in one] == []
    assert codes(told["refusals"][4:]) == ["production_date_in_future", "more_stamps_than_units"]
    free = [(one["first"], one["last"]) for one in told["activatable"]]
    assert free == [(1, 10), (21, 30), (32, 40), (43, 90)]
    assert all(one["detail"] for one in told["refusals"])


@ONE_ENGINE
def test_ranges_that_name_no_stamps(register: Register) -> None:
    """A last stamp before the first, or beyond the batch, has a code of its own."""
    register.batch(1, 100)
    register.batch(2, 100, "SP2")
    register.lot("L1")
    assert codes(preview(register, "L1", 20, 19)["refusals"]) == ["last_before_first"]
    assert codes(preview(register, "L1", 99, 101)["refusals"]) == ["no_such_stamps"]
    assert codes(preview(register, "L1", 1, 2, batch=2)["refusals"]) == ["other_product"]
    for given in ({"own": "P2"}, {"batch": 9}):
        with pytest.raises(NotFound):
            preview(register, "L1", 1, 2, **given)


def test_a_preview_says_what_the_act_then_does(register: Register) -> None:
    """Of random activations among other acts: the same success, the same parts and reasons."""
    chance = random.Random(2)
    register.batch(1, 60)
    register.batch(2, 60, "SP2", delivered=False)
    for id, quantity, of in (("LA", 8, "SP1"), ("LB", 200, "SP1"), ("LC", 200, "SP2")):
        register.lot(id, quantity, of)
    outcomes: set[str] = set()
    for _ in range(90):
        between(register, chance)
        first = chance.randint(1, 60)
        where = {"batch": chance.choice([1, 1, 1, 2]), "first": first}
        where["last"] = first + int(chance.expovariate(0.3))
        lot_id = chance.choice(["LA", "LB", "LC"])
        told = preview(register, lot_id, **where)
        assert (told["would"] is None) is bool(told["refusals"])
        try:
            register.activate(lot_id, **where)
        except TemError as refused:
            outcomes.add(refused.code)
            check_refused(told["refusals"], refused)
        else:
            outcomes.add("already" if told["already"] else "done")
            assert told["refusals"] == []
            check_done(register, told["would"], lot_id, where["batch"])
    met = {"done", "range_refused", "other_product", "lot_recalled", "more_stamps_than_units"}
    assert met <= outcomes


def between(register: Register, chance: random.Random) -> None:
    """Another act, now and then."""
    at, kind = chance.randint(1, 59), chance.random()
    try:
        if kind < 0.1:
            register.void(1, at, at)
        elif kind < 0.15:
            register.take_back(1, at, at + 1)
        elif kind < 0.3:
            register.deliver(chance.choice([1, 2]))
        elif kind < 0.6:
            register.correct(1, at, at + 1, None)
        elif kind < 0.8:
            with register.write() as connection:
                recall_acts.recall(connection, register.clock(), OFFICE, "LB", NOTICE)
        elif kind < 0.9:
            with register.write() as connection:
                recall_acts.lift(connection, register.clock(), OFFICE, "LB", None)
    except TemError:
        pass


def check_refused(told: list[dict[str, Any]], refused: TemError) -> None:
    """What the act said is among what the preview had told, first of its kind and in order."""
    if refused.code == "range_refused":
        parts = [
            {n: r[n] for n in ("first", "last", "state", "code")} for r in told if "first" in r
        ]
        assert parts == refused.extra["ranges"]
        return
    assert told[0]["code"] == refused.code
    if "reasons" in refused.extra:
        assert told == refused.extra["reasons"]


def check_done(register: Register, would: dict[str, Any], lot_id: str, batch: int) -> None:
    """What was to be left is what is left."""
    with register.read() as connection:
        lot = lot_answers.shown(connection, lots.find(connection, lot_id), register.clock())
    delivered = [b - a + 1 for a, b, state, _ in register.ranges(batch) if state == "delivered"]
    assert (would["left_in_lot"], would["left_in_batch"]) == (lot["units_left"], sum(delivered))


def test_a_lot_as_it_would_be_recorded(register: Register) -> None:
    """The preview of a body is the record it makes, dates worked out; asking records nothing."""
    before = register.everything()
    told = lot_of(register, "P1", best_before="2027-02")
    assert (told["refusals"], told["warnings"]) == ([], [])
    assert register.everything() == before
    made = register.lot("L1", **LOT | {"best_before": "2027-02"})
    with register.read() as connection:
        record = lot_answers.shown(connection, made, register.clock())
    assert told["would"].pop("window_ends_on") == record["info_expires_on"] == "2027-03-28"
    assert told["would"] == {name: record[name] for name in told["would"]}


def test_all_that_stands_against_a_lot(register: Register) -> None:
    """Every refusal and every warning, not only the first; where dates contradict nothing else."""
    register.lot("L1", lot_code="A1")
    told = lot_of(register, lot_id="L1", producer_id="P2", recalled=True, best_before="2026-10-19")
    wanted = ["not_taken_here", "not_the_producer", "best_before_too_early", "lot_exists"]
    assert (codes(told["refusals"]), told["would"]) == (wanted, None)
    late = lot_of(register, lot_code="A2", production_date="2028-01-01", best_before="2029-06-01")
    assert late["refusals"] == []
    assert late["would"]["needs_date_approval"] is True
    assert codes(late["warnings"]) == [
        "no_certificate_at_production",
        "production_date_in_future",
        "best_before_beyond_shelf_life",
    ]
    past = lot_of(register, lot_code="A2", production_date="2025-01-01")
    assert codes(past["warnings"]) == ["lot_past_date"]
    register.add("product", product("SP4", "P1", date_kind="none", shelf_life=None))
    undated = lot_of(register, product_id="SP4", production_date="2024-01-01")
    assert undated["would"]["best_before"] is None
    assert codes(undated["warnings"]) == ["no_certificate_at_production", "lot_window_closed"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"lot_code": "taken"},
        {"lot_id": "L0"},
        {"lot_id": "L9"},
        {"best_before": "2026-10-19"},
        {"best_before": "2030-01"},
        {"producer_id": "P2"},
        {"product_id": "SP2", "lot_code": "taken"},
        {"recall": {"kind": "voluntary"}},
    ],
)
def test_a_lot_is_refused_as_its_preview_said(register: Register, fields: dict[str, Any]) -> None:
    """The first refusal told is the one that recording it gives."""
    register.lot("L0", lot_code="taken")
    told = codes(lot_of(register, **fields)["refusals"])
    body = LOT | fields
    try:
        lot_rules.check_new(body)
        with register.write() as connection:
            lots.add(connection, register.clock(), OFFICE, settings(), body)
    except TemError as refused:
        assert told[0] == refused.code
    else:
        assert told == []


@ONE_ENGINE
def test_previews_over_http(register: Register) -> None:
    """A producer asks about its own without an Idempotency-Key; nothing is stored of it."""
    api = api_over(register)
    register.batch(1, 100)
    register.lot("L1")
    body = {"batch": 1, "first": 1, "last": 10}
    path = "/v1/lots/L1/activations/preview"
    before = register.everything()
    answer = api.send(path, body, "P1", key=None)
    assert (answer.status_code, answer.json["would"]["quantity"]) == (200, 10)
    wrong = api.send(path, body | {"first": 11}, "P1", key="k").json["refusals"]
    assert codes(wrong) == ["last_before_first"]
    made = api.send("/v1/lots/preview", LOT, "P1", key=None)
    assert (made.status_code, made.json["would"]["best_before"]) == (200, "2027-10-20")
    assert register.everything() == before
    assert problem(api.send(path, body, "P2"), 404) == "no_such_lot"
    assert problem(api.send("/v1/lots/preview", LOT, "P2"), 404) == "not_found"
    for call, sent in ((path, body), ("/v1/lots/preview", LOT)):
        assert problem(api.send(call, sent, "auditor"), 403)
        assert problem(api.send(call, sent, None), 401)


def test_a_list_of_batches_tells_what_is_left(register: Register) -> None:
    """Each with its stamps by state and the first twenty ranges that may be activated."""
    api = api_over(register)
    register.batch(1, 100)
    register.batch(2, 10, delivered=False)
    register.lot("L1")
    for index in range(2, 50, 2):
        register.activate("L1", 1, index, index)
    register.void(1, 100, 100)
    first, second = api.get("/v1/batches", "P1").json["items"]
    counts = {"issued": 0, "delivered": 75, "activated": 24, "void": 1, "revoked": 0}
    assert first["counts"] == counts
    assert first["delivered_ranges"] == [{"first": n, "last": n} for n in range(1, 41, 2)]
    assert (second["counts"]["issued"], second["delivered_ranges"]) == (10, [])
    assert api.get("/v1/batches", "P2").json["items"] == []
