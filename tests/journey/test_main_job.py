"""The main job, from a certificate to a scan, over real HTTP between the services."""

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

import httpx
import pytest
from tests.journey.acts import Maker, get, new_key, post, refused
from tests.running import Running, tem, until
from tests.trade import day

LIMIT_SECONDS = 1.0  # within which an act is seen by every worker of a verifier


def test_the_main_job_from_certificate_to_recall(sample: Running) -> None:
    """From order to activation each step leads on to OK; void, revocation and recall end it."""
    maker = Maker(sample, "Sóng Lam")
    asked = post(maker.client, "/v1/orders", {"product_id": maker.product, "quantity": 60})
    assert (asked["state"], asked["batch"], asked["fee_vnd"]) == ("requested", None, 12_000)
    post(maker.office, f"/v1/orders/{asked['order_id']}/approvals")
    batch = maker.issued(asked["order_id"])
    shown = get(maker.issuer, f"/v1/batches/{batch}")
    assert (shown["state"], shown["signed"]) == ("released", 60)

    stamps = maker.addresses(batch)
    assert len(set(stamps)) == 60
    assert stamps[6] == sample.tem("issuer", "url", asked["order_id"], 7).strip()
    sheet = maker.issuer.get(f"/v1/batches/{batch}/sheet.pdf", params={"first": 1, "last": 6})
    assert sheet.content.startswith(b"%PDF-") and sheet.headers["Content-Type"] == "application/pdf"
    assert sample.scan(stamps[0])["verdict"] == "NOT_ACTIVATED"

    early = {"batch": batch, "first": 1, "last": 10}
    lot = maker.lot(40)
    path = f"/v1/lots/{lot}/activations"
    too_early = maker.client.post(path, json=early, headers={"Idempotency-Key": new_key()})
    assert refused(too_early, 409, "range_refused")
    post(maker.office, f"/v1/batches/{batch}/delivery", {"receipt": "BB-7"})
    maker.activate(lot, batch, 1, 40)

    def verdict(index: int) -> str:
        """What all workers say: each reads the record by itself, a moment sooner or later."""
        said = {str(sample.scan(stamps[index - 1])["verdict"]) for _ in range(16)}
        return said.pop() if len(said) == 1 else "they differ"

    until(lambda: verdict(1) == "OK")
    scanned = sample.scan(stamps[39])
    assert scanned["stamp"] == {"batch": batch, "index": 40}
    assert scanned["lot"]["best_before"] == day(200)
    assert scanned["certificate"]["stars"] == 4
    assert verdict(41) == "NOT_ACTIVATED"

    post(maker.office, f"/v1/batches/{batch}/voids", {"first": 40, "last": 41, "reason": "rách"})
    revoked = {"first": 39, "last": 39, "reason": "QĐ 7"}
    post(maker.office, f"/v1/batches/{batch}/revocations", revoked)
    until(lambda: [verdict(i) for i in (38, 39, 40, 41)] == ["OK", "STAMP_REVOKED", "VOID", "VOID"])
    notice = {"kind": "voluntary", "ordered_by": maker.id, "reason_public": "Nhãn thiếu thông tin"}
    post(maker.office, f"/v1/lots/{lot}/recall", notice)
    until(lambda: [verdict(i) for i in (38, 40, 41)] == ["RECALLED", "RECALLED", "VOID"])
    post(maker.office, f"/v1/lots/{lot}/recall/lift", {"reason": "đã khắc phục"})
    until(lambda: [verdict(i) for i in (38, 39, 40)] == ["OK", "STAMP_REVOKED", "VOID"])


def test_statistics_follow_every_act(sample: Running) -> None:
    """The office's columns count what was ordered, activated and voided, the day it happens."""
    maker = Maker(sample, "Đồng Lộc")

    def columns() -> list[int]:
        found = get(maker.office, "/v1/statistics", by="product")["rows"]
        row = next((row for row in found if row["key"] == maker.product), {})
        names = ("quantity", "activated", "not_activated", "not_activated_usable", "void")
        return [row.get(name, 0) for name in names]

    assert columns() == [0, 0, 0, 0, 0]
    batch = maker.delivered(50)
    assert columns() == [50, 0, 50, 50, 0]
    maker.activate(maker.lot(20), batch, 1, 20)
    assert columns() == [50, 20, 30, 30, 0]
    post(maker.office, f"/v1/batches/{batch}/voids", {"first": 20, "last": 24, "reason": "rách"})
    assert columns() == [50, 20, 30, 26, 4]
    mine = get(maker.client, "/v1/statistics", by="producer")
    assert [row["key"] for row in mine["rows"]] == [maker.id]


def test_the_office_reads_look_ups_as_the_verifier_counts_them(sample: Running) -> None:
    """The first start has given the registry its key, and `tem up` the verifier's address."""
    looked_up = sample.office().get("/v1/lookups")
    assert looked_up.status_code == 200, looked_up.text
    assert len(looked_up.json()["days"]) == 30


