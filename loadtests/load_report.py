"""What a load test found, out of the samples of its locust processes. Pure.

Times are milliseconds, those of acts seconds. Percentiles come from counts on a logarithmic
scale and are right to about 1 %.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.locust_samples import RIGHT, SHED, WRONG, middle

Json = dict[str, Any]
Steps = Counter[int]
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
POINTS = 120  # of a line over time
# The requests that are single look-ups by the public: their time is what shoppers feel.
LOOK_UPS = ("consumer: page", "consumer: JSON", "consumer: forged", "consumer: malformed")
BEACON = "consumer: beacon"
MOST_SHED = 0.05  # of the requests; where more are refused, the run says little about the rest
BUSY = 0.85  # of a core: a locust process that used more has slowed everything it measured


def percentiles(steps: Mapping[int, int]) -> dict[str, float]:
    """Quantiles of times counted on the scale of :func:`loadtests.locust_samples.bucket`."""
    total, passed, found = sum(steps.values()), 0, {}
    wanted = list(QUANTILES.items())
    for step in sorted(steps):
        passed += steps[step]
        while wanted and passed >= wanted[0][1] * total:
            found[wanted.pop(0)[0]] = round(middle(step), 2)
    return found


@dataclass
class Found:
    """Requests that have something in common; the times are those of all that were not shed."""

    times: Steps = field(default_factory=Counter)
    wrong: int = 0
    shed: int = 0

    def add(self, outcome: int, step: int, count: int) -> None:
        """So many more of an outcome, which took so long."""
        if outcome == SHED:
            self.shed += count
            return
        self.times[step] += count
        self.wrong += count if outcome == WRONG else 0

    def line(self, seconds: float) -> Json:
        """Counts and percentiles, as the report has them."""
        count = sum(self.times.values()) + self.shed
        told = {"count": count, "failures": self.wrong, "shed": self.shed}
        return {**told, "per_second": round(count / seconds, 1), **percentiles(self.times)}


class _Cells:
    """The requests of all processes: (second, name, verdict, outcome, step, count)."""

    def __init__(self, samples: Iterable[Json]) -> None:
        self.rows = [row for one in samples for row in one["requests"]]
        seconds = [row[0] for row in self.rows] or [0]
        self.first: int = min(seconds)
        self.seconds: int = max(seconds) - self.first + 1

    def by(self, key: Callable[[Any], Any]) -> dict[Any, Found]:
        """What was found by a key of the rows; a row without one is left out."""
        out: defaultdict[Any, Found] = defaultdict(Found)
        for row in self.rows:
            if (name := key(row)) is not None:
                out[name].add(row[3], row[4], row[5])
        return out


def report(found: Json, about: Json) -> Json:
    """The whole report; ``about`` is the machine, versions, settings and seconds."""
    samples: list[Json] = found["samples"]
    cells = _Cells(samples)
    acts = _acts(samples)
    wrong = _wrong(samples, found)
    total = cells.by(lambda row: "all")["all"].line(cells.seconds)
    overloaded = total["shed"] > MOST_SHED * total["count"]
    good = not wrong and not overloaded and not found["cut_short"] and bool(cells.rows)
    return {
        "ok": good,
        "overloaded": overloaded,
        "cut_short": found["cut_short"],
        **about,
        "total": total,
        "requests": _table(cells, lambda row: row[1]),
        "roles": _table(cells, lambda row: role(row[1])),
        "verdicts": _table(cells, lambda row: row[2] or None),
        "notes": dict(sum((Counter(one["notes"]) for one in samples), Counter())),
        "acts": acts,
        "views": found["views"],
        "processor": _processor(samples, found["processor"], cells.seconds),
        "wrong": wrong,
        "timeline": _timeline(cells),
    }


def role(name: str) -> str:
    """Who makes the requests of a name."""
    return name.partition(":")[0]


def is_look_up(name: str) -> bool:
    """Whether a name is that of a single look-up by the public."""
    return name.startswith(LOOK_UPS)


def views(samples: Iterable[Json]) -> int:
    """How many page views were answered: each must have been counted."""
    rows = (row for one in samples for row in one["requests"])
    return sum(int(row[5]) for row in rows if row[1] == BEACON and row[3] == RIGHT)


def _table(cells: _Cells, key: Callable[[Any], Any]) -> list[Json]:
    found = cells.by(key)
    return [{"name": name, **found[name].line(cells.seconds)} for name in sorted(found)]


def _acts(samples: list[Json]) -> list[Json]:
    """From an acknowledgement to the answer of every worker, in seconds."""
    names = sorted({name for one in samples for name in one["under_way"]})
    out = []
    for name in names:
        taken = sorted(s for one in samples for s in one["acts"].get(name, ()))
        open_ = sum(one["under_way"].get(name, 0) for one in samples)
        told = {q: round(_of(taken, share), 4) for q, share in QUANTILES.items() if taken}
        out.append({"name": name, "count": len(taken), "not_seen_before_the_end": open_, **told})
        out[-1]["seconds"] = [round(one, 4) for one in taken]
    return out


def _of(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _wrong(samples: list[Json], found: Json) -> list[Json]:
    """Everything that was wrong, with an example each."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for one in samples:
        for name, kind, count, example in one["wrong"]:
            counts[name, kind] += count
            examples.setdefault((name, kind), example)
    out = [
        {"name": name, "kind": kind, "count": count, "example": examples[name, kind]}
        for (name, kind), count in counts.most_common()
    ]
    answered, counted = found["views"]["answered"], found["views"]["counted"]
    if counted < answered:
        out.append(_fault(BEACON, "page views not counted", answered - counted))
    if found["missing"]:
        out.append(_fault("locust", "process without samples, see its log", found["missing"]))
    return out


