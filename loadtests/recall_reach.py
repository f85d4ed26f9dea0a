"""How soon a recall reaches tills: ``python -m loadtests.recall_reach [--samples 200]``.

An installation as ``tem up`` makes it, with the sample data; a receiver of webhooks on loopback
that checks every signature; recalls and their ends, one after the other, through the registry's
calls. Seconds count from sending the recall, so that its own commit is in them. Then the same for
the feed, waited for, and for the next offline pack.
"""

import argparse
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from loadtests.running import installation

LIMIT = 120.0
LOOK_SECONDS = 0.5  # of the sender: an act must not come always at the same moment of its round
_MAKE_KEY = ("verifier", "key", "create", "--role", "retailer", "--name", "Measured")
NOTICE = {"kind": "mandatory", "ordered_by": "Sở Y tế", "reason_public": "đo thời gian"}


class Receiver:
    """A chain's receiver: when each change arrived, by its number."""

    def __init__(self) -> None:
        self.secret, self.arrived = "", dict[int, float]()
        outer, self._come = self, threading.Condition()

        class Asked(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                now = time.monotonic()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204 if outer.believes(self.headers, body) else 401)
                self.end_headers()
                with outer._come:
                    outer.arrived[json.loads(body)["data"]["seq"]] = now
                    outer._come.notify_all()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def believes(self, headers: Any, body: bytes) -> bool:
        """Whether a message is signed with our secret."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        made = hmac.digest(b64decode(self.secret[6:]), signed, hashlib.sha256)
        return f"v1,{b64encode(made).decode()}" in headers["webhook-signature"].split()

    def when(self, seq: int) -> float:
        """When a change arrived. Raises RuntimeError if it does not."""
        with self._come:
            if not self._come.wait_for(lambda: seq in self.arrived, LIMIT):
                raise RuntimeError(f"change {seq} did not arrive within {LIMIT} s")
            return self.arrived[seq]


class Site:
    """The running installation, as the office and a chain call it."""

    def __init__(self, data: Path, base_port: int) -> None:
        office = (data / "keys" / "registry-office.key").read_text().strip()
        till = subprocess.run(
            [sys.executable, "-m", "tem", *_MAKE_KEY, "--data", str(data)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()[-1]
        self.registry = _client(base_port + 2, office)
        self.verifier = _client(base_port + 3, till)
        page = self.registry.get("/v1/lots", params={"limit": 100, "recalled": False})
        self._lots = [one["lot_id"] for one in page.json()["items"] if one["stamps_activated"]]
        self._acts = 0

    def act(self) -> float:
        """Recall a lot, or lift the recall before; when it was sent."""
        lot, ends = self._lots[self._acts // 2 % len(self._lots)], self._acts % 2
        self._acts += 1
        time.sleep(random.uniform(0, 2 * LOOK_SECONDS))
        began = time.monotonic()
        done = self.registry.post(
            f"/v1/lots/{lot}/recall{'/lift' if ends else ''}",
            json={"reason": "đo"} if ends else NOTICE,
            headers={"Idempotency-Key": f"reach-{self._acts}"},
        )
        done.raise_for_status()
        return began

    def newest(self) -> int:
        """The number of the newest change."""
        after = 0
        while True:
            page = self.verifier.get("/v1/changes", params={"after": after, "limit": 1000}).json()
            after = page["next"]
            if not page["more"]:
                return int(after)


def _client(port: int, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30)


def webhooks(site: Site, samples: int) -> Iterator[float]:
    """Seconds until the receiver has a change."""
    receiver = Receiver()
    made = site.verifier.post("/v1/webhooks", json={"url": receiver.url})
    made.raise_for_status()
    receiver.secret = made.json()["secret"]
    seq = site.newest()
    for _ in range(samples):
        seq += 1
        began = site.act()
        yield receiver.when(seq) - began
    time.sleep(1)  # what was taken last is noted after its answer
    shown = site.verifier.get(f"/v1/webhooks/{made.json()['id']}").json()
    if shown["failures"] or shown["waiting"]:
        raise RuntimeError(f"not all was taken: {shown}")


def feed(site: Site, samples: int) -> Iterator[float]:
    """Seconds until somebody who waits at the feed has it."""
    after = site.newest()
    for _ in range(samples):
        told: list[float] = []

        def wait(after: int = after, told: list[float] = told) -> None:
            with httpx.Client(base_url=site.verifier.base_url, timeout=30) as client:
                while not told:
                    page = client.get("/v1/changes", params={"after": after, "wait": 20}).json()
                    told.extend([time.monotonic()] if page["changes"] else [])

        waiter = threading.Thread(target=wait, daemon=True)
        waiter.start()
        time.sleep(0.2)
        began = site.act()
        waiter.join(LIMIT)
        yield told[0] - began
        after += 1


def packs(site: Site, samples: int) -> Iterator[float]:
    """Seconds until the pack that is handed out has another sequence, and knows the change."""
    seq = site.newest()
    for _ in range(samples):
        seq += 1
        began = site.act()
        while _event_of_pack(site) < seq:
            if time.monotonic() - began > LIMIT:
                raise RuntimeError(f"no pack with change {seq} within {LIMIT} s")
            time.sleep(0.1)
        yield time.monotonic() - began


def _event_of_pack(site: Site) -> int:
    """The newest change that the newest pack contains; frames as docs/offline-packs.md has them."""
    pack = site.verifier.get("/v1/packs/latest").content
    at, event = 0, -1
    while pack[at : at + 8] == b"TEMPACK1":
        at += 8
        parts = []
        for signature in (64, 64, 0):
            length = int.from_bytes(pack[at : at + 4], "big")
            parts.append(pack[at + 4 : at + 4 + length])
            at += 4 + length + signature
        event = int(json.loads(parts[0])["event"])
    return event


def _row(name: str, wanted: float, times: list[float]) -> str:
    p99 = quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
    told = " | ".join(f"{one:.2f} s" for one in (median(times), p99, max(times)))
    return f"| {name} | {len(times)} | {told} | {wanted:.0f} s |"


@contextmanager
def _site(base_port: int) -> Iterator[Site]:
    os.environ["TEM_VERIFIER_WEBHOOK_NETWORKS"] = "127.0.0.0/8"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with installation(data, base_port):
            yield Site(data, base_port)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--base-port", type=int, default=32100)
    parser.add_argument("--pack-samples", type=int, default=10)
    given = parser.parse_args()
    ways: tuple[tuple[str, float, Callable[[Site, int], Iterator[float]], int], ...] = (
        ("webhook", 5, webhooks, given.samples),
        ("feed, waited for", 5, feed, given.samples // 4),
        ("next pack", 60, packs, given.pack_samples),
    )
    print("| recall → | samples | median | p99 | worst | wanted |")
    print("| --- | --- | --- | --- | --- | --- |")
    with _site(given.base_port) as site:
        for name, wanted, way, samples in ways:
            if samples:
                print(_row(name, wanted, list(way(site, samples))), flush=True)


if __name__ == "__main__":
    main()
