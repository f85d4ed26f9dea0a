"""Sending: looks for webhooks with something to send, each in a thread of its own.

One that is slow holds up nobody but itself. Several processes may do this at once: who sends to a
webhook is noted in the database.
"""

import random
import ssl
import threading
import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import SQLAlchemyError

from tem import metrics  # noqa: F401 - says where the numbers below are kept
from tem.clock import Clock
from tem.databases import published
from tem.databases.database import reading, writing
from tem.logs import log
from tem.trail import audit
from tem_verifier import storage
from tem_verifier.changes import feed
from tem_verifier.webhook_addresses import Network
from tem_verifier.webhooks import claims, endpoints, messages, posting, retry_rules, signing
from tem_verifier.webhooks.endpoints import Log, Webhook
from tem_verifier.webhooks.messages import Message
from tem_verifier.webhooks.retry_rules import Answer
from tem_verifier.webhooks.tables import webhook_table

LOOK_SECONDS = 0.5
TURN_SECONDS = 20.0  # then the others have their turn
AT_ONCE = 100  # changes that become messages in one turn
MOST_TURNS = 64  # of this process at once
AGENT = "tem-webhooks/1"
ACTOR = "sender"
ATTEMPTS = Counter("tem_verifier_webhook_attempts", "Attempts to tell a webhook", ["outcome"])
SEEN = Gauge(
    "tem_verifier_webhooks_seen_timestamp_seconds",
    "When a process last looked for what to tell webhooks",
    multiprocess_mode="mostrecent",
)
NOTHING = Log(None, 0)
OUTCOMES = ("delivered", "refused", "unreachable")


class Sender:
    """What one process sends. ``networks`` may be reached beside the Internet."""

    def __init__(
        self, store: Engine, source: Engine, clock: Clock, networks: Collection[Network]
    ) -> None:
        self._store, self._source, self._clock = store, source, clock
        self._networks, self._tls = networks, ssl.create_default_context()
        self._busy: set[str] = set()
        self._away = False
        for outcome in OUTCOMES:
            ATTEMPTS.labels(outcome)

    def step(self) -> None:
        """Begin a turn for each webhook that has something to be sent.

        A database that is away is asked again the next time; that is said once.
        """
        try:
            known, found = self._due()
        except SQLAlchemyError as error:
            if not self._away:
                log.error("webhooks_unreadable", error=type(error).__name__)
            self._away = True
            return
        self._away = False
        SEEN.set_to_current_time()
        for id in found:
            if id not in self._busy and len(self._busy) < MOST_TURNS:
                self._busy.add(id)
                threading.Thread(target=self._try_turn, args=(id, known), daemon=True).start()

    def turn(self, id: str, known: Log) -> None:
        """Send what is due to one webhook, unless somebody else does."""
        with writing(self._store) as connection:
            if not claims.claim(connection, self._clock(), id):
                return
        try:
            self._queue(id, known)
            until = time.monotonic() + TURN_SECONDS
            while self._send_next(id) and time.monotonic() < until:
                pass
        finally:
            with writing(self._store) as connection:
                claims.release(connection, id)

    def _try_turn(self, id: str, known: Log) -> None:
        try:
            self.turn(id, known)
        except Exception as error:  # a database that is away comes back: the next turn goes on
            log.error("webhook_turn_failed", webhook=id, error=type(error).__name__)
        finally:
            self._busy.discard(id)

    def _due(self) -> tuple[Log, list[str]]:
        """The log, and the webhooks that have something to be sent."""
        known = self._log()
        if known is None:
            return NOTHING, []
        with reading(self._store) as connection:
            return known, claims.due(connection, self._clock(), known)

    def _log(self) -> Log | None:
        """The log of changes, if anybody listens to it and the verifiers believe it.

        After a restore its numbers count other changes: nothing is sent until an operator has
        taken it as it is (``tem verifier accept-restore``).
        """
        with reading(self._store) as connection:
            if not claims.any_there(connection):
                return None
            known = storage.position(connection)
        found = log_of(self._source)
        other = known.epoch is not None and found.epoch != known.epoch
        return None if known.went_back or other else found

    def _queue(self, id: str, known: Log) -> None:
        """Make messages of what happened since the last turn."""
        with reading(self._store) as connection:
            to = endpoints.with_id(connection, id)
        if to is None or known.epoch is None:
            return
        if to.epoch == known.epoch and to.cursor >= known.newest:
            return
        with reading(self._source) as connection:
            since = to.cursor if to.epoch == known.epoch else 0
            changes = feed.after(connection, since, AT_ONCE)
        with writing(self._store) as connection:
            messages.queue(connection, self._clock(), to, known.epoch, changes)

    def _send_next(self, id: str) -> bool:
        """Send one message; whether another one may be sent at once."""
        now = self._clock()
        with reading(self._store) as connection:
            to = endpoints.with_id(connection, id)
            message = None if to is None else messages.due(connection, now, id)
        if to is None or to.disabled_at is not None or message is None:
            return False
        body = message.body.encode()
        signed = signing.headers(to.live_secrets(now), message.id, int(now.timestamp()), body)
        sent = {"Content-Type": "application/json", "User-Agent": AGENT, **signed}
        answer = posting.post(to.url, sent, body, self._networks, self._tls)
        with writing(self._store) as connection:
            messages.note(connection, now, message, answer)
            self._settle(connection, to, message, answer)
        return not (answer.concerns_all or answer.is_gone)

    def _settle(
        self, connection: Connection, to: Webhook, message: Message, answer: Answer
    ) -> None:
        now = self._clock()
        if answer.is_delivered:
            ATTEMPTS.labels("delivered").inc()
            messages.drop(connection, message.id)
            well = dict.fromkeys(("failing_since", "quiet_until"))
            _set(connection, to.id, delivered_at=now, failures=0, **well)
            return
        ATTEMPTS.labels("unreachable" if answer.status is None else "refused").inc()
        failures, since = to.failures + 1, to.failing_since or now
        _set(connection, to.id, failures=failures, failing_since=since)
        if answer.is_gone or retry_rules.is_given_up(since, now):
            because = "gone" if answer.is_gone else "failing"
            _set(connection, to.id, disabled_at=now, disabled_because=because)
            about, told = f"webhook:{to.id}", {"because": because}
            audit.record(connection, now, ACTOR, "webhook.disabled", about, told)
            log.warning("webhook_disabled", webhook=to.id, because=because)
            return
        if retry_rules.is_given_up(message.queued_at, now):
            messages.drop(connection, message.id)
            log.warning("webhook_message_given_up", webhook=to.id, message=message.id)
            return
        tries = failures if answer.concerns_all else message.attempts + 1
        wait = retry_rules.wait_seconds(tries, answer.retry_after, random.uniform)
        until = now + timedelta(seconds=wait)
        messages.put_off(connection, message, until)
        if answer.concerns_all:
            _set(connection, to.id, quiet_until=until)


def log_of(source: Engine) -> Log:
    """Where the published log of changes stands."""
    with reading(source) as connection:
        found = published.position(connection)
        return Log(found[0] if found else None, feed.newest(connection))


def _set(connection: Connection, id: str, **values: Any) -> None:
    connection.execute(update(webhook_table).where(webhook_table.c.id == id).values(**values))
