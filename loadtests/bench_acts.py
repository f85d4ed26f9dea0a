"""From an act's acknowledgement by the registry until every worker of the verifier says so, while
the verifier answers as many look-ups as it can."""

import contextlib
import http.client
import json
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from loadtests.bench_place import Place
from loadtests.ratios import Ratio, at_most, percentile, short
from loadtests.scale_acts import usable_lots
from loadtests.seed_codes import Seed
from loadtests.seed_plan import RECALLED_EVERY, lot_id
from loadtests.started import HOST, Started, installation, service
from loadtests.wrk import Asked

from tem.stampcode import parse
from tem.vocabulary import StampState

CLIENTS, LOOKED_AT = 2, 20_000
LIMIT = 30.0  # seconds in which a worker must have taken over an act


@dataclass(frozen=True, slots=True)
class Act:
    """What to post, and a stamp whose verdict it changes from one word."""

    path: str
    body: dict[str, object]
    code: str
    after: str


@dataclass(slots=True)
class Found:
    """Seconds from acknowledgement to the last worker's answer, by kind of act."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)


def row(place: Place, two: Started) -> Ratio:
    """p99 over all acts."""
    with service("registry", place.data, place.cores.beside_two) as registry:
        key = _key(place.data)
        asked = Asked(two.port, place.codes("genuine"))
        load = place.beside_two().start(asked, place.sizes.acts_seconds + 1)
        found = _acted(place, registry, two, key)
        said, _ = load.communicate()
    every = [1000 * one for times in found.taken.values() for one in times]
    answered = json.loads(said.partition("json ")[2].splitlines()[0])
    return at_most(
        "act to answer at every worker under full load, p99",
        1000.0,
        [percentile(every, 0.99)],
        unit="ms",
        measured={
            **{f"{kind}s": len(times) for kind, times in found.taken.items()},
            "median ms": short(percentile(every, 0.5)),
            "longest ms": short(max(every)),
            "look-ups a second meanwhile": short(
                answered["requests"] * 1e6 / answered["microseconds"]
            ),
        },
    )


def _acted(place: Place, registry: Started, two: Started, key: str) -> Found:
    found, end = Found(), time.monotonic() + place.sizes.acts_seconds
    acts = acts_of(place)
    shares = [list(islice(acts, 400)) for _ in range(CLIENTS)]
    threads = [
        threading.Thread(target=_client, args=(share, registry.port, two, key, end, found))
        for share in shares
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in found.failures:
        raise failure
    return found


def _client(
    acts: list[Act], registry: int, two: Started, key: str, end: float, found: Found
) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        workers = connections_of(two)
        office = http.client.HTTPConnection(HOST, registry, timeout=60)
        for act in acts:
            if time.monotonic() > end:
                break
            headers["Idempotency-Key"] = secrets.token_hex(12)
            office.request("POST", act.path, json.dumps(act.body), headers)
            answer = office.getresponse()
            said, acknowledged = answer.read(), time.monotonic()
            if answer.status != 201 and answer.status != 200:
                raise RuntimeError(f"{act.path}: {answer.status} {said!r}")
            until_said(act, workers, acknowledged)
            kind = act.path.rpartition("/")[2].rstrip("s")
            found.taken.setdefault(kind, []).append(time.monotonic() - acknowledged)
    except BaseException as error:
        found.failures.append(error)


def until_said(act: Act, workers: list[http.client.HTTPConnection], acknowledged: float) -> None:
    """Ask every worker until it says what the act made of the stamp. Raises RuntimeError if one
    never does; a refusal or another verdict is no answer."""
    left = list(workers)
    while left:
        left = [one for one in left if _verdict(one, act.code) != act.after]
        if time.monotonic() > acknowledged + LIMIT:
            raise RuntimeError(f"a worker does not say {act.after} after {LIMIT:.0f} s")
        time.sleep(0.002)


def _verdict(connection: http.client.HTTPConnection, code: str) -> str:
    headers = {
        "Accept": "application/json",
        "X-Forwarded-For": f"100.128.0.{random.randint(1, 250)}",
    }
    connection.request("GET", f"/s/{code}", headers=headers)
    told: dict[str, str] = json.loads(connection.getresponse().read())
    return told.get("verdict", "")  # a refusal under load says nothing about the stamp


def connections_of(server: Started) -> list[http.client.HTTPConnection]:
    """A connection to each worker: whose it is, the kernel knows."""
    found: dict[int, http.client.HTTPConnection] = {}
    deadline = time.monotonic() + LIMIT
    while len(found) < len(server.workers()):
        if time.monotonic() > deadline:
            raise RuntimeError("a worker accepts no connection")
        one = http.client.HTTPConnection(HOST, server.port, timeout=60)
        one.request("GET", "/livez")
        one.getresponse().read()
        mine = one.sock.getsockname()[1]
        worker = _holder(server, mine)
        if worker is None or worker in found:
            one.close()
        else:
            found[worker] = one
    return list(found.values())


def _holder(server: Started, client_port: int) -> int | None:
    """The worker that holds the other end of our connection."""
    ends = (f"0100007F:{server.port:04X}", f"0100007F:{client_port:04X}")
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next((line[9] for line in lines if (line[1], line[2]) == ends), None)
    for pid in server.workers():
        with contextlib.suppress(FileNotFoundError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if str(descriptor.readlink()) == f"socket:[{inode}]":
                        return pid
    return None


def acts_of(place: Place) -> Iterator[Act]:
    """Activations of delivered stamps and recalls of lots, in turn; no lot twice."""
    seed = Seed.read(place.data)
    recalls, recalled = _recalls(place, seed), set[str]()
    for activation in _activations(place, seed):
        yield activation
        for recall in recalls:
            if recall.path not in recalled:
                recalled.add(recall.path)
                yield recall
                break


def _activations(place: Place, seed: Seed) -> Iterator[Act]:
    for text in _codes(place, "genuine"):
        code = parse(text)
        state = next(r.state for r in seed.plan.ranges_of(code.batch) if r.last >= code.index)
        # Recalls take lots of even products, so that nothing is activated for a recalled one.
        even = seed.plan.product_of(code.batch) % 2 == 0
        if state is StampState.DELIVERED and not even:
            body: dict[str, object] = dict.fromkeys(("first", "last"), code.index)
            for lot in usable_lots(seed.plan, code.batch)[:1]:
                path = f"/v1/lots/{lot_id(lot)}/activations"
                yield Act(path, {"batch": code.batch, **body}, text, "OK")


def _recalls(place: Place, seed: Seed) -> Iterator[Act]:
    body: dict[str, object] = {"kind": "mandatory", "reason_public": "Đo thử (mẫu)"}
    for text in _codes(place, "activated"):
        code = parse(text)
        one = next(r for r in seed.plan.ranges_of(code.batch) if r.last >= code.index)
        lots = usable_lots(seed.plan, code.batch)
        if seed.plan.product_of(code.batch) % 2 == 0 and one.lot in lots:
            assert one.lot is not None and one.lot % RECALLED_EVERY
            yield Act(f"/v1/lots/{lot_id(one.lot)}/recall", body, text, "RECALLED")


def _codes(place: Place, kind: str) -> Iterator[str]:
    with place.codes(kind).open() as lines:
        yield from (line.strip() for line in islice(lines, LOOKED_AT))


def _key(data: Path) -> str:
    """A key of the office, made on the machine itself."""
    command = [sys.executable, "-m", "tem", "registry", "key", "create", "--data", str(data)]
    command += ["--role", "office", "--name", "bench"]
    done = subprocess.run(
        command, env=installation(data), capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]
