"""Orders over HTTP: what is sent, what is answered, and who may decide what."""

import json

import pytest
from tests.registry.records import Register, certificate, product
from tests.registry.signed_in import Api, api_over, problem


@pytest.fixture(name="api")
def modest_api(register: Register) -> Api:
    """The app; of SP9, made by P1, there are 1,000 a year."""
    register.add("product", product("SP9", "P1", declared_output={"quantity": 1000}))
    register.add("certificate", certificate("CN-SP9", "SP9"))
    return api_over(register)


def ordered(api: Api, who: str = "P1", **body: object) -> str:
    response = api.send("/v1/orders", {"product_id": "SP9", "quantity": 100, **body}, who)
    assert response.status_code == 201, response.text
    return str(response.json["order_id"])


def test_an_order_keeps_both_prices(api: Api) -> None:
    """Fee and subsidy are those of the settings, in whole VND, and cannot be sent."""
    found = api.get(f"/v1/orders/{ordered(api)}", "P1").json
    prices = {name: found[name] for name in found if name.endswith("_vnd")}
    assert prices == {
        "unit_fee_vnd": 200,
        "fee_vnd": 20_000,
        "unit_subsidy_vnd": 30,
        "subsidy_vnd": 3_000,
    }
    body = {"product_id": "SP9", "quantity": 1, "unit_subsidy_vnd": 0}
    assert problem(api.send("/v1/orders", body), 422) == "validation_failed"


def test_beyond_the_declared_output(api: Api) -> None:
    """The office gives a reason with the order or with its approval; a producer never does."""
    body = {"product_id": "SP9", "quantity": 1001}
    refused = api.send("/v1/orders", body)
    assert problem(refused, 409) == "beyond_declared_output"
    assert (refused.json["declared_output"], refused.json["quantity"]) == (1000, 1001)
    reasoned = {**body, "override_reason": "thêm xưởng"}
    assert problem(api.send("/v1/orders", reasoned, "P1"), 403) == "override_is_the_offices"
    assert api.send("/v1/orders", reasoned).json["override_reason"] == "thêm xưởng"
    api.register.clock.advance(seconds=1)
    waiting = api.send("/v1/orders", body, "P1").json
    assert waiting["beyond_declared_output"] == {
        "declared_output": 1000,
        "ordered": 1001,
        "quantity": 1001,
    }
    path = f"/v1/orders/{waiting['order_id']}/approvals"
    assert problem(api.send(path, {}), 409) == "beyond_declared_output"
    approved = api.send(path, {"override_reason": "vụ mùa lớn"}).json
    assert (approved["override_reason"], len(approved["approvals"])) == ("vụ mùa lớn", 1)


def test_an_order_is_foreseen(api: Api) -> None:
    """Fee, approvals and whatever stands against it are told beforehand; nothing is ordered."""
    body = {"product_id": "SP9", "quantity": 1001}
    told = api.send("/v1/orders/preview", body, "P1").json
    beyond = {"declared_output": 1000, "ordered": 0, "quantity": 1001}
    assert told == {
        **body,
        "unit_fee_vnd": 200,
        "fee_vnd": 200_200,
        "approvals_required": 2,
        "refusals": [],
        "beyond_declared_output": beyond,
    }
    api.register.add("product", product("SP8", "P1", stampable=False))
    refused = api.send("/v1/orders/preview", {**body, "product_id": "SP8"}, "P1").json["refusals"]
    codes = [one["code"] for one in refused]
    assert codes == ["product_not_stampable", "certificate_not_in_force"]
    assert problem(api.send("/v1/orders/preview", body, "P2"), 404) == "not_found"
    assert api.get("/v1/orders?product_id=SP9").json["items"] == []


def test_an_order_is_rejected_or_cancelled(api: Api) -> None:
    """The office rejects with a reason; its producer cancels; both are final."""
    rejected, cancelled = ordered(api), ordered(api)
    assert problem(api.send(f"/v1/orders/{rejected}/rejection", {}), 422) == "validation_failed"
    found = api.send(f"/v1/orders/{rejected}/rejection", {"reason": "chưa có căn cứ"})
    assert (found.status_code, found.json["state"]) == (200, "rejected")
    assert found.json["reason"] == "chưa có căn cứ"
    path = f"/v1/orders/{cancelled}/cancellation"
    assert problem(api.send(path, {}, "P2"), 404) == "no_such_order"
    assert api.send(path, {}, "P1").json["state"] == "cancelled"
    assert problem(api.send(path, {}, "P1"), 409) == "not_cancellable"
    for id in (rejected, cancelled):
        assert problem(api.send(f"/v1/orders/{id}/approvals", {}), 409) == "not_awaiting_approval"


def test_a_producer_is_not_told_who_approved(api: Api) -> None:
    """It reads `office` and when, in one order and in the list; the office reads the name."""
    id = ordered(api)
    assert api.send(f"/v1/orders/{id}/approvals", {}).json["approvals"][0]["by"] == "Lan"
    (listed,) = api.get("/v1/orders", "P1").json["items"]
    for found in (listed, api.get(f"/v1/orders/{id}", "P1").json):
        assert [one["by"] for one in found["approvals"]] == ["office"]
    assert api.get(f"/v1/orders/{id}", "auditor").json["approvals"][0]["by"] == "Lan"


def test_lists_are_filtered(api: Api) -> None:
    """By state, producer and product; a filter that names no state is refused."""
    first, second = sorted([ordered(api), ordered(api)])
    api.send("/v1/orders", {"product_id": "SP3", "quantity": 5}, "P2")
    api.send(f"/v1/orders/{second}/cancellation", {}, "P1")

    def ids(query: str, who: str = "office") -> list[str]:
        return [one["order_id"] for one in api.get(f"/v1/orders?{query}", who).json["items"]]

    assert ids("state=requested&producer_id=P1") == [first]
    assert ids("state=cancelled") == [second]
    assert ids("product_id=SP3", "P1") == ids("producer_id=P2", "P1") == []
    assert ids("product_id=SP9&limit=1") == [first]
    assert ids(f"product_id=SP9&limit=1&after={first}") == [second]
    assert problem(api.get("/v1/orders?state=lost"), 422) == "validation_failed"


def test_reports_are_described_in_both_forms(api: Api) -> None:
    """The OpenAPI document offers JSON and CSV of statistics and fees."""
    paths = json.loads(api.get("/openapi.json", None).text)["paths"]
    for path in ("/v1/statistics", "/v1/fees"):
        answer = paths[path]["get"]["responses"]["200"]
        assert set(answer["content"]) == {"application/json", "text/csv"}
        assert "Content-Disposition" in answer["headers"]
