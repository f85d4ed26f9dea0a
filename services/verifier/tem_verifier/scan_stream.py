"""Parcels of scans on a stream in Valkey: written by every worker, read by a group of them."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tem_verifier.parcels import NoParcel, Parcel, decode, encode

if TYPE_CHECKING:
    from valkey import Valkey

STREAM, GROUP = "tem:scans", "verifiers"
# Some ten million scans of different stamps, 250 MB. Beyond it Valkey drops the oldest.
MOST_ENTRIES = 20_000
AT_ONCE = 40
# What a worker took and did not confirm for so long is taken over: it is dead, or as good as.
TAKE_OVER_SECONDS = 30.0
LEAVE_SECONDS = 3_600.0


def send(client: "Valkey", parcels: Iterable[Parcel]) -> None:
    """Append parcels, all or none; asked again they stand there twice, under the same names."""
    pipeline = client.pipeline(transaction=True)
    for parcel in parcels:
        fields: Any = encode(parcel)
        pipeline.xadd(STREAM, fields, maxlen=MOST_ENTRIES, approximate=True)
    pipeline.execute()


@dataclass(slots=True)
class Delivery:
    """Entries of the stream given to us, and what they hold; ``unreadable`` of them nothing."""

    ids: list[str] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    unreadable: int = 0

    def add(self, entries: Iterable[Any]) -> None:
        """Take entries as Valkey gives them; one that was dropped meanwhile has no fields."""
        for id, fields in entries:
            self.ids.append(id)
            try:
                self.parcels.append(decode(fields))
            except (NoParcel, TypeError):
                self.unreadable += 1


class Consumer:
    """One worker's membership of the group. What it was given is its own until confirmed."""

    def __init__(self, take_over_seconds: float = TAKE_OVER_SECONDS) -> None:
        self._name = secrets.token_hex(8)
        self._take_over_ms = int(take_over_seconds * 1000)
        self._next_look = 0.0

    def receive(self, client: "Valkey") -> Delivery:
        """What is to be counted next: what we had before, what a dead worker had, then new."""
        from valkey.exceptions import ResponseError  # as in tem_verifier.shared_valkey

        try:
            return self._receive(client)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            return self._receive(client)

    def _receive(self, client: "Valkey") -> Delivery:
        delivery = Delivery()
        delivery.add(self._read(client, "0"))
        if not delivery.ids and time.monotonic() >= self._next_look:
            delivery.add(self._take_over(client))
        if not delivery.ids:
            delivery.add(self._read(client, ">"))
        return delivery

    def _read(self, client: "Valkey", since: str) -> list[Any]:
        found: Any = client.xreadgroup(GROUP, self._name, {STREAM: since}, count=AT_ONCE)
        return found[0][1] if found else []

    def _take_over(self, client: "Valkey") -> list[Any]:
        claimed: Any = client.xautoclaim(
            STREAM, GROUP, self._name, self._take_over_ms, start_id="0-0", count=AT_ONCE
        )
        if not claimed[1]:
            self._next_look = time.monotonic() + self._take_over_ms / 3000
            self._dismiss(client)
        return list(claimed[1])

    def _dismiss(self, client: "Valkey") -> None:
        """Workers that have ended leave the group, once nothing of theirs is left."""
        members: Any = client.xinfo_consumers(STREAM, GROUP)
        for member in members:
            if member["pending"] == 0 and member["idle"] > LEAVE_SECONDS * 1000:
                client.xgroup_delconsumer(STREAM, GROUP, member["name"])

    def confirm(self, client: "Valkey", delivery: Delivery) -> None:
        """It is counted for good: drop it from the stream."""
        pipeline = client.pipeline(transaction=True)
        pipeline.xack(STREAM, GROUP, *delivery.ids)
        pipeline.xdel(STREAM, *delivery.ids)
        pipeline.execute()
