"""What all users of one locust process share: the registry they stand in, and what was seen.

``TEM_LOAD`` names a file that ``make load`` writes for each process.
"""

import json
import os
import random
import resource
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from loadtests import locust_checks
from loadtests.locust_samples import OVERLOADED, Samples, masked
from loadtests.locust_stamps import Stamp, Stock, popularity
from loadtests.seed_codes import Seed
from locust import events

from tem.clock import system_clock
from tem.dates import vietnam_day

TEXTS = Path(__file__).parents[1] / "services" / "verifier" / "tem_verifier" / "texts.json"
MIDNIGHT = timedelta(seconds=60)  # so long both days' answers are right
# How often people hold a stamp of each kind in their hands.
KINDS = {
    "OK": 80,
    "NOT_ACTIVATED": 5,
    "PAST_DATE": 4,
    "RECALLED": 3,
    "INFO_EXPIRED": 3,
    "VOID": 3,
    "STAMP_REVOKED": 2,
}


@dataclass(frozen=True)
class Told:
    """What ``make load`` tells a process. ``share`` is its number and how many there are."""

    folder: Path
    seeded: date
    registry: str
    verifier: str
    office: str
    retailers: list[str]
    producers: list[tuple[int, str]]
    all_producers: int
    share: tuple[int, int]
    samples: Path

    @classmethod
    def read(cls, path: Path) -> "Told":
        """From the file."""
        kept = json.loads(path.read_text())
        for name in ("folder", "samples"):
            kept[name] = Path(kept[name])
        kept["seeded"] = date.fromisoformat(kept["seeded"])
        return cls(**kept)


TOLD = Told.read(Path(os.environ["TEM_LOAD"]))
SEED = Seed.read(TOLD.folder)
STOCK = Stock(SEED.plan, TOLD.seeded, TOLD.all_producers)
SAMPLES = Samples()
CHANCE = random.Random(TOLD.share[0])
_WORDS = json.loads(TEXTS.read_text("utf-8"))
TITLES = {lang: locust_checks.titles(_WORDS, lang) for lang in ("vi", "en")}
JSON = {"Accept": "application/json"}
_KINDS = [kind for kind in KINDS if kind in STOCK.pools]


@lru_cache(maxsize=50_000)
def code(batch: int, index: int) -> str:
    """The digits on a stamp."""
    return SEED.code(batch, index)


def any_stamp() -> Stamp:
    """A stamp as people hold it: mostly activated, some far more popular than others."""
    [kind] = CHANCE.choices(_KINDS, [KINDS[kind] for kind in _KINDS])
    return STOCK.stamp(kind, popularity(CHANCE))


def verdicts(stamp: Stamp) -> set[str]:
    """What a stamp may be answered now; two around midnight."""
    now = system_clock()
    return {stamp.verdict(vietnam_day(then)) for then in (now, now - MIDNIGHT)}


def wrong_answer(answer: Any, stamp: Stamp | None, allowed: Collection[str]) -> str | None:
    """What is wrong with a look-up's JSON."""
    found = locust_checks.wrong_answer(answer, stamp, allowed, vietnam_day(system_clock()))
    if found is None and answer["notes"]:
        SAMPLES.notes.update(answer["notes"])
    return found


def judge(response: Any, status: int, wrong: Callable[[], str | None]) -> bool:
    """Whether a request succeeded: with this status, and nothing wrong with its body."""
    told = wrong() if response.status_code == status else _refused(response)
    if told is None:
        response.success()
    else:
        response.failure(masked(told))
    return told is None


def _refused(response: Any) -> str:
    """What is wrong with an answer of another status, or that there was none."""
    if response.status_code == 0:
        return f"no answer: {response.error!r}"
    body = response.text or ""
    if locust_checks.is_shed(response.status_code, response.headers.get("Retry-After"), body):
        return OVERLOADED
    return f"status {response.status_code}: {body[:200]}"


@events.request.add_listener
def _keep(**request: Any) -> None:
    error, context = request["exception"], request["context"]
    told = None if error is None else str(error) or type(error).__name__
    verdict = context.get("verdict", "")
    SAMPLES.request(request["name"], verdict, request["response_time"] or 0.0, told)


@events.user_error.add_listener
def _broke(**error: Any) -> None:
    SAMPLES.fault(type(error["user_instance"]).__name__, f"user broke: {error['exception']!r}")


@events.quit.add_listener
def _write(**_: Any) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    SAMPLES.write(TOLD.samples, processor_seconds=used.ru_utime + used.ru_stime)
