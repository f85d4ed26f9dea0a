"""What a running installation tells whoever watches it: numbers, lines, one id for one thing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests import plain_http
from tests.journey.acts import Maker, get
from tests.running import Running, until

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy/grafana/tem.json"
ALERTS = ROOT / "deploy/alerts.yml"
TABLE = ROOT / "docs/operations.md"
NAME = re.compile(r"\btem_[a-z_]+")
# What a name in a query adds to that of its family.
PARTS = re.compile(r"_(bucket|count|sum)$")


@pytest.fixture(scope="module")
def worked(sample: Running) -> tuple[Running, str, int]:
    """The installation after an order was issued and scanned: the order and its batch."""
    maker = Maker(sample, "Cửa Khẩu")
    order = maker.order(30)
    batch = maker.issued(order)
    code = maker.addresses(batch)[0]
    until(lambda: sample.scan(code)["verdict"] == "NOT_ACTIVATED")
    maker.client.get("/v1/nothing", headers={"X-Request-Id": "ask-for-nothing.1"})
    plain_http.get(sample.url("verifier") + "/s/%0a%1b[2J%c2%9b")
    return sample, order, batch


def numbers(installation: Running, service: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Samples of a service by name and label values."""
    text = plain_http.get(installation.url(service) + "/metrics").text
    return {
        (one.name, tuple(value for _, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def families(installation: Running) -> set[str]:
    """Names that a query may begin with, histograms without their parts."""
    return {
        PARTS.sub("", name)
        for service in ("issuer", "registry", "verifier")
        for name, _ in numbers(installation, service)
        if name.startswith("tem_")
    }


def expressions(document: Any) -> list[str]:
    """All queries in a dashboard."""
    if isinstance(document, dict):
        own = [document["expr"]] if isinstance(document.get("expr"), str) else []
        return own + [one for value in document.values() for one in expressions(value)]
    if isinstance(document, list):
        return [one for value in document for one in expressions(value)]
    return []


def named(text: str) -> set[str]:
    """The metrics a text of queries names."""
    return {PARTS.sub("", name) for name in NAME.findall(text)}


def test_what_is_documented_drawn_and_told_is_exposed_and_the_reverse(
    worked: tuple[Running, str, int],
) -> None:
    """The table lists exactly what is exposed; dashboard and alerts ask for nothing else."""
    exposed = families(worked[0])
    section = TABLE.read_text("utf-8").partition("## Watching")[2].partition("\n## ")[0]
    assert exposed == set(re.findall(r"^\| `(tem_[a-z_]+)`", section, re.M))
    drawn = named("\n".join(expressions(json.loads(DASHBOARD.read_text("utf-8")))))
    assert drawn == exposed, "each number has its place on the dashboard"
    told = named("\n".join(re.findall(r"expr: (.*)", ALERTS.read_text("utf-8"))))
    assert told and told <= exposed


def test_the_dashboard_can_be_imported() -> None:
    """It has an id, asks a data source of the reader's choice, and no two panels collide."""
    board = json.loads(DASHBOARD.read_text("utf-8"))
    assert board["uid"] == "tem-overview" and board["title"]
    assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 20
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not own & cells and at["x"] + at["w"] <= 24, panel["title"]
        cells |= own
        if panel["type"] != "row":
            assert panel["targets"] and panel["datasource"]["uid"] == "${datasource}"


def test_the_numbers_follow_the_work(worked: tuple[Running, str, int]) -> None:
    """Signer and follower tell their state through the web workers; look-ups are counted."""
    installation, _, batch = worked
    until(lambda: numbers(installation, "issuer")[("tem_issuer_next_number", ())] > batch, 15)
    registry = numbers(installation, "registry")
    assert registry[("tem_registry_stamps", ("activated",))] > 0
    assert registry[("tem_processes", ("follower",))] == 1
    asked = ("tem_verifier_verdicts_total", ("NOT_ACTIVATED",))
    until(lambda: numbers(installation, "verifier")[asked] >= 1)  # told once a second
    assert numbers(installation, "verifier")[("tem_processes", ("verifier",))] == 2
    change = registry[("tem_registry_change", ())]
    until(lambda: numbers(installation, "verifier")[("tem_verifier_change", ())] >= change)


def test_no_label_grows_with_what_strangers_ask(worked: tuple[Running, str, int]) -> None:
    """Addresses, methods and codes that are made up add at most one series each."""
    installation = worked[0]
    before = numbers(installation, "verifier")
    known = {key[1] for key in before if key[0] == "tem_http_seconds_count"}
    for n in range(5):
        plain_http.request(f"BREW{n}", installation.url("verifier") + f"/nowhere/{n}")
    found = numbers(installation, "verifier")
    more = {key[1] for key in found if key[0] == "tem_http_seconds_count"} - known
    assert more <= {("unknown", "verifier")}
    methods = [
        {key[1][0] for key in one if key[0] == "tem_http_requests_total"} for one in (before, found)
    ]
    assert methods[1] - methods[0] <= {"other"}


def log(installation: Running, process: str) -> list[dict[str, Any]]:
    """All lines of a process; each must be one JSON object."""
    text = (installation.data / "logs" / f"{process}.log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_of_every_process_is_one_object(worked: tuple[Running, str, int]) -> None:
    """gunicorn's own words too; each names its time, level, service and event."""
    for process in ("issuer", "signer", "registry", "follower", "verifier"):
        lines = log(worked[0], process)
        assert lines or process in ("signer", "follower")
        for line in lines:
            assert {"time", "level", "service", "event"} <= line.keys() and line[
                "service"
            ] == process


def test_a_call_leaves_one_line_and_a_look_up_none(worked: tuple[Running, str, int]) -> None:
    """The line names route, path, status, time and who; look-ups are counted only."""
    installation = worked[0]
    asked = [
        one for one in log(installation, "registry") if one.get("request_id") == "ask-for-nothing.1"
    ]
    (line,) = asked
    assert line["event"] == "request" and (line["route"], line["status"]) == ("none", 404)
    assert line["path"] == "/v1/nothing" and line["method"] == "GET" and line["ms"] > 0
    assert line["actor"].startswith("producer:Cửa Khẩu#")
    assert not [
        one for one in log(installation, "verifier") if one.get("route", "").startswith("/s/")
    ]


def test_one_id_names_an_order_in_both_services(worked: tuple[Running, str, int]) -> None:
    """The follower's id of an order stands in both audit trails and in the issuer's log."""
    installation, order, batch = worked
    office = installation.office()
    found = get(office, "/v1/audit", object=f"order:{order}", action="order.sent")
    (sent,) = found["items"]
    id = sent["request_id"]
    assert re.fullmatch(r"order-[0-9a-f]{16}", id)
    acts = {one["action"] for one in get(office, "/v1/audit", request_id=id)["items"]}
    assert {"order.sent", "batch.issued"} <= acts
    calls = [one for one in log(installation, "issuer") if one.get("request_id") == id]
    assert "/v1/batches" in {one["path"] for one in calls}
    audited = installation.tem("issuer", "audit", "export")
    mine = [json.loads(line) for line in audited.splitlines()]
    assert any(one["request_id"] == id and one["object"] == f"batch:{batch}" for one in mine)


def test_health_tells_what_works(worked: tuple[Running, str, int]) -> None:
    """The registry says whether the issuer can be reached; asking leaves no line."""
    registry = worked[0].client("registry")
    until(lambda: registry.get("/readyz").json()["issuer"] == "ready", 15)
    routes = {one.get("route") for one in log(worked[0], "registry")}
    assert "/readyz" not in routes and "/metrics" not in routes
