"""Retailers: what arrived on a pallet, up to a thousand codes in one call."""

from math import exp, log
from typing import Any

from loadtests import locust_checks
from loadtests.locust_run import CHANCE, TOLD, any_stamp, code, judge, verdicts, wrong_answer
from loadtests.locust_stamps import Stamp
from locust import FastHttpUser, between, task

MOST = 1000  # codes of one call
DAMAGED = 0.01  # of the codes cannot be read


class Retailer(FastHttpUser):
    """Signed in with a retailer's key."""

    host = TOLD.verifier
    weight = 1
    wait_time = between(0.5, 1.5)

    @task
    def verify(self) -> None:
        """So many codes at once that small calls are the usual ones; answered in order."""
        count = int(exp(CHANCE.random() * log(MOST + 1)))
        asked = [None if CHANCE.random() < DAMAGED else any_stamp() for _ in range(count)]
        codes = ["12345" if one is None else code(one.batch, one.index) for one in asked]
        size = "1-10" if count <= 10 else "11-100" if count <= 100 else "101-1000"
        with self.client.post(
            "/v1/verifications",
            name=f"retailer: {size} codes",
            json={"codes": codes},
            headers={"Authorization": f"Bearer {CHANCE.choice(TOLD.retailers)}"},
            catch_response=True,
        ) as response:
            answer = locust_checks.document(response.text or "")
            judge(response, 200, lambda: _wrong(answer, asked))


def _wrong(answer: Any, asked: list[Stamp | None]) -> str | None:
    answers = answer.get("answers") if isinstance(answer, dict) else None
    if not isinstance(answers, list) or len(answers) != len(asked):
        return f"not {len(asked)} answers: {str(answer)[:100]}"
    for stamp, found in zip(asked, answers, strict=True):
        allowed = {"MALFORMED"} if stamp is None else verdicts(stamp)
        told = wrong_answer(found, stamp, allowed)
        if told is not None:
            return told
    return None
