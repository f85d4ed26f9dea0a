"""Look-ups a second of one core, against nginx, a plain Flask route and the usual design."""

import contextlib
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests import bench_answers
from loadtests.bench_place import Place, move
from loadtests.ratios import Ratio, at_least, at_most, in_turn, quotients, short
from loadtests.seed_sample import path
from loadtests.started import Started, gunicorn, installation, nginx, service
from loadtests.wrk import JSON, PAGE, Answered, Asked

WARM = 1  # seconds
BOTH = {"JSON": JSON, "page": PAGE}
Rounds = dict[str, list[Answered]]


@dataclass(frozen=True, slots=True)
class Servers:
    """All are up at once and asked in turn."""

    ours: Started
    smaller: Started
    nginx: dict[str, Started]
    flask: Started
    route: Started
    written: Started
    tuned: Started


def rows(place: Place, ours: Started) -> Iterator[Ratio]:
    """Each in turn, round by round."""
    wrk, sizes = place.beside_one(), place.sizes
    with _servers(place, ours) as up:
        asked = _asked(place, up)
        for one in asked.values():
            wrk.run(one, WARM)  # so that nobody is measured cold

        def rate(one: Asked) -> Callable[[], Answered]:
            return lambda: wrk.run(one, sizes.seconds)

        found = in_turn({name: rate(one) for name, one in asked.items()}, sizes.rounds)
        generous = _database_elsewhere(place, up)
    busy = {"generator_busy_at_most": short(wrk.busiest)}
    yield from _against(found, busy)
    for theirs, name in FLASK.items():
        yield from _against_flask(found, theirs, name)
    for kind, batches in (("forged", "known"), ("unknown", "unknown")):
        name = f"forged codes of {batches} batches / genuine codes"
        times = quotients(_rates(found[kind]), _rates(found["ours, JSON"]))
        yield at_least(name, 1.0, times, measured=_told(found, kind, "ours, JSON"))
    grown = quotients(_rates(found["smaller"]), _rates(found["activated"]))
    name = f"time of a look-up with {sizes.plan.ranges:,} ranges / with {sizes.smaller.ranges:,}"
    yield at_most(name, 1.15, grown, measured=_told(found, "activated", "smaller"))
    for kind, target in (("written", 60), ("tuned", 18)):
        yield at_least(
            f"look-up as JSON / usual design, {USUAL[kind]}",
            target,
            quotients(_rates(found["ours, JSON"]), _rates(found[kind])),
            measured={
                **_told(found, "ours, JSON", kind),
                "with its database on other cores": short(generous[kind]),
            },
        )


FLASK = {
    "route": "our own Flask route under gthread",
    "flask": "a plain Flask route that returns the same bytes",
}
USUAL = {"written": "as usually written", "tuned": "tuned"}


def _against(found: Rounds, busy: dict[str, float]) -> Iterator[Ratio]:
    for kind in BOTH:
        ours, theirs = f"ours, {kind}", f"nginx, {kind}"
        yield at_least(
            f"look-up as {kind} / nginx `return 200`",
            0.25,
            quotients(_rates(found[ours]), _rates(found[theirs])),
            measured={**_told(found, ours, theirs), **busy},
        )


def _against_flask(found: Rounds, peer: str, name: str) -> Iterator[Ratio]:
    """``route`` does the whole look-up, ``flask`` looks nothing up: the answer is the same."""
    for kind in BOTH:
        ours, theirs = f"ours, {kind}", f"{peer}, {kind}"
        yield at_least(
            f"look-up as {kind} / {name}",
            20,
            quotients(_rates(found[ours]), _rates(found[theirs])),
            measured=_told(found, ours, theirs),
        )


def _rates(answered: list[Answered]) -> list[float]:
    return [one.per_second for one in answered]


def _told(found: Rounds, ours: str, theirs: str) -> dict[str, float]:
    """Medians, answers a second; and the ratio by what an answer cost of the processor."""
    costs = [
        statistics.median(one.per_processor_second for one in found[name])
        for name in (ours, theirs)
    ]
    return {
        **{name: short(statistics.median(_rates(found[name]))) for name in (ours, theirs)},
        "the ratio by processor time": short(costs[0] / costs[1]),
    }


def _asked(place: Place, up: Servers) -> dict[str, Asked]:
    genuine = place.codes("genuine")
    fewer = place.sizes.smaller.sampled * 3 // 10  # of each as many, of stamps in the same state

    def of(server: Started, codes: Path, accept: str = JSON, most: int = 0) -> Asked:
        return Asked(server.port, codes, accept, most, (server.pid,))

    def usual(server: Started) -> Asked:
        return Asked(server.port, place.usual_codes, processes=(server.pid, place.database))

    asked = {}
    for kind, accept in BOTH.items():
        asked[f"ours, {kind}"] = of(up.ours, genuine, accept)
        asked[f"nginx, {kind}"] = of(up.nginx[kind], genuine, accept)
        asked[f"flask, {kind}"] = of(up.flask, genuine, accept)
        asked[f"route, {kind}"] = of(up.route, genuine, accept)
    return asked | {
        "written": usual(up.written),
        "tuned": usual(up.tuned),
        "forged": of(up.ours, place.codes("forged")),
        "unknown": of(up.ours, place.codes("unknown")),
        "activated": of(up.ours, place.codes("activated"), JSON, fewer),
        "smaller": of(up.smaller, path(place.smaller, "activated"), JSON, fewer),
    }


@contextlib.contextmanager
def _servers(place: Place, ours: Started) -> Iterator[Servers]:
    wrk, one = place.beside_one(), place.cores.one
    answer, page = bench_answers.whole_answer(place, ours.port)
    genuine = place.codes("genuine")
    sizes = {kind: wrk.run(Asked(ours.port, genuine, a), 1).bytes_each for kind, a in BOTH.items()}
    usual, own = {"USUAL_DATABASE": place.usual}, installation(place.data)
    peer = {"PEER_ANSWER": str(answer), "PEER_PAGE": str(page)}
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        yield Servers(
            ours,
            enter(service("verifier", place.smaller, one, 1)),
            {
                kind: enter(nginx(place.nginx, place.folder, one, round(size)))
                for kind, size in sizes.items()
            },
            enter(gunicorn("loadtests.peer:app", place.folder, one, peer)),
            enter(gunicorn("loadtests.flask_route:create()", place.folder, one, own)),
            enter(gunicorn("loadtests.usual.written:app", place.folder, one, usual)),
            enter(gunicorn("loadtests.usual.tuned:app", place.folder, one, usual)),
        )


def _database_elsewhere(place: Place, up: Servers) -> dict[str, float]:
    """The usual design once more, its database on the generator's cores: no target, but told."""
    move(place.database, place.cores.beside_one)
    ports = {"written": up.written.port, "tuned": up.tuned.port}
    wrk, asked = place.beside_one(), place.usual_codes
    found = {
        name: wrk.rate(Asked(port, asked), place.sizes.seconds) for name, port in ports.items()
    }
    move(place.database, place.cores.one)
    return found
