"""The locust processes of a load test: each with its share of the users, none a master, so that
nothing of theirs listens."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests import load_services
from loadtests.load_services import Service

from tem.process import dying_with_me

ROOT = Path(__file__).parents[1]
RETAILERS = 4  # keys that the retailers among the users share
FINISH_SECONDS, LATE_SECONDS = 12, 30
Json = dict[str, Any]
Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Users:
    """``public`` shoppers and retailers and so many ``producers``, for some seconds; the office
    comes with each process."""

    public: int
    producers: int
    seconds: int


def run(users: Users, processes: int, folder: Path, services: tuple[Service, Service]) -> Json:
    """Let everybody loose on registry and verifier of ``folder``/data.

    Gives the ``samples`` of each process, how many are ``missing``, whether Ctrl-C ``cut_short``
    the run, its ``seconds``, and the ``processor`` seconds of each service.
    """
    data = folder / "data"
    before = [one.processor_seconds() for one in services]
    began, cut_short = time.monotonic(), False
    with contextlib.ExitStack() as stack:
        started = []
        for number, told in enumerate(_told(users, processes, data, *services)):
            log = folder / f"locust-{number}.log"
            started.append(stack.enter_context(_locust(users, processes, told, log)))
        try:
            _wait(started, users.seconds + FINISH_SECONDS + LATE_SECONDS)
        except KeyboardInterrupt:
            cut_short = True
    samples = [json.loads(file.read_text()) for file in sorted(data.glob("samples-*.json"))]
    used = zip(services, before, strict=True)
    return {
        "samples": samples,
        "missing": processes - len(samples),
        "cut_short": cut_short,
        "seconds": time.monotonic() - began,
        "processor": {one.name: one.processor_seconds() - then for one, then in used},
    }


def _told(
    users: Users, processes: int, data: Path, registry: Service, verifier: Service
) -> Iterator[Path]:
    """A file for each process that says where it is and who its users are."""
    keys = load_services.producers_keys(data, users.producers)
    everybody = {
        "folder": str(data),
        "seeded": load_services.seeded_on(data).isoformat(),
        "registry": registry.url,
        "verifier": verifier.url,
        "office": load_services.office_key(data),
        "retailers": load_services.retailers_keys(data, RETAILERS),
        "all_producers": users.producers,
    }
    for number in range(processes):
        file = data / f"locust-{number}.json"
        own: Json = {"producers": keys[number::processes], "share": [number, processes]}
        own["samples"] = str(data / f"samples-{number}.json")
        file.write_text(json.dumps({**everybody, **own}))
        yield file


@contextlib.contextmanager
def _locust(users: Users, processes: int, told: Path, log: Path) -> Iterator[Process]:
    """One process, ended with the block."""
    count = -(-users.public // processes) + -(-users.producers // processes) + 1
    command = [
        *(sys.executable, "-m", "locust", "--locustfile", "loadtests/locustfile.py"),
        *("--headless", "--users", str(count), "--spawn-rate", str(max(10, count // 3))),
        *("--run-time", f"{users.seconds}s", "--stop-timeout", str(FINISH_SECONDS)),
        *("--only-summary", "--exit-code-on-error", "0"),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "TEM_LOAD": str(told)},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=dying_with_me(),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        load_services.end(process, FINISH_SECONDS + 5)


def _wait(processes: list[Process], seconds: float) -> None:
    """Until all have ended by themselves, or it is too late."""
    deadline = time.monotonic() + seconds
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
