"""Stamps signed, read back, verified and released in a second, against the limit that is stated."""

import os
import sys
import time
from pathlib import Path

import httpx
from loadtests.ratios import Ratio, at_least, short
from loadtests.started import HOST, installation, started

BASE_PORT = 18300
RELEASE_SECONDS = 60.0  # no batch of a round may take longer
LIMIT_SECONDS = 120  # a million stamps in two minutes on four cores
ROUNDS = 3


def row(data: Path, stamps: int) -> Ratio:
    """An issuer of a `tem up`, on all cores, as it is used."""
    cores = frozenset(os.sched_getaffinity(0))
    allowed = 1_000_000 / LIMIT_SECONDS * min(4, len(cores)) / 4
    command = [sys.executable, "-m", "tem", "up", "--data", str(data)]
    command += ["--base-port", str(BASE_PORT)]
    log, there = data.with_suffix(".log"), installation(data)
    with started(command, BASE_PORT + 1, cores, log, there, "/readyz") as issuer:
        key = (data / "keys" / "issuer-service.key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"http://{HOST}:{issuer.port}", headers=headers) as client:
            rates = [_issued(client, turn, stamps) for turn in range(ROUNDS)]
    return at_least(
        f"stamps issued per second / limit ({stamps:,} a batch)",
        1.0,
        [rate / allowed for rate in rates],
        measured={"a second": short(sorted(rates)[ROUNDS // 2])},
    )


def _issued(client: httpx.Client, turn: int, stamps: int) -> float:
    body = {"product_id": "HT-SP001", "producer_id": f"BENCH-{turn}", "quantity": stamps}
    headers = {"Idempotency-Key": f"bench-{turn}"}
    began = time.perf_counter()
    asked = client.post("/v1/batches", json=body, headers=headers).raise_for_status()
    number = asked.json()["number"]
    while (state := client.get(f"/v1/batches/{number}").json()["state"]) != "released":
        if state == "failed" or time.perf_counter() - began > RELEASE_SECONDS:
            raise RuntimeError(f"the batch is {state} and not released")
        time.sleep(0.05)
    return stamps / (time.perf_counter() - began)
