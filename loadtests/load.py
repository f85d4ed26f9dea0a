"""``make load``: everybody at once at a large registry on this machine, every answer checked.

Seeds a registry, starts registry and verifier on loopback, and lets locust play shoppers (a
long-tailed choice of stamps; genuine, forged, recalled, past their date, not activated, void;
page and beacon like a browser), retailers (up to 1,000 codes a call), producers (lots,
activations, retries) and the office (recalls and lifts). Writes FOLDER/report.html and
report.json. Exit status: 0 all was right, 1 something was wrong, 130 after Ctrl-C, which still
writes a report. It measures behaviour under a mixed load; the limit of the verifier is what
``make bench`` measures, for locust itself is the bottleneck above a few thousand requests a
second.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from loadtests import (
    load_locust,
    load_report,
    load_report_page,
    load_report_text,
    load_services,
)
from loadtests.load_locust import Users
from loadtests.measured import machine
from loadtests.seed import seed_registry
from loadtests.seed_plan import Plan

from tem.process import LockHeld, hold_lock
from tem.serve import WORKERS

VERSIONS = ("tem", "locust", "gunicorn", "uvloop", "httptools", "flask", "sqlalchemy")
INTERRUPTED = 130
Json = dict[str, Any]


def main() -> int:
    """Seed, start, load, report."""
    given = _options()
    folder: Path = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = hold_lock(folder / "load.lock")
    except LockHeld:
        print(f"Another load test runs in {folder}: wait for it, or name another --folder.")
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    try:
        return _run(given, folder, data)
    except KeyboardInterrupt:
        return INTERRUPTED
    except RuntimeError as error:  # a service that did not start
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(data, ignore_errors=True)
        os.close(lock)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def number(name: str, default: int, least: int, most: int, told: str) -> None:
        def within(text: str) -> int:
            if not least <= int(text) <= most:
                raise argparse.ArgumentTypeError(f"from {least:,} to {most:,}, not {text}")
            return int(text)

        parser.add_argument(name, type=within, default=default, help=f"{told} ({default:,})")

    number("--ranges", 300_000, 1_500, 3_000_000, "ranges of stamps published")
    number("--lots", 20_000, 500, 120_000, "lots they are tied to")
    number("--stamps-with-codes", 400_000, 0, 10_000_000, "stamps with a fingerprint published")
    number("--seconds", 60, 5, 3600, "how long the users go on")
    number("--users", 200, 10, 5000, "shoppers and retailers at once, 20 to 1")
    number("--producers", 8, 1, 50, "producers at once")
    cores = len(os.sched_getaffinity(0))
    number("--processes", max(1, min(4, cores // 2)), 1, 16, "locust processes")
    parser.add_argument("--folder", type=Path, default=Path("var/load"), help="where all goes")
    return parser.parse_args()


def _interrupt(*_: int | FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(given: argparse.Namespace, folder: Path, data: Path) -> int:
    plan = Plan(given.ranges, given.lots, given.stamps_with_codes)
    about: Json = {
        "machine": machine(),
        "versions": {name: version(name) for name in VERSIONS},
        "settings": _settings(given),
    }
    print(f"seeding {plan.ranges:,} ranges and {plan.lots:,} lots …", flush=True)
    seconds = {"seed": seed_registry(plan, data)}
    began = time.monotonic()
    with (
        load_services.service("registry", data) as registry,
        load_services.service("verifier", data) as verifier,
    ):
        seconds["start"] = time.monotonic() - began
        users = Users(given.users, min(given.producers, plan.producers), given.seconds)
        print(f"running for {users.seconds} s …", flush=True)
        found = load_locust.run(users, given.processes, folder, (registry, verifier))
        views = load_report.views(found["samples"])
        counted = load_services.views_counted(data, views)
    found["views"] = {"answered": views, "counted": counted}
    report = load_report.report(found, {**about, "seconds": {**seconds, "run": found["seconds"]}})
    return _told(report, folder)


def _settings(given: argparse.Namespace) -> Json:
    own = {name: value for name, value in vars(given).items() if name != "folder"}
    return {**own, "verifier_workers": WORKERS["verifier"], **load_services.SETTINGS}


def _told(report: Json, folder: Path) -> int:
    """Write and print the report; the exit status."""
    written = json.dumps(report, indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(f"{written}\n", "utf-8")
    (folder / "report.html").write_text(load_report_page.page(report), "utf-8")
    print(load_report_text.text(report))
    print(f"report: {folder / 'report.html'}")
    if report["cut_short"]:
        return INTERRUPTED
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
