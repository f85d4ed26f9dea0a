"""What workers and verifiers tell each other of their limits, four times a second, by Valkey.

Each writes its word on a client in a field of one hash and reads the others' fields
(:mod:`tem_verifier.accounts`): told again it is the same, so an answer that was lost counts nobody
twice. Clients are named by a keyed hash; the key changes every day and is written nowhere else.

Written behind: a request is decided by what its own worker knows. So a client spread over W
workers gets at most what W - 1 of them let through in one round (a quarter of a second and the
round trip) above its bucket. Without Valkey each worker limits alone.
"""

import hashlib
import itertools
import re
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from tem.clock import Clock
from tem_verifier.accounts import Account, Entry, read
from tem_verifier.background import begin
from tem_verifier.limits import Limit
from tem_verifier.rates import Rate
from tem_verifier.shared_valkey import Away, Link

if TYPE_CHECKING:
    from valkey import Valkey
    from valkey.client import Pipeline

EXCHANGE_SECONDS = 0.25
# Clients a round and limit, and in one pipeline: a millisecond's work each time, so that the
# look-ups beside it never wait for it longer. Those left over come first in the next round.
TOLD_A_ROUND, AT_ONCE = 500, 50
_SHORTEST_ACCOUNT = 5.0  # seconds: many rounds, however soon a bucket is full again
_KEY_SECONDS = 2 * 86_400
_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Seal:
    """Names clients by a keyed hash. All workers that share limits have the same key."""

    def __init__(self) -> None:
        self.key = secrets.token_hex(32)

    def name(self, client: str) -> str:
        """A name that nobody can turn into an address without the key."""
        hashed = hashlib.blake2b(client.encode(), key=bytes.fromhex(self.key), digest_size=12)
        return hashed.hexdigest()


class Accounts:
    """The accounts of one limit, those used last at the end."""

    def __init__(self, limit: Limit, rate: Rate) -> None:
        self.limit, self.rate = limit, rate
        self._lasts = max(rate.refill, _SHORTEST_ACCOUNT)
        self._numbers = itertools.count(1)
        self._all: dict[str, Account] = {}
        self._untold: dict[str, Account] = {}

    def enter(self, now: float) -> None:
        """Add what was granted here since the last round, and forget who is long gone."""
        for client, look_ups in self.limit.granted().items():
            account = self._all.pop(client, None)
            if account is None or account.is_old(now, self._lasts):
                account = Account(next(self._numbers), now)
            account.own += look_ups
            self._all[client] = self._untold[client] = account
        for client in list(itertools.islice(self._all, TOLD_A_ROUND)):
            if not self._all[client].is_old(now, self._lasts):
                break
            del self._all[client]
            self._untold.pop(client, None)

    def untold(self) -> list[tuple[str, Account]]:
        """As many as are told in a round, those first that have waited longest."""
        return list(itertools.islice(self._untold.items(), TOLD_A_ROUND))

    def entry(self, client: str, account: Account, now: float) -> Entry:
        """Our word on a client."""
        return Entry(account.born, account.own, now + self.limit.behind(client))

    def hear(self, client: str, account: Account, others: Mapping[str, Entry], now: float) -> None:
        """Our word was taken down, and this is what the others say."""
        owed = account.hear(others, now, self.rate)
        account.told_at = now
        self._untold.pop(client, None)
        if owed:
            self.limit.owe(client, owed)


class Sharing:
    """Exchanges what some limits granted; also changes the key of the day."""

    def __init__(self, limits: Sequence[Limit], clock: Clock, link: Link | None) -> None:
        self._limits, self._seal, self._clock, self._link = limits, Seal(), clock, link
        self._accounts = [Accounts(limit, limit.rate) for limit in limits if limit.rate]
        self._name = secrets.token_hex(8)
        self._day = clock().toordinal()
        if link is not None:
            for accounts in self._accounts:
                accounts.limit.granted()  # from now on

    def exchange(self) -> None:
        """One round. While Valkey is away nothing that still matters is lost: a later round tells
        it."""
        for limit in self._limits:
            limit.forget()
        if self._link is None:
            return
        now = self._clock()
        if now.toordinal() != self._day:
            self._seal.key, self._day = secrets.token_hex(32), now.toordinal()
        for accounts in self._accounts:
            accounts.enter(now.timestamp())
        try:
            self._link(self._agree_on_key)
            for accounts in self._accounts:
                told = accounts.untold()
                for start in range(0, len(told), AT_ONCE):
                    self._tell(self._link, accounts, told[start : start + AT_ONCE])
        except Away:
            return

    def _agree_on_key(self, client: "Valkey") -> None:
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

    def _tell(self, link: Link, accounts: Accounts, told: Sequence[tuple[str, Account]]) -> None:
        now = self._clock().timestamp()
        lasts = min(ceil(accounts.rate.longest) + 5, _KEY_SECONDS)

        def ask(valkey: "Valkey") -> list[Any]:
            pipeline = valkey.pipeline(transaction=False)
            for client, account in told:
                here = f"tem:limit:{accounts.limit.kind}:{self._seal.name(client)}"
                pipeline.hset(here, self._name, str(accounts.entry(client, account, now)))
                pipeline.expire(here, lasts)
                pipeline.hgetall(here)
            return _answers(pipeline)

        fields = link(ask)[2::3]
        for (client, account), said in zip(told, fields, strict=True):
            accounts.hear(client, account, self._others(said), now)

    def _others(self, said: Any) -> dict[str, Entry]:
        """The others' words in a hash; what is no hash and what is no word says nothing."""
        words: Iterable[tuple[str, str]] = said.items() if isinstance(said, Mapping) else ()
        found = ((worker, read(text)) for worker, text in words if worker != self._name)
        return {worker: entry for worker, entry in found if entry is not None}

    def start(self, stopping: threading.Event) -> None:
        """Do it until told to stop."""
        begin(self.exchange, EXCHANGE_SECONDS, stopping)


def _answers(pipeline: "Pipeline") -> list[Any]:
    """Each command's answer; None where an entry is of another type. Other errors are raised."""
    from valkey.exceptions import ResponseError  # as in tem_verifier.shared_valkey

    answers: list[Any] = pipeline.execute(raise_on_error=False)
    for place, answer in enumerate(answers):
        if isinstance(answer, ResponseError):
            if not str(answer).startswith("WRONGTYPE"):
                raise answer
            answers[place] = None
    return answers
