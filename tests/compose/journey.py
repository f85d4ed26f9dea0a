"""The main job through the containers, from outside, with engines and verifiers failing on the way.

    docker compose up -d --build --wait && python3 tests/compose/journey.py

It needs nothing but Python and the compose program (``COMPOSE``, default ``docker compose``) and
ends with status 1 at the first thing that is not as it should be. It asks nginx and the office's
door as people do, looks into the containers only to try what must not be possible, and leaves one
more producer with a few stamps behind.
"""

import argparse
import json
import re
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from containers import Containers
from counts import scans_of
from office import Office, Refused
from watch import SLOW_SECONDS, Watch
from zones import check_zones, reached_machine

Answer = TypeVar("Answer")
Json = dict[str, Any]
CAUGHT_UP_SECONDS = 30
ALL_WORKERS = 12  # so many answers in a row are hardly ever those of one worker alone
LOOKS = 3  # at one page


def until(question: Callable[[], Answer], seconds: float = CAUGHT_UP_SECONDS) -> Answer:
    """Ask until the answer is yes; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds} s; the last answer: {answer!r}"
        time.sleep(0.1)
    return answer


class Journey:
    """The steps in their order; each tells how long it took."""

    def __init__(self, containers: Containers, public: str, office: Office) -> None:
        self.containers, self.public, self.office = containers, public, office

    def step(self, name: str, act: Callable[[], Answer]) -> Answer:
        """Do something, and say how long it took."""
        started = time.monotonic()
        found = act()
        print(f"{time.monotonic() - started:7.2f} s  {name}", flush=True)
        return found

    def run(self) -> None:
        """All of it."""
        self.step("the doors show what they should and nothing else", self.doors)
        made = self.step("producer, product, certificate, key", self.office.new_maker)
        stamps = self.step("order, two steps of approval, issue, print, deliver", self.stamps)
        lot = self.office.lot(40)
        self.step("activate 1-10, seen by every verifier", lambda: self.activate(lot, 1, 10))
        self.step("page, JSON and bulk through nginx", lambda: self.scans(stamps))
        self.step("scans counted by the page's picture", lambda: self.counted(stamps[1], lot))
        with Watch(self.public, {stamps[0]: "OK", stamps[59]: "NOT_ACTIVATED"}) as watch:
            self.step("a verifier killed; the other answers", lambda: self.lose_a_verifier(lot))
            self.step("a verifier hangs; the other answers", lambda: self.hang_a_verifier(lot))
            self.step("the record's PostgreSQL restarted", lambda: self.restart_record(lot))
            self.step("the edge's PostgreSQL restarted", lambda: self.restart_edge(lot))
            self.step("Valkey away and back", lambda: self.lose_valkey(lot))
        print(f"           {watch.told()}")
        watch.require_no_fault()
        self.step("every verifier away: a page that says so", lambda: self.lose_all(stamps))
        self.step("who can reach whom", lambda: check_zones(self.containers))
        if reached := reached_machine(self.containers):
            print(f"warning: {', '.join(reached)}: reach services of this machine at a gateway")
            print("         (docs/operations.md, Containers, has the rule for its firewall)")
        self.step("every invariant holds", self.fsck)
        print(f"producer {made}, batch {self.office.batch}: done")

    def seen(self, index: int, verdict: str) -> None:
        """Wait until a stamp's verdict is this one, whichever verifier and worker nginx picks."""
        address, in_a_row = self.office.printed[index - 1], 0

        def agreed() -> bool:
            nonlocal in_a_row
            in_a_row = in_a_row + 1 if self.look_up(address).get("verdict") == verdict else 0
            return in_a_row >= ALL_WORKERS

        until(agreed)

    def look_up(self, address: str) -> Json:
        """One scan as JSON, of the address printed on a stamp."""
        path = address.removeprefix(self.office.prefix)
        answer = self.office.ask("GET", f"{self.public}{path}", accept="application/json")
        return json.loads(answer.body)

    def doors(self) -> None:
        """The public's door leads to look-ups alone, the office's demands a key."""
        ask = self.office.ask
        for path in ("/", "/developers", "/openapi.json"):
            assert ask("GET", f"{self.public}{path}").status == 200, path
        closed = ("/metrics", "/livez", "/readyz", "/v1/scans/days", "/v1/reports")
        for path in (*closed, "/nowhere"):
            assert ask("GET", f"{self.public}{path}").status == 404, path
        unreadable = ask("GET", f"{self.public}/s/%zz")
        assert unreadable.status == 400, unreadable
        assert unreadable.headers["Content-Type"] == "application/problem+json", unreadable
        for path in ("/-/503.page", "/-/503.problem", "/-/429.page", "/static/-"):
            assert ask("GET", f"{self.public}{path}").status == 404, path
        for base in (self.office.registry, self.office.issuer):
            assert ask("GET", f"{base}/metrics").status == 404, base
            assert ask("GET", f"{base}/v1/batches/1").status == 401, base
        self.pages()
        mine = "journey-" + secrets.token_hex(8)
        answer = ask("GET", f"{self.public}/v1/trust", headers={"X-Request-Id": mine})
        assert answer.headers["X-Request-Id"] == mine
        assert ask("GET", f"{self.public}/v1/trust").headers["X-Request-Id"] != mine

    def pages(self) -> None:
        """The registry's pages pass its own door alone, and a form of theirs is taken for ours."""
        ask, registry = self.office.ask, self.office.registry
        for path in ("/", "/sign-in", "/office", "/my/lots"):  # signed out: all lead to the form
            found = ask("GET", f"{registry}{path}", accept="text/html")
            assert found.status == 200 and b'name="password"' in found.body, path
            assert ask("GET", f"{self.office.issuer}{path}").status == 404, path
        page = ask("GET", f"{registry}/sign-in")
        style = re.findall(rb'href="(/assets/[^"]+css)"', page.body)[0].decode()
        assert "immutable" in ask("GET", f"{registry}{style}").headers["Cache-Control"]
        for path in ("/readyz", "/livez", "/metrics"):
            assert ask("GET", f"{registry}{path}").status == 404, path
        token = re.findall(rb'name="csrf_token" value="(\w+)"', page.body)[0].decode()
        answer = ask(
            "POST",
            f"{registry}/sign-in",
            headers={"Cookie": page.headers["Set-Cookie"].partition(";")[0], "Origin": registry},
            form={"csrf_token": token, "login": "nobody", "password": "wrong"},
        )
        assert answer.status == 401 and b"sign_in_refused" in answer.body, answer

    def stamps(self) -> list[str]:
        """Sixty stamps, ordered, approved, issued, printed and delivered; their addresses."""
        order = self.office.order(60)
        until(lambda: self.office.issued(order), 60)
        printed = self.office.print_all()
        assert len(set(printed)) == 60
        self.seen(1, "NOT_ACTIVATED")
        self.office.deliver()
        return printed

    def activate(self, lot: str, first: int, last: int) -> None:
        """One activation, repeated until it is acknowledged, then seen everywhere."""
        self.office.activate(lot, first, last)
        self.seen(last, "OK")

    def scans(self, stamps: list[str]) -> None:
        """A stamp's page, its JSON, and many at once."""
        path = stamps[0].removeprefix(self.office.prefix)
        page = self.office.ask("GET", f"{self.public}{path}", accept="text/html")
        assert page.status == 200 and self.office.product_name in page.body.decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert self.look_up(stamps[0])["product"]["name"] == self.office.product_name
        codes = [address.rsplit("/", 1)[1] for address in (stamps[0], stamps[59])]
        many = self.office.ask(
            "POST", f"{self.public}/v1/verifications", body={"codes": [*codes, "1"]}
        )
        said = [one["verdict"] for one in json.loads(many.body)["answers"]]
        assert said == ["OK", "NOT_ACTIVATED", "MALFORMED"], said

    def counted(self, stamp: str, lot: str) -> None:
        """Every look at a page counts, all as those of one origin whatever a stranger writes; the
        office reads how many they were from the registry."""
        path = stamp.removeprefix(self.office.prefix)
        page = self.office.ask("GET", f"{self.public}{path}", accept="text/html")
        assert f"{path}/seen" in page.body.decode()
        for n in range(LOOKS):
            forged = {"X-Forwarded-For": f"192.0.2.{n + 1}"}
            dot = self.office.ask("GET", f"{self.public}{path}/seen", headers=forged)
            assert (dot.status, dot.headers["Content-Type"]) == (200, "image/gif"), dot
            assert "no-store" in dot.headers["Cache-Control"], dot
        batch = self.office.batch
        until(lambda: scans_of(self.containers, batch, 2) == [str(LOOKS), "1"])
        until(lambda: self.office.look_ups(lot) == LOOKS)

    def lose_a_verifier(self, lot: str) -> None:
        """One of two is killed, misses an act, and knows it when it is back."""
        lost = self.containers.of("verifier")[0]
        self.containers.docker("kill", lost)
        self.activate(lot, 11, 15)
        self.containers.docker("start", lost)
        until(lambda: self.containers.healthy("verifier"), 90)
        self.seen(15, "OK")

    def hang_a_verifier(self, lot: str) -> None:
        """One of two takes connections and says nothing: the other is asked, for many codes too."""
        stuck = self.containers.of("verifier")[0]
        self.containers.docker("pause", stuck)
        try:
            self.activate(lot, 31, 35)
            for _ in range(4):
                started = time.monotonic()
                url, body = f"{self.public}/v1/verifications", {"codes": ["1"]}
                assert self.office.ask("POST", url, body=body).status == 200
                assert time.monotonic() - started < SLOW_SECONDS
        finally:
            self.containers.docker("unpause", stuck)
        until(lambda: self.containers.healthy("verifier"), 90)
        self.seen(35, "OK")

    def restart_record(self, lot: str) -> None:
        """Acts sent meanwhile are repeated under their key; none is lost, none done twice."""
        self.containers.compose("restart", "postgres-record", wait=False)
        self.activate(lot, 16, 20)
        until(lambda: self.containers.healthy("postgres-record", "registry", "issuer"), 90)

    def restart_edge(self, lot: str) -> None:
        """Verifiers answer from memory, and catch up once their replica is back."""
        self.containers.compose("restart", "postgres-edge", wait=False)
        self.activate(lot, 21, 25)
        until(lambda: self.containers.healthy("postgres-edge", "verifier"), 90)

    def lose_valkey(self, lot: str) -> None:
        """Without Valkey no answer is missing or late."""
        self.containers.compose("stop", "valkey")
        self.activate(lot, 26, 30)
        self.containers.docker("start", *self.containers.of("valkey"))
        until(lambda: self.containers.healthy("valkey", "verifier"), 90)

    def lose_all(self, stamps: list[str]) -> None:
        """Nobody to ask: 503 and UNAVAILABLE, as a page and as JSON, never "not found"."""
        self.containers.compose("stop", "verifier")
        path = stamps[0].removeprefix(self.office.prefix)
        page = self.office.ask("GET", f"{self.public}{path}", accept="text/html")
        assert page.status == 503 and "Hiện chưa tra cứu được" in page.body.decode(), page
        assert page.headers["Content-Language"] == "vi, en" and page.headers["Vary"] == "Accept"
        for accept in ("application/json", "application/*"):
            said = self.office.ask("GET", f"{self.public}{path}", accept=accept)
            told = json.loads(said.body)
            assert (said.status, told["verdict"]) == (503, "UNAVAILABLE"), said
            assert told["as_of"].endswith("Z") and said.headers["Retry-After"], said
        looks = self.office.ask("GET", f"{self.public}/static/stamp.css")
        assert looks.status == 200 and looks.headers["Content-Type"] == "text/css"
        assert self.office.ask("GET", f"{self.public}/static/nothing").status == 404
        bulk = self.office.ask("POST", f"{self.public}/v1/verifications", body={"codes": ["1"]})
        assert bulk.headers["Content-Type"] == "application/problem+json", bulk
        assert bulk.status == 503 and bulk.headers["Retry-After"]
        for one in self.containers.of("verifier"):
            self.containers.docker("start", one)
        until(lambda: self.containers.healthy("verifier"), 90)
        self.seen(1, "OK")

    def fsck(self) -> None:
        """Each service checks its own store where it runs."""
        for service in ("issuer", "registry", "verifier"):
            self.containers.exec(service, "tem", "fsck", "--only", service)


def main() -> None:
    """Read where things are, and go."""
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--public", default="http://127.0.0.1:8080")
    told.add_argument("--registry", default="http://127.0.0.1:8102")
    told.add_argument("--issuer", default="http://127.0.0.1:8101")
    asked = told.parse_args()
    containers = Containers()
    started = time.monotonic()
    try:
        office = Office(containers, asked.registry, asked.issuer)
        Journey(containers, asked.public, office).run()
    except (AssertionError, Refused) as fault:
        sys.exit(f"FAILED after {time.monotonic() - started:.0f} s: {fault}")
    print(f"all well after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
