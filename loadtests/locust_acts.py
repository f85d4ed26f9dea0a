"""Acts at the registry, and how long the public answer takes to show them.

From the acknowledgement on, a stamp of the act is looked up, each time over a new connection, so
that every worker of the verifier is met sooner or later. The act is seen at the first of
:data:`IN_A_ROW` answers in a row that show it.
"""

import secrets
import time
from typing import Any

import gevent
from loadtests import locust_checks
from loadtests.locust_run import CHANCE, JSON, SAMPLES, TOLD, code, judge
from loadtests.locust_stamps import Stamp
from locust import FastHttpUser

IN_A_ROW, LONGEST = 8, 10.0
PAUSE = 0.01
AGAIN = 0.2  # of acts are sent a second time under their key, as after a broken connection


class Acting(FastHttpUser):
    """Someone signed in at the registry."""

    abstract = True
    host = TOLD.registry

    def act(self, name: str, path: str, key: str, body: dict[str, Any], status: int = 201) -> Any:
        """An act that must succeed, sometimes sent twice; its answer, None if it was refused."""
        once = secrets.token_hex(12)
        first = self._send(name, path, key, once, body, status)
        if first is not None and CHANCE.random() < AGAIN:
            self._send(f"{name}, sent again", path, key, once, body, status, first)
        return first

    def _send(
        self,
        name: str,
        path: str,
        key: str,
        once: str,
        body: dict[str, Any],
        status: int,
        before: Any = None,
    ) -> Any:
        with self.client.post(
            path,
            name=name,
            json=body,
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": once},
            catch_response=True,
        ) as response:
            answer = locust_checks.document(response.text or "")
            other = before is not None and answer != before
            told = "another answer to the same key:" if other else None
            return answer if judge(response, status, lambda: told) else None

    def until_seen(self, act: str, name: str, stamp: Stamp, verdict: str) -> None:
        """Look a stamp up until every worker gives the verdict; too late is a fault."""
        began, shown, since = time.perf_counter(), 0, 0.0
        SAMPLES.began(act)
        while shown < IN_A_ROW:
            given = self._verdict(name, stamp)
            if given == verdict:
                since = since if shown else time.perf_counter()
                shown += 1
            else:
                shown = 0 if given else shown
                if time.perf_counter() - began > LONGEST:
                    SAMPLES.fault(name, f"{act} not seen within {LONGEST} s: {stamp.batch}")
                    break
                gevent.sleep(PAUSE)
        else:
            SAMPLES.seen(act, since - began)

    def _verdict(self, name: str, stamp: Stamp) -> str | None:
        """What the stamp is answered at present, None if it got no answer."""
        with self.client.get(
            f"{TOLD.verifier}/s/{code(stamp.batch, stamp.index)}",
            name=name,
            headers={**JSON, "Connection": "close", "X-Forwarded-For": _somebody()},
            catch_response=True,
        ) as response:
            answer = locust_checks.document(response.text or "")
            about = {"batch": stamp.batch, "index": stamp.index}
            known = isinstance(answer, dict) and answer.get("stamp") == about
            judge(response, 200, lambda: None if known else f"another stamp: {answer}")
        return str(answer["verdict"]) if known else None


def _somebody() -> str:
    return f"100.{CHANCE.randint(64, 127)}.{CHANCE.randint(0, 255)}.{CHANCE.randint(0, 255)}"
