"""A small load generator: keep-alive connections in threads, every answer looked at."""

import http.client
import threading
import time
from dataclasses import dataclass
from itertools import cycle, islice


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked, and what every answer must contain."""

    host: str
    port: int
    paths: list[str]
    expected: bytes
    accept: str = "application/json"


def rate(load: Load, requests: int, connections: int = 4) -> float:
    """Answers per second. Raises RuntimeError on the first wrong answer."""
    failures: list[str] = []
    share = requests // connections

    def ask(first: int) -> None:
        connection = http.client.HTTPConnection(load.host, load.port, timeout=30)
        start = first * share % len(load.paths)
        for path in islice(cycle(load.paths[start:] + load.paths[:start]), share):
            connection.request("GET", path, headers={"Accept": load.accept})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200 or load.expected not in body:
                failures.append(f"{response.status} {body[:200]!r}")
                break
        connection.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"a wrong answer: {failures[0]}")
    return share * connections / (time.perf_counter() - began)