def _fault(name: str, kind: str, count: int) -> Json:
    return {"name": name, "kind": kind, "count": count, "example": ""}


def _processor(samples: list[Json], services: Mapping[str, float], seconds: float) -> Json:
    """Cores in use, on average; whether a locust process was the bottleneck."""
    locust = [one["processor_seconds"] / seconds for one in samples]
    cores = {name: round(used / seconds, 2) for name, used in services.items()}
    busiest = max(locust, default=0.0)
    return {
        "cores_used": {**cores, "locust": round(sum(locust), 2)},
        "busiest_locust": round(busiest, 2),
        "locust_was_the_bottleneck": busiest > BUSY,
    }


def _timeline(cells: _Cells) -> Json:
    """Lines over the run: a point for each second, or for some of them in a long run."""
    width = -(-cells.seconds // POINTS)

    def at(row: Any) -> int:
        return int((row[0] - cells.first) // width) * width

    roles: defaultdict[str, Counter[int]] = defaultdict(Counter)
    verdicts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row in cells.rows:
        roles[role(row[1])][at(row)] += row[5]
        if row[2]:
            verdicts[row[2]][at(row)] += row[5]
    looks = cells.by(lambda row: at(row) if is_look_up(row[1]) else None)
    places = range(0, max(1, cells.seconds - 1), width)  # the last second is not a whole one
    return {
        "seconds": list(places),
        "width": width,
        "roles": _rates(roles, places, width),
        "verdicts": _rates(verdicts, places, width),
        "look_ups": _lines(looks, places),
    }


def _rates(found: Mapping[str, Counter[int]], places: Sequence[int], width: int) -> Json:
    """Requests a second by name; None where there were none."""
    return {
        name: [round(counts[place] / width, 1) or None for place in places]
        for name, counts in sorted(found.items())
    }


def _lines(found: Mapping[int, Found], places: Iterable[int]) -> Json:
    by_place = {place: percentiles(found[place].times) for place in places if place in found}
    names = ("p50", "p90", "p99", "max")
    return {name: [by_place.get(place, {}).get(name) for place in places] for name in names}
