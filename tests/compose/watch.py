"""Shoppers who go on scanning while things fail: what they are told, and how late."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

PAUSE = 1.0  # between two rounds of one shopper: all count as one address, and are limited
SLOW_SECONDS = 5.0
SHOPPERS = 2


class Watch:
    """Scans of stamps whose verdict does not change, in threads, for as long as a block lasts."""

    def __init__(self, public: str, verdicts: Mapping[str, str]) -> None:
        self._expected = {f"{public}{urlsplit(url).path}": said for url, said in verdicts.items()}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._scan) for _ in range(SHOPPERS)]
        self.seconds: list[float] = []
        self.faults: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _scan(self) -> None:
        while not self._stop.wait(PAUSE):
            for url, expected in self._expected.items():
                started = time.monotonic()
                said = _verdict(url)
                late = time.monotonic() - started
                self.seconds.append(late)
                if said != expected or late > SLOW_SECONDS:
                    at = time.strftime("%H:%M:%S")
                    self.faults.append(f"{at} {said} in {late:.2f} s, expected {expected}")

    def told(self) -> str:
        """In a line: how many scans, and how late the latest answers were."""
        ranked = sorted(self.seconds)
        late = ranked[int(len(ranked) * 0.99)]
        return (
            f"{len(ranked)} scans meanwhile: {len(self.faults)} faults, "
            f"99 % within {late * 1000:.0f} ms, the slowest {ranked[-1] * 1000:.0f} ms"
        )

    def require_no_fault(self) -> None:
        """Every scan was answered, rightly and in time."""
        assert not self.faults, f"{len(self.faults)} faults: " + "; ".join(self.faults[:10])


def _verdict(url: str) -> Any:
    """The verdict, or what came in its place."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.loads(answer.read())["verdict"]
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.read()[:80]!r}"
    except OSError as error:
        return type(error).__name__