def test_a_confirmed_print_destroys_the_codes(sample: Running) -> None:
    """After the print confirmation CSV, PDF and pictures answer 410, and the scan goes on."""
    maker = Maker(sample, "Ngàn Phố")
    batch = maker.delivered(3)
    address = maker.addresses(batch)[0]
    for _ in range(2):  # confirming again changes nothing
        post(maker.issuer, f"/v1/batches/{batch}/print-confirmation")
    for name in ("codes.csv", "sheet.pdf", "stamps/1.svg", "stamps/1.png"):
        assert refused(maker.issuer.get(f"/v1/batches/{batch}/{name}"), 410), name
    told = tem(sample.data, "issuer", "url", batch, 1)
    assert told.returncode == 1 and "destroyed" in told.stderr
    assert sample.scan(address)["verdict"] == "NOT_ACTIVATED"
    folder = Path(sample.data) / "issuer" / "codes"
    assert not [path for path in folder.iterdir() if path.name.startswith(f"{batch}-")]


def test_a_producer_neither_sees_nor_touches_what_is_anothers(sample: Running) -> None:
    """Another producer's orders, batches, lots and products do not exist for a producer."""
    owner, other = Maker(sample, "Chủ"), Maker(sample, "Khách")
    order = owner.order(10)
    batch, lot = owner.issued(order), owner.lot(10)
    post(owner.office, f"/v1/batches/{batch}/delivery")
    for path in (
        f"/v1/orders/{order}",
        f"/v1/batches/{batch}",
        f"/v1/lots/{lot}",
        f"/v1/products/{owner.product}",
        f"/v1/producers/{owner.id}",
    ):
        assert refused(other.client.get(path), 404), path
    listed = get(other.client, "/v1/batches")["items"] + get(other.client, "/v1/lots")["items"]
    assert listed == []

    def attempt(path: str, body: dict[str, object]) -> httpx.Response:
        return other.client.post(path, json=body, headers={"Idempotency-Key": new_key()})

    stamps = {"batch": batch, "first": 1, "last": 1}
    assert refused(attempt(f"/v1/lots/{lot}/activations", stamps), 404)
    assert refused(attempt(f"/v1/lots/{other.lot(5)}/activations", stamps), 404)
    assert refused(attempt("/v1/orders", {"product_id": owner.product, "quantity": 1}), 404)
    for act in ("voids", "revocations"):
        body = {"first": 1, "last": 1, "reason": "x"}
        assert refused(attempt(f"/v1/batches/{batch}/{act}", body), 403), act
    assert refused(attempt(f"/v1/orders/{order}/approvals", {}), 403)
    assert owner.ranges(batch) == [(1, 10, "delivered")]


def test_nobody_without_the_right_key_acts(sample: Running) -> None:
    """No key is 401, an auditor may read and not act, and a revoked key counts for nothing."""
    anonymous = sample.client("registry")
    assert refused(anonymous.get("/v1/batches"), 401, "key_missing")
    auditor = sample.client("registry", sample.make_key("registry", "auditor", "Thanh tra"))
    assert get(auditor, "/v1/audit", limit=5)["items"]
    assert refused(auditor.post("/v1/orders/any/approvals", json={}), 403, "role_not_allowed")
    listed = sample.tem("registry", "key", "list").splitlines()
    sample.tem("registry", "key", "revoke", next(r for r in listed if "Thanh tra" in r).split()[0])
    assert refused(auditor.get("/v1/batches"), 401, "key_not_valid")


@pytest.mark.parametrize("turn", [0, 1])
def test_every_worker_of_the_verifier_sees_an_act_within_a_second(
    sample: Running, turn: int
) -> None:
    """Whichever worker answers a scan, it knows a void one second after it was acknowledged."""
    maker = Maker(sample, f"Công nhân {turn}")
    batch = maker.delivered(2)
    address = maker.addresses(batch)[1]
    until(lambda: sample.scan(address)["verdict"] == "NOT_ACTIVATED")
    asleep = workers_of_verifier(sample)[turn]
    until(lambda: put_to_sleep(sample, asleep))
    try:
        post(maker.office, f"/v1/batches/{batch}/voids", {"first": 2, "last": 2, "reason": "mất"})
        acknowledged = time.monotonic()
        until(lambda: sample.scan(address)["verdict"] == "VOID")
        assert time.monotonic() - acknowledged < LIMIT_SECONDS
    finally:
        os.kill(asleep, signal.SIGCONT)


def workers_of_verifier(sample: Running) -> list[int]:
    """Its two workers: the children whose parent is a process of the verifier too."""
    pids = sample.children("verifier")
    workers = sorted(pid for pid in pids if int(status_of(pid)[1]) in pids)
    assert len(workers) == 2
    return workers


def status_of(pid: int) -> list[str]:
    """State, parent and more of a process (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def put_to_sleep(sample: Running, worker: int) -> bool:
    """Stop a worker, unless it is just then writing what both workers share."""
    os.kill(worker, signal.SIGSTOP)
    until(lambda: status_of(worker)[0] == "T")
    shared = sqlite3.connect(sample.data / "verifier" / "verifier.db", timeout=0)
    with contextlib.closing(shared):
        try:
            shared.execute("BEGIN IMMEDIATE").connection.rollback()
        except sqlite3.OperationalError:
            os.kill(worker, signal.SIGCONT)
            return False
    return True
