"""Processes killed with -9 while they work: nothing acknowledged is lost, nothing happens twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests import plain_http
from tests.journey.acts import Maker, get, insist, post
from tests.running import Running, environment, processes_of, running, tem, until
from tests.trade import Json

from tem.databases.database import open_engine, reading, sqlite_url
from tem.installation import Installation
from tem.process import die_with_parent
from tem_registry.reports import statistics


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An installation to be broken again and again; at the end every invariant must hold."""
    with running(tmp_path_factory.mktemp("fragile") / "data") as installation:
        yield installation
        assert "every invariant holds" in installation.tem("fsck")


def test_no_acknowledged_activation_is_lost_or_doubled(fragile: Running) -> None:
    """Clients that retry activate 60 ranges while the registry is killed four times: each is
    there exactly once, and its acknowledgement can be had again."""
    maker = Maker(fragile, "Bền")
    batch, lot = maker.delivered(600), maker.lot(600)
    url = f"{fragile.url('registry')}/v1/lots/{lot}/activations"
    key = maker.client.headers["Authorization"]
    acknowledged: list[Json] = []

    def activate(first: int) -> None:
        acknowledged.append(insist(key, url, {"batch": batch, "first": first, "last": first + 9}))

    with ThreadPoolExecutor(4) as clients:
        sent = [clients.submit(activate, first) for first in range(1, 600, 10)]
        for kills in range(4):
            until(lambda kills=kills: len(acknowledged) >= 10 * kills + 3, 60)
            until(lambda: fragile.children("registry"))
            fragile.kill9("registry")
        for one in sent:
            one.result()
    assert sorted(done["first"] for done in acknowledged) == list(range(1, 600, 10))
    assert maker.ranges(batch) == [(1, 600, "activated")]
    assert get(maker.client, f"/v1/lots/{lot}")["stamps_activated"] == 600
    entries = get(maker.office, "/v1/audit", object=f"lot:{lot}", limit=500)["items"]
    assert sum(entry["action"] == "stamps.activated" for entry in entries) == 60
    for done in acknowledged[::20]:
        again = {name: done[name] for name in ("batch", "first", "last")}
        path = f"/v1/lots/{lot}/activations"
        assert {**post(maker.client, path, again, done["key"]), "key": done["key"]} == done


def test_orders_in_flight_are_issued_once_whoever_is_killed(fragile: Running) -> None:
    """Issuer, signer, follower and verifier die while orders run: each order ends issued, with
    one batch of its own, and its stamps are known to the verifier."""
    maker = Maker(fragile, "Kiên")
    orders = [maker.order(4000 + extra) for extra in range(6)]
    for victim in ("signer", "issuer", "follower", "signer", "verifier"):
        until(lambda victim=victim: fragile.children(victim))
        fragile.kill9(victim)
        orders.append(maker.order(500))
    batches = [maker.issued(order, 90) for order in orders]
    assert len(set(batches)) == len(orders)
    until(lambda: plain_http.get(f"{fragile.url('issuer')}/readyz").status_code == 200)
    listed = get(maker.issuer, "/v1/batches", limit=100)["items"]
    mine = {(one["number"], one["reference"]) for one in listed if one["producer_id"] == maker.id}
    assert mine == set(zip(batches, orders, strict=True))
    until(lambda: plain_http.get(f"{fragile.url('verifier')}/readyz").status_code == 200)
    for batch in (batches[0], batches[-1]):
        until(
            lambda batch=batch: (
                fragile.scan(maker.addresses(batch)[-1])["verdict"] == "NOT_ACTIVATED"
            )
        )


def test_killing_tem_up_leaves_nothing_behind_and_the_next_start_goes_on(fragile: Running) -> None:
    """kill -9 of `tem up` takes every process along; started again, it finishes the order."""
    maker = Maker(fragile, "Dũng")
    order = maker.order(20_000)
    path = f"/v1/orders/{order}"
    until(lambda: get(maker.client, path)["batch"])
    fragile.kill()
    until(lambda: processes_of(fragile.data) == {}, 5)
    fragile.start()
    batch = maker.issued(order, 60)
    assert get(maker.issuer, f"/v1/batches/{batch}")["signed"] == 20_000


def start_import(data: Path, folder: Path) -> "subprocess.Popen[str]":
    """An import in a process of its own, telling its steps on standard error."""
    return subprocess.Popen(
        [sys.executable, "-m", "tem", "registry", "import", str(folder)],
        env=environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )


def killed_at(data: Path, folder: Path, step: str) -> None:
    """Start an import and kill it with -9 as soon as it tells of a step."""
    begun = start_import(data, folder)
    assert begun.stderr is not None
    told = next((line for line in begun.stderr if step in line), "")
    begun.kill()
    begun.stderr.close()
    begun.wait()
    assert step in told, "the import ended before this step"


def imported(data: Path, folder: Path) -> str:
    """What an import that must take everything over says."""
    done = tem(data, "registry", "import", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counted(folder: Path) -> tuple[int, int]:
    """Stamps issued and activated, by the files of a folder."""
    ranges = [part for lot in rows(folder, "lots") for part in lot["stamp_ranges"]]
    return (
        sum(row["quantity"] for row in rows(folder, "stamp_batches")),
        sum(part["to"] - part["from"] + 1 for part in ranges),
    )


def rows(folder: Path, file: str) -> list[Json]:
    """The rows of one file."""
    found: list[Json] = json.loads((folder / f"{file}.json").read_text("utf-8"))[file]
    return found


STEPS = ("certificates", "orders of batches", "batches delivered")


def taken_over(data: Path, folder: Path) -> tuple[int, int]:
    """Stamps issued and activated of the batches that a folder names."""
    named = {row["batch_id"] for row in rows(folder, "stamp_batches")}
    engine = open_engine(sqlite_url(Installation(data).database("registry")))
    with reading(engine) as connection:
        shown = statistics.count(connection, "batch")["rows"]
    engine.dispose()
    mine = [row for row in shown if row["key"] in named]
    return sum(row["quantity"] for row in mine), sum(row["activated"] for row in mine)


def test_an_import_killed_beside_tem_up_goes_on(fragile: Running, part_of_sample: Path) -> None:
    """Killed with -9 three times while the services run, it ends with what the files say, once;
    a run after that changes nothing, and the services were not disturbed."""
    before = fragile.children("issuer")
    for step in STEPS:
        killed_at(fragile.data, part_of_sample, step)
    imported(fragile.data, part_of_sample)
    assert "added: nothing" in imported(fragile.data, part_of_sample)
    assert taken_over(fragile.data, part_of_sample) == counted(part_of_sample)
    assert fragile.children("issuer") == before


def test_an_import_killed_by_itself_goes_on(tmp_path: Path, part_of_sample: Path) -> None:
    """The same where nothing runs: what each import had started dies with it."""
    data = tmp_path / "data"
    for step in STEPS:
        killed_at(data, part_of_sample, step)
        until(lambda: processes_of(data) == {}, 30)
    imported(data, part_of_sample)
    assert "added: nothing" in imported(data, part_of_sample)
    assert taken_over(data, part_of_sample) == counted(part_of_sample)
    assert "every invariant holds" in tem(data, "fsck").stdout
