"""What workers and verifiers tell each other of their counts, four times a second, by Valkey.

Each tells its own total of a client, a field of one hash: told again it is the same, so an answer
that was lost counts nobody twice. The others' fields are added up.

Written behind: a request is decided by what its own worker knows. So a client spread over W
workers gets at most what W - 1 of them let through in one round (a quarter of a second and the
round trip) above its quota. Without Valkey each worker limits alone.
"""

import re
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from valkey import Valkey
from valkey.client import Pipeline
from valkey.exceptions import ResponseError

from tem.clock import Clock
from tem_verifier.background import begin
from tem_verifier.limits import Limit, Seal, Tally
from tem_verifier.shared_valkey import Away, Link

EXCHANGE_SECONDS = 0.25
AT_ONCE = 300
_KEY_SECONDS = 2 * 86_400
_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)

Unsent = tuple[int, str, Tally, int]


class Sharing:
    """Exchanges the counts of some limits; also changes the key of the day."""

    def __init__(
        self, limits: Sequence[Limit], seal: Seal, clock: Clock, link: Link | None
    ) -> None:
        self._limits, self._seal, self._clock, self._link = limits, seal, clock, link
        self._name = secrets.token_hex(8)
        self._day = clock().toordinal()

    def exchange(self) -> None:
        """One round. While Valkey is away nothing is lost: the next round tells it all."""
        day = self._clock().toordinal()
        if day != self._day:
            self._seal.key, self._day = secrets.token_hex(32), day
        if self._link is None:
            return
        try:
            self._link(self._agree_on_key)
            for limit in self._limits:
                told = list(limit.unsent())
                for start in range(0, len(told), AT_ONCE):
                    self._tell(self._link, limit, told[start : start + AT_ONCE])
        except Away:
            return

    def _agree_on_key(self, client: Valkey) -> None:
        """The first worker's key of the day is everybody's; a Valkey that forgot it is told, and
        what is no key is replaced."""
        name = f"tem:limits:key:{self._day}"
        pipeline = client.pipeline(transaction=False)
        pipeline.set(name, self._seal.key, nx=True, ex=_KEY_SECONDS)
        pipeline.get(name)
        found = _answers(pipeline)[1]
        if isinstance(found, str) and _KEY.fullmatch(found):
            if found != self._seal.key:
                self._seal.key = found
        else:
            client.set(name, self._seal.key, ex=_KEY_SECONDS)

    def _tell(self, link: Link, limit: Limit, told: Sequence[Unsent]) -> None:
        assert limit.rate is not None
        lasts = 2 * limit.rate.period + 5

        def ask(client: Valkey) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            for window, name, _, own in told:
                here = f"tem:limit:{limit.kind}:{window}:{name}"
                pipeline.hset(here, self._name, str(own))
                pipeline.expire(here, lasts)
                pipeline.hgetall(here)
                pipeline.hvals(f"tem:limit:{limit.kind}:{window - 1}:{name}")
            return _answers(pipeline)

        answers = iter(link(ask))
        for _, _, tally, own in told:
            _, _, here, before = (next(answers) for _ in range(4))
            fields = here if isinstance(here, Mapping) else {}
            others = (used for worker, used in fields.items() if worker != self._name)
            limit.learn(tally, own, _sum(others), _sum(before))

    def start(self, stopping: threading.Event) -> None:
        """Do it until told to stop."""
        begin(self.exchange, EXCHANGE_SECONDS, stopping)


def _answers(pipeline: Pipeline) -> list[Any]:
    """Each command's answer; None where an entry is of another type. Other errors are raised."""
    answers: list[Any] = pipeline.execute(raise_on_error=False)
    for place, answer in enumerate(answers):
        if isinstance(answer, ResponseError):
            if not str(answer).startswith("WRONGTYPE"):
                raise answer
            answers[place] = None
    return answers


def _sum(used: Iterable[str] | None) -> int:
    """Of numbers as we write them; anything else is none."""
    return sum(int(n) for n in used or () if n.isascii() and n.isdigit() and len(n) < 16)
