"""How well copies are found: ``python -m loadtests.copies --seed N`` (some 20 s for a seed).

A labelled stream (``copies_stream.py``) goes through the rule that the verifier uses. Printed and,
with ``--out``, written: how many honest stamps are on the list, how many families with two sales at
tills, at every threshold there is.
"""

import argparse
import json
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from loadtests import copies_picture, copies_stream
from loadtests.copies_stream import Life
from loadtests.copies_world import Entry

from tem_verifier.copies import detector, trace
from tem_verifier.copies.trace import TillEvent, Trace
from tem_verifier.retail.sale_kinds import Kind

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
MOST_FALSE, LEAST_FOUND = 0.0005, 0.99  # what is asked for
SEEDS = (1, 2, 3, 4, 5)


def measured(
    seed: int, genuine: int, families: int, habits: float = 1.0, one_store: float = 0.0
) -> dict[str, Any]:
    """One seed's numbers: by score how many honest stamps and families with two sales have it."""
    honest: Counter[int] = Counter()
    copied: Counter[int] = Counter()
    others = Counter[str]()
    signs: Counter[str] = Counter()
    begun = time.monotonic()
    for life in copies_stream.stream(seed, genuine, families, habits, one_store):
        found = detector.judge(trace_of(life))
        score = 0 if found is None else found.score
        if not life.copies:
            honest[score] += 1
            if found is not None and detector.is_alarm(found):
                signs.update({found.evidence[0].sign: 1})
        elif life.till_sales >= 2:
            copied[score] += 1
        else:
            others["families with one sale or none"] += 1
            others["of them on the list"] += detector.is_alarm(found)
    return {
        "seed": seed,
        "genuine": genuine,
        "habits": habits,
        "one_store": one_store,
        "families_with_two_sales": copied.total(),
        "alarm_at": detector.ALARM,
        "roc": roc(honest, copied),
        "false_alarms_by_sign": dict(sorted(signs.items())),
        **others,
        "seconds": round(time.monotonic() - begun, 1),
    }


def roc(honest: Counter[int], copied: Counter[int]) -> list[dict[str, Any]]:
    """For each threshold: the share of honest stamps at or above it, and of families."""
    points = []
    for least in sorted({0, detector.ALARM, *honest, *copied}):
        false = sum(n for score, n in honest.items() if score >= least)
        found = sum(n for score, n in copied.items() if score >= least)
        points.append(
            {
                "at_least": least,
                "false_alarms": false,
                "false_share": false / max(1, honest.total()),
                "found": found,
                "found_share": found / max(1, copied.total()),
            }
        )
    return points


def at_alarm(run: dict[str, Any]) -> dict[str, Any]:
    """The point of the curve at which the list begins."""
    return next(one for one in run["roc"] if one["at_least"] == run["alarm_at"])


def is_met(run: dict[str, Any]) -> bool:
    """Whether a run reaches what is asked for."""
    point = at_alarm(run)
    met: bool = point["false_share"] <= MOST_FALSE and point["found_share"] >= LEAST_FOUND
    return met


def trace_of(life: Life) -> Trace:
    """A stamp of the stream, as the verifier reads one out of its tables."""
    scans = [trace.ScanDay(_day(one.day), one.scans, one.origins) for one in life.scans]
    return Trace([_event(one) for one in life.entries], scans, made_on=_day(life.made_day))


def _day(number: int) -> date:
    return FIRST.date() + timedelta(days=number)


def _event(entry: Entry) -> TillEvent:
    at, recorded = (FIRST + timedelta(seconds=s) for s in (entry.at, entry.recorded_at))
    return TillEvent(Kind(entry.kind), entry.chain, entry.store, at, recorded)


def main() -> None:
    """Measure some seeds, one after the other; exit 1 if one misses what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="1 to 5 if left out")
    parser.add_argument("--genuine", type=int, default=copies_stream.GENUINE)
    parser.add_argument("--families", type=int, default=copies_stream.FAMILIES)
    parser.add_argument("--habits", type=float, default=1.0, help="how careless the trade is")
    parser.add_argument("--one-store", type=float, default=0.0, help="share of such families")
    parser.add_argument("--out", type=Path, help="JSON of all runs")
    parser.add_argument("--picture", type=Path, help="SVG of their curves")
    asked = parser.parse_args()
    runs = []
    for seed in asked.seed or SEEDS:
        numbers = (asked.genuine, asked.families, asked.habits, asked.one_store)
        runs.append(measured(seed, *numbers))
        print(said(runs[-1]), flush=True)
    if asked.picture:
        asked.picture.write_text(copies_picture.drawing(runs, MOST_FALSE, LEAST_FOUND), "utf-8")
    if asked.out:
        asked.out.write_text(json.dumps(runs, indent=1) + "\n", "utf-8")
    raise SystemExit(0 if all(is_met(run) for run in runs) else 1)


def said(run: dict[str, Any]) -> str:
    """A run in a line."""
    point = at_alarm(run)
    return (
        f"seed {run['seed']}: {point['false_alarms']:,} of {run['genuine']:,} honest stamps on the "
        f"list ({point['false_share']:.4%}), {point['found']:,} of "
        f"{run['families_with_two_sales']:,} families with two sales "
        f"({point['found_share']:.2%}); {run['seconds']} s; "
        f"{'met' if is_met(run) else 'NOT met'}"
    )


if __name__ == "__main__":
    main()
