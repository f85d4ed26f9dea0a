"""A recall reaches every worker of a verifier and a chain, whatever became of the stamps."""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import plain_http
from tests.journey.acts import Maker, get, new_key, post
from tests.running import Running, running, until
from tests.verifier.receivers import Receiver

WORKERS = 2
ROUNDS = 20
DEADLINE_SECONDS = 30  # of one act on a busy machine; how fast it is, loadtests tell
NOTICE = {"kind": "mandatory", "ordered_by": "Sở Y tế (mẫu)", "reason_public": "histamin (mẫu)"}


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, part_of_sample: Path
) -> Iterator[Running]:
    """`tem up` with a part of the sample, in which lots of the past have closed; webhooks may lead
    to this machine."""
    settings = {"TEM_VERIFIER_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with running(tmp_path_factory.mktemp("recalls") / "data", settings) as started:
        started.tem("registry", "import", part_of_sample)
        yield started


def accepted_by(installation: Running, client: httpx.Client) -> int | None:
    """The verifier's worker at the other end of a client's only connection, by its sockets."""
    stream = client.get("/livez").extensions["network_stream"]
    port = stream.get_extra_info("client_addr")[1]
    far_end = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[2].endswith(f":{port:04X}") and fields[3] == "01"
    }
    for pid in installation.children("verifier"):
        with contextlib.suppress(OSError):
            held = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()}
            if held & {f"socket:[{inode}]" for inode in far_end}:
                return pid
    return None


@contextlib.contextmanager
def one_client_of_each_worker(installation: Running) -> Iterator[list[httpx.Client]]:
    """Connections kept open, one to each worker."""
    one = httpx.Limits(max_connections=1, keepalive_expiry=60)
    with contextlib.ExitStack() as stack:
        found: dict[int, httpx.Client] = {}

        def another() -> bool:
            client = plain_http.Client(
                base_url=installation.url("verifier"), limits=one, timeout=10
            )
            stack.enter_context(client)
            worker = accepted_by(installation, client)
            if worker is not None:
                found.setdefault(worker, client)
            return len(found) == WORKERS

        until(another, 30)
        assert os.getpid() not in found
        yield list(found.values())


def verdicts(clients: list[httpx.Client], paths: list[str]) -> list[list[str]]:
    """What each worker says of each stamp."""
    asked = {"Accept": "application/json"}
    return [[c.get(path, headers=asked).json()["verdict"] for path in paths] for c in clients]


def seconds_until(clients: list[httpx.Client], paths: list[str], wanted: list[str]) -> float:
    """How long it takes until every worker says what is wanted of every stamp."""
    begun = time.monotonic()
    until(lambda: verdicts(clients, paths) == [wanted] * len(clients), DEADLINE_SECONDS)
    return time.monotonic() - begun


def closed_lot(installation: Running) -> tuple[str, str]:
    """A lot of the past whose window has closed, and the address of one of its stamps."""
    office = installation.office()
    for lot in get(office, "/v1/lots", limit=500)["items"]:
        until_day = lot["info_expires_on"]
        if lot["recalled"] or not until_day or date.fromisoformat(until_day) >= date.today():
            continue
        for batch in get(office, "/v1/batches", limit=500)["items"]:
            ranges = get(office, f"/v1/batches/{batch['number']}")["ranges"]
            for one in ranges:
                if one.get("lot_id") == lot["lot_id"] and one["state"] == "activated":
                    address = installation.tem("issuer", "url", batch["number"], one["first"])
                    return lot["lot_id"], httpx.URL(address.strip()).path
    raise AssertionError("the part of the sample has no lot whose window has closed")


def listen(installation: Running, receiver: Receiver) -> str:
    """Have a receiver told from now on, and give the secret."""
    chain = installation.client("verifier", installation.make_key("verifier", "retailer", "Chuỗi"))
    secret: str = post(chain, "/v1/webhooks", {"url": receiver.url}, new_key())["secret"]
    return secret


def told_by_id(receiver: Receiver) -> dict[str, dict[str, Any]]:
    """The changes that were told, once each: what was sent and not noted is sent again."""
    return {one.headers["webhook-id"]: one.told["data"] for one in list(receiver.received)}


def test_every_worker_and_a_chain_know_of_each_recall(installation: Running) -> None:
    """Twenty recalls and lifts: each worker says RECALLED of activated, void and revoked stamps,
    and of a lot whose window closed long ago, soon after the act was acknowledged; a chain's
    webhook is told of each act, by whichever worker, twice if need be and never as another one."""
    maker = Maker(installation, "Sóng Lam")
    batch = maker.delivered(6)
    lot = maker.lot(6)
    maker.activate(lot, batch, 1, 6)
    void = {"first": 5, "last": 5, "reason": "rách"}
    post(maker.office, f"/v1/batches/{batch}/voids", void)
    revoked = {"first": 6, "last": 6, "reason": "QĐ 7"}
    post(maker.office, f"/v1/batches/{batch}/revocations", revoked)
    addresses = maker.addresses(batch)
    paths = [httpx.URL(addresses[i - 1]).path for i in (1, 5, 6)]
    old_lot, old_path = closed_lot(installation)
    quiet = ["OK", "VOID", "STAMP_REVOKED", "INFO_EXPIRED"]
    with Receiver() as receiver, one_client_of_each_worker(installation) as clients:
        seconds_until(clients, [*paths, old_path], quiet)
        secret, took = listen(installation, receiver), []
        for _ in range(ROUNDS):
            for path, body, wanted in (
                ("recall", NOTICE, ["RECALLED"] * 4),
                ("recall/lift", {}, quiet),
            ):
                for id in (old_lot, lot):
                    post(maker.office, f"/v1/lots/{id}/{path}", body, new_key())
                took.append(seconds_until(clients, [*paths, old_path], wanted))
        until(lambda: len(told_by_id(receiver)) >= 4 * ROUNDS)
    print(f"{len(took)} acts known after {max(took):.2f} s at the latest")
    told = sorted((one["seq"], one["lot_id"]) for one in told_by_id(receiver).values())
    assert [seq for seq, _ in told] == list(range(told[0][0], told[0][0] + 4 * ROUNDS))
    assert [id for _, id in told] == [old_lot, lot] * (2 * ROUNDS)
    assert all(one.is_signed(secret) for one in receiver.received)
