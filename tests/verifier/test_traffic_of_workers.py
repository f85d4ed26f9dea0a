"""Two real workers behind one port with a real Valkey: sums, a kill -9, one limit for both."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select
from tests.conftest import SetClock
from tests.running import SAMPLE, Running, processes_of, running, tem, until
from tests.valkey import ValkeyServer

from tem.databases.database import open_engine, reading, sqlite_url
from tem.dates import parse_instant
from tem.http.web import Wiring
from tem.installation import Installation
from tem_verifier import settings, storage
from tem_verifier.app import build, open_index
from tem_verifier.rendering import Renderer
from tem_verifier.store import open_store
from tem_verifier.traffic import open_traffic

QUOTA, LOOK_UPS = 60, 200
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def codes(imported: Path) -> list[str]:
    """The printed paths of some stamps of the sample."""
    data = imported
    said = [tem(data, "issuer", "url", "HT-T0034", number).stdout for number in (3, 4, 5)]
    return ["/s/" + line.strip().rsplit("/", 1)[1] for line in said]


@pytest.fixture(scope="module")
def site(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The sample's services, their verifiers sharing by a Valkey behind a proxy on loopback."""
    data = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(imported, data)
    with ValkeyServer() as valkey:
        settings = {
            "TEM_VERIFIER_VALKEY_URL": valkey.url,
            "TEM_VERIFIER_RATE": f"{QUOTA}/hour",
        }
        with running(data, settings) as installation:
            yield installation


def counted(site: Running, index: int) -> int:
    engine = open_engine(sqlite_url(Installation.at(site.data).database("verifier")))
    c = storage.scan_day_table.c
    with reading(engine) as connection:
        query = select(func.coalesce(func.sum(c.count), 0)).where(c.index == index)
        found = connection.execute(query).scalar_one()
    engine.dispose()
    return int(found)


def ask(site: Running, path: str, times: int, client: str | None = None) -> list[int]:
    """Statuses of look-ups over many connections, so that both workers are asked."""
    headers = {"X-Forwarded-For": client} if client else {}
    host = site.url("verifier").removeprefix("http://")

    def one(_: int) -> int:
        with contextlib.closing(HTTPConnection(host, timeout=30)) as connection:
            connection.request("GET", path, headers=headers)
            return connection.getresponse().status

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(times)))


def workers(site: Running) -> set[int]:
    """The processes of the verifier that answer: all but gunicorn's master, the oldest."""
    pids = [pid for pid, line in processes_of(site.data).items() if "tem_verifier.app" in line]
    return set(sorted(pids)[1:])


def test_scans_of_two_workers_add_up(site: Running, codes: list[str]) -> None:
    """Scans over both workers are all in the database, once each, moments later."""
    assert set(ask(site, f"{codes[0]}/seen", LOOK_UPS)) == {200}
    until(lambda: counted(site, 3) >= LOOK_UPS)
    with httpx.Client(base_url=site.url("verifier"), headers={"Connection": "close"}) as client:
        metrics = client.get("/metrics").text
        assert "tem_verifier_valkey_up 1.0" in metrics
        # The note comes from another worker's counts too, whichever answers.
        until(lambda: client.get(codes[0], headers=JSON).json()["notes"] == ["MANY_SCANS"])
        for _ in range(6):
            assert client.get("/readyz").status_code == 200
    for line in metrics.splitlines():
        if line.startswith("tem_verifier_scans_lost_total"):
            assert float(line.split()[1]) == 0


def test_a_client_behind_a_proxy_has_one_quota_with_both_workers(
    site: Running, codes: list[str]
) -> None:
    """In a burst faster than an exchange each worker grants at most the quota; once they know of
    each other next to none. Another client and this machine itself are not concerned."""
    statuses = ask(site, codes[1], 3 * QUOTA, "198.51.100.7")
    assert QUOTA <= statuses.count(200) <= 2 * QUOTA
    # So many that both workers are among them; one that hears of the client only now grants some.
    until(lambda: set(ask(site, codes[1], 24, "198.51.100.7")) == {429})
    more = ask(site, codes[1], 12, "198.51.100.7")
    more += ask(site, codes[1], 12, "6.6.6.6, 198.51.100.7")
    assert more.count(200) <= 3, "a worker not asked before grants one, and an hour has its minutes"
    assert set(ask(site, codes[1], 6, "198.51.100.8")) == {200}
    assert set(ask(site, codes[1], 6)) == {200}


def test_a_worker_killed_loses_a_second_of_counts_at_most(site: Running, codes: list[str]) -> None:
    """kill -9 of a worker under scans: what was counted before stays, what it had not handed
    over goes with it, and the others go on; nothing is counted twice."""
    assert set(ask(site, f"{codes[2]}/seen", 100)) == {200}
    until(lambda: counted(site, 5) >= 100)
    victims = workers(site)
    assert victims
    os.kill(min(victims), signal.SIGKILL)
    done = 0
    for _ in range(30):
        try:
            done += ask(site, f"{codes[2]}/seen", 1) == [200]
        except (OSError, HTTPException):
            continue
    assert done
    until(lambda: counted(site, 5) > 100)
    assert counted(site, 5) <= 100 + 30


CASE = next(
    case
    for case in json.loads((SAMPLE / "stamp_cases.json").read_text("utf-8"))["stamp_cases"]
    if "MANY_SCANS" in case["expected_notes"]
)


def test_the_case_of_the_sample_that_was_scanned_often(
    imported: Path, tmp_path: Path, clock: SetClock
) -> None:
    """Scanned over HTTP as often as the sample says, the stamp gets the note it expects."""
    data = Path(shutil.copytree(imported, tmp_path / "data"))
    stamp, clock.now = CASE["stamp"], parse_instant(CASE["scanned_at"])
    printed = tem(data, "issuer", "url", stamp["batch_id"], stamp["serial"])
    path = "/s/" + printed.stdout.strip().rsplit("/", 1)[1]
    config = settings.read({}, Installation.at(data))
    with ExitStack() as opened:
        store = open_store(config)
        opened.callback(store.dispose)
        index = open_index(config, store, clock, Renderer(config.office_contact).fingerprint)
        opened.callback(index.source.dispose)
        traffic = open_traffic(config, store, clock)
        client = build(config, Wiring(store, clock), index, traffic).flask.test_client()
        assert client.get(path, headers=JSON).get_json()["notes"] == []
        for _ in range(CASE["context"]["scans_total"]):
            client.get(f"{path}/seen")
        assert traffic.scans.ship() == CASE["context"]["scans_total"]
        traffic.scans.refresh()
        answer = client.get(path, headers=JSON).get_json()
    assert answer["verdict"] == CASE["expected_verdict"]
    assert answer["notes"] == CASE["expected_notes"]
