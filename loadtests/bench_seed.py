"""``python -m loadtests.bench_seed PLAN OUT``: a seeded registry whose verifier has started once.

PLAN is a plan as JSON. The first start reads all that is published and keeps it for every start to
come: here it may use all cores.
"""

import json
import os
import sys
import time
from pathlib import Path

from loadtests.seed import seed_registry
from loadtests.seed_plan import Plan
from loadtests.started import service


def main() -> None:
    """Seed, start, stop, and say how long it took."""
    plan, out = Plan(**json.loads(sys.argv[1])), Path(sys.argv[2])
    seeded, began = seed_registry(plan, out), time.perf_counter()
    with service("verifier", out, frozenset(os.sched_getaffinity(0)), 1):
        started = time.perf_counter() - began
    told = f"seeded in {seeded:.1f} s, a verifier's first start {started:.1f} s"
    print(f"{plan.ranges:,} ranges: {told}", flush=True)


if __name__ == "__main__":
    main()
