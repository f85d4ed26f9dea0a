"""``make bench``: ratios measured in one run, printed and written to a file.

Absolute figures depend on the machine and on who else uses it; each row here compares two
things measured in turn, several times, and gives the median and the spread of the ratio.
"""

import argparse
import json
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from loadtests.generator import Load, rate
from loadtests.running import forged, genuine_codes, installation

from tem.process import dying_with_me

HOST, BASE_PORT = "127.0.0.1", 18300
REQUESTS, ROUNDS = 1200, 5
STAMPS = 200_000
MINT_LIMIT_SECONDS = 120  # a million stamps in two minutes on four cores


@dataclass(frozen=True, slots=True)
class Ratio:
    """One row: ``value`` is the median, ``spread`` the lowest and highest round."""

    name: str
    value: float
    target: float
    met: bool
    spread: tuple[float, float]


def ratio(name: str, target: float, ours: Callable[[], float], peer: Callable[[], float]) -> Ratio:
    """Measure both in turn, round by round."""
    rounds = sorted(ours() / peer() for _ in range(ROUNDS))
    value = statistics.median(rounds)
    return Ratio(name, round(value, 3), target, value >= target, (rounds[0], rounds[-1]))


@contextmanager
def server(app: str, environment: dict[str, str], log: int | None = None) -> Iterator[int]:
    """One gunicorn worker with eight threads; its port. What it logs goes to ``log``."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    command += ["--threads", "8", "--bind", f"{HOST}:{port}", "--log-level", "error", app]
    process = subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, preexec_fn=dying_with_me()
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://{HOST}:{port}/s/1")
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def look_ups(data: Path) -> list[Ratio]:
    """Look-ups of one worker against the plainest route, and forgeries against genuine codes."""
    chance = random.Random(1)
    environment = {**os.environ, "TEM_DATA": str(data), "TEM_VERIFIER_RATE": "0"}
    codes = genuine_codes(data, BASE_PORT, 80)
    with (
        server("tem_verifier.app:create_app()", environment) as ours,
        server("loadtests.peer:app", environment) as peer,
    ):
        good = [f"/s/{code}" for code in codes]
        bad = [f"/s/{forged(code, chance)}" for code in codes]

        def served(port: int, paths: list[str], expected: bytes, accept: str) -> float:
            return rate(Load(HOST, port, paths, expected, accept), REQUESTS)

        def json_rate() -> float:
            return served(ours, good, b'"verdict"', "application/json")

        def page_rate() -> float:
            return served(ours, good, b"</html>", "text/html")

        def forged_rate() -> float:
            return served(ours, bad, b'"UNKNOWN"', "application/json")

        def peer_rate() -> float:
            return served(peer, good, b'"OK"', "application/json")

        return [
            ratio("look-up as JSON / plain Flask route", 0.5, json_rate, peer_rate),
            ratio("look-up as page / plain Flask route", 0.25, page_rate, peer_rate),
            ratio("forged codes / genuine codes", 1.0, forged_rate, json_rate),
        ]


def measured(data: Path) -> list[Ratio]:
    """Every row, on one installation."""
    with installation(data, BASE_PORT):
        return [*look_ups(data), minting(data)]


def minting(data: Path) -> Ratio:
    """Stamps signed, verified and released per second, against the limit stated for 4 cores."""
    issuer = f"http://{HOST}:{BASE_PORT + 1}"
    allowed = 1_000_000 / MINT_LIMIT_SECONDS * min(4, len(os.sched_getaffinity(0))) / 4
    key = (data / "keys" / "issuer-service.key").read_text().strip()
    client = httpx.Client(base_url=issuer, headers={"Authorization": f"Bearer {key}"})
    rounds = sorted(_issue(client, n) / allowed for n in range(3))
    value = statistics.median(rounds)
    name = f"stamps issued per second / limit ({STAMPS:,} a batch)"
    return Ratio(name, round(value, 3), 1.0, value >= 1.0, (rounds[0], rounds[-1]))


def _issue(client: httpx.Client, round_: int) -> float:
    body = {"product_id": "HT-SP001", "producer_id": f"BENCH-{round_}", "quantity": STAMPS}
    headers = {"Idempotency-Key": f"bench-{time.time()}"}
    began = time.perf_counter()
    number = client.post("/v1/batches", json=body, headers=headers).json()["number"]
    while client.get(f"/v1/batches/{number}").json()["state"] != "released":
        time.sleep(0.1)
    return STAMPS / (time.perf_counter() - began)


def main() -> int:
    """Measure, print, write; status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=options.out.parent))
    try:
        ratios = measured(folder)
    finally:
        shutil.rmtree(folder)
    machine = {
        "cores": len(os.sched_getaffinity(0)),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
    }
    results = {"machine": machine, "ratios": [asdict(row) for row in ratios]}
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    for row in ratios:
        low, high = row.spread
        met = "met" if row.met else "MISSED"
        print(f"{row.value:8.3f}  target {row.target:<5} {met:6}  {low:.3f}-{high:.3f}  {row.name}")
    return 0 if all(row.met for row in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
