"""``python -m loadtests.bulk_speed FOLDER KEY``: lists and files of codes on one worker.

FOLDER is an installation that ``loadtests.seed`` made, KEY a retailer's key of it. Printed are
codes a second of lists without a key and with it, what a worker's memory grows by while it answers
a file of 100,000 lines, and how long look-ups take beside it.
"""

import argparse
import http.client
import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from loadtests.ratios import percentile
from loadtests.seed_codes import Seed
from loadtests.started import HOST, Started, service

LIST, LISTS, LINES = 1000, 20, 100_000
BETWEEN = 0.01  # seconds between two look-ups
PATH = "/v1/verifications"
Headers = dict[str, str]


def list_speed(server: Started, codes: list[str], key: Headers) -> str:
    """Codes a second, one list after the other, and the worker's processor time for a code, which
    other users of the machine disturb less."""
    link = http.client.HTTPConnection(HOST, server.port, timeout=60)
    body, headers = json.dumps({"codes": codes[:LIST]}), {"Content-Type": "application/json", **key}
    taken, used = [], processor_seconds(server)
    for _ in range(LISTS):
        began = time.perf_counter()
        link.request("POST", PATH, body, headers)
        answer = link.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a list was answered {answer.status}")
        taken.append(time.perf_counter() - began)
    each = (processor_seconds(server) - used) / (LIST * LISTS) * 1e6
    return f"{LIST / sorted(taken)[LISTS // 2]:,.0f} codes/s, {each:.0f} µs of processor a code"


def processor_seconds(server: Started) -> float:
    """What the worker has used."""
    told = Path(f"/proc/{server.workers()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def memory(server: Started) -> int:
    """kB of the worker that are its own and in memory."""
    told = Path(f"/proc/{server.workers()[0]}/smaps_rollup").read_text()
    return sum(
        int(line.split()[1])
        for line in told.splitlines()
        if line.startswith(("Private_Clean:", "Private_Dirty:"))
    )


def looked_up(server: Started, codes: list[str], over: threading.Event) -> list[float]:
    """Seconds that look-ups took, at a steady pace until told to stop."""
    link, chance, taken = http.client.HTTPConnection(HOST, server.port), random.Random(1), []
    while not over.wait(BETWEEN):
        began = time.perf_counter()
        link.request("GET", f"/s/{chance.choice(codes)}", headers={"Accept": "application/json"})
        link.getresponse().read()
        taken.append(time.perf_counter() - began)
    return taken


def file_of(codes: list[str], kind: str) -> bytes:
    """A file of :data:`LINES` codes."""
    wanted = (codes[n % len(codes)] for n in range(LINES))
    if kind == "text/csv":
        return b"code\n" + "".join(f"{code}\n" for code in wanted).encode()
    return "".join(f'"{code}"\n' for code in wanted).encode()


def streamed(server: Started, file: bytes, headers: Headers) -> Iterator[bytes]:
    """The pieces of a file's answer."""
    link = http.client.HTTPConnection(HOST, server.port, timeout=120)
    link.request("POST", PATH, file, headers)
    answer = link.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"a file was answered {answer.status}: {answer.read(500)!r}")
    while piece := answer.read1(65536):
        yield piece


def stream_speed(server: Started, codes: list[str], kind: str, key: Headers) -> str:
    """Lines a second of a file, the worker's memory and the look-ups beside it."""
    over, waits = threading.Event(), list[float]()
    beside = threading.Thread(target=lambda: waits.extend(looked_up(server, codes, over)))
    file, before = file_of(codes, kind), memory(server)
    most, size, last = before, 0, b""
    beside.start()
    began = time.perf_counter()
    for count, piece in enumerate(streamed(server, file, {"Content-Type": kind, **key})):
        size, last = size + len(piece), (last + piece)[-200:]
        if count % 50 == 0:
            most = max(most, memory(server))
    taken = time.perf_counter() - began
    over.set()
    beside.join()
    end = last.strip().rsplit(b"\n", 1)[-1].decode()
    return (
        f"{kind}: {LINES / taken:,.0f} lines/s, {len(file) / 1e6:.0f} MB in, {size / 1e6:.0f} MB "
        f"out, memory {before / 1024:.1f} -> at most {most / 1024:.1f} MiB; look-ups beside it "
        f"p50 {percentile(waits, 0.5) * 1000:.2f} p99 {percentile(waits, 0.99) * 1000:.2f} ms "
        f"of {len(waits)}; {end}"
    )


def alone(server: Started, codes: list[str]) -> str:
    """Look-ups with nothing beside them."""
    over, waits = threading.Event(), list[float]()
    thread = threading.Thread(target=lambda: waits.extend(looked_up(server, codes, over)))
    thread.start()
    time.sleep(5)
    over.set()
    thread.join()
    p50, p99 = (percentile(waits, share) * 1000 for share in (0.5, 0.99))
    return f"look-ups alone: p50 {p50:.2f} p99 {p99:.2f} ms of {len(waits)}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bulk_speed", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("key")
    parser.add_argument("--lists-only", action="store_true")
    given = parser.parse_args()
    seed, chance = Seed.read(given.folder), random.Random(3)
    plan = seed.plan
    codes = [
        seed.code(chance.randint(1, plan.batches), chance.randint(1, plan.quantity))
        for _ in range(5000)
    ]
    key = {"Authorization": f"Bearer {given.key}"}
    with service("verifier", given.folder, frozenset({0}), 1) as server:
        print(f"lists without a key: {list_speed(server, codes, {})}")
        if given.lists_only:
            return 0
        print(f"lists with a key: {list_speed(server, codes, key)}")
        print(alone(server, codes))
        for kind in ("application/x-ndjson", "text/csv"):
            print(stream_speed(server, codes, kind, key), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
