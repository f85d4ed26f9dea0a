"""What one locust process has seen: how long each answer took, each act, each wrong answer.

Kept as counts by second, so that the samples of several processes can be added up.
"""

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from math import exp, log
from pathlib import Path
from typing import Any

STEP = log(1.02)  # times are kept to about 1 %
LEAST_MS = 0.05
EXAMPLES = 40
RIGHT, WRONG, SHED = range(3)
OVERLOADED = "shed"  # the error of a request that was refused because of too many
_CODE = re.compile(r"(\d{12})\d{150,}")


def bucket(milliseconds: float) -> int:
    """The step of the logarithmic scale that a time lies in."""
    return int(log(max(milliseconds, LEAST_MS) / LEAST_MS) / STEP)


def middle(step: int) -> float:
    """The milliseconds in the middle of a step."""
    return LEAST_MS * exp((step + 0.5) * STEP)


def masked(text: str) -> str:
    """A text in which codes are cut to their first twelve digits: whole ones are bearer secrets."""
    return _CODE.sub(r"\1…", text)


@dataclass
class Samples:
    """The samples of a process. An act is seen when the public answer shows it."""

    requests: Counter[tuple[int, str, str, int, int]] = field(default_factory=Counter)
    acts: dict[str, list[float]] = field(default_factory=dict)
    under_way: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def request(self, name: str, verdict: str, milliseconds: float, error: str | None) -> None:
        """Count a request; ``verdict`` is the one expected, empty where there is none."""
        outcome = RIGHT if error is None else SHED if error == OVERLOADED else WRONG
        self.requests[int(time.time()), name, verdict, outcome, bucket(milliseconds)] += 1
        if error is not None and outcome == WRONG:
            self.fault(name, error)

    def fault(self, name: str, told: str) -> None:
        """Count something that was wrong, by its kind: what stands before the first colon."""
        kind, _, example = masked(told).partition(":")
        if (name, kind) in self.wrong or len(self.wrong) < EXAMPLES:
            self.wrong.setdefault((name, kind), [0, example.strip()[:300]])[0] += 1

    def began(self, act: str) -> None:
        """An act was acknowledged; it is not seen yet."""
        self.under_way[act] += 1

    def seen(self, act: str, seconds: float) -> None:
        """The answer shows an act that began."""
        self.under_way[act] -= 1
        self.acts.setdefault(act, []).append(seconds)

    def write(self, path: Path, **more: Any) -> None:
        """Keep all of it as JSON."""
        kept = {
            "requests": [[*key, count] for key, count in self.requests.items()],
            "acts": self.acts,
            "under_way": self.under_way,
            "notes": self.notes,
            "wrong": [[*key, *value] for key, value in self.wrong.items()],
            **more,
        }
        path.write_text(json.dumps(kept))
