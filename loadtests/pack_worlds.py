"""Worlds made at random: a registry's published tables, and codes of every kind to ask about."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from loadtests.pack_cards import Cards
from sqlalchemy import Connection, Engine
from tests.registry.records import make_tables
from tests.verifier.mint import PREFIX, Mint, Minted, code_of

from tem.clock import Clock
from tem.databases.database import open_engine, sqlite_url, writing
from tem.manifest import key_id, signed_message
from tem.pack import certificate
from tem.pack.certificate import Certificate
from tem.pack.frames import Signed
from tem.pack.key_file import PackKey
from tem.stampcode import FIRST_TEST_BATCH, text_of
from tem.vocabulary import StampState
from tem_registry import publication
from tem_registry.intervals import Interval
from tem_registry.packs.making import Maker

PRODUCTS, PRODUCERS, LOTS, BATCHES, QUANTITY = 12, 5, 40, 24, 60
DAYS = 60  # for which a pack answers here: as long as any may
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_TIED = (StampState.ACTIVATED,) * 6 + (StampState.VOID, StampState.REVOKED)
_LOOSE = (StampState.ISSUED, StampState.DELIVERED, StampState.VOID, StampState.REVOKED)


def empty_registry(folder: Path) -> Path:
    """A registry's database with nothing in it, to be copied for each world."""
    path = folder / "empty.db"
    engine = open_engine(sqlite_url(path))
    make_tables(engine)
    engine.dispose()
    return path


class World:
    """A registry's database with what it has published, an office key, and a maker of packs."""

    def __init__(self, seed: int, folder: Path, empty: Path) -> None:
        self.random, self.now = Random(seed), NOW
        self.engine: Engine = open_engine(sqlite_url(Path(shutil.copy(empty, folder / "w.db"))))
        self.mint, self._stranger = Mint(folder), Ed25519PrivateKey.generate()
        self._cards = Cards(self.random, NOW.date())
        self.batches: dict[int, Minted] = {}
        key = folder / "pack-key.json"
        key.write_text(pack_key(self.mint).write())
        clock: Clock = lambda: self.now  # noqa: E731 - it moves with the world
        self.maker = Maker(self.engine, clock, self.mint.trust_file, key, PREFIX, DAYS)
        with writing(self.engine) as connection:
            self._fill(connection)

    def _fill(self, connection: Connection) -> None:
        change = publication.next_change(connection, self.now)
        for kind, count in (("product", PRODUCTS), ("producer", PRODUCERS), ("lot", LOTS)):
            for number in range(count):
                self._put(connection, change, kind, number)
        for number in range(1, BATCHES + 1):
            self._put_batch(connection, change, number)

    def _put(self, connection: Connection, change: int, kind: str, number: int) -> None:
        card = getattr(self._cards, kind)(f"{kind}-{number}")
        publication.put_card(connection, change, kind, f"{kind}-{number}", card)

    def _put_batch(self, connection: Connection, change: int, number: int) -> None:
        product = f"product-{self.random.randrange(PRODUCTS)}"
        producer = f"producer-{self.random.randrange(PRODUCERS)}"
        quantity = self.random.randint(1, QUANTITY)
        made = self.mint.sign(number, quantity, product, producer)
        # Of one in twenty somebody unknown vouches: it must be unavailable.
        doubted = self.random.random() < 0.05
        office = self._stranger if doubted else self.mint.office
        signature = office.sign(signed_message(made.manifest))
        fingerprints = [made.fingerprints]
        publication.put_batch(connection, change, made.made, made.manifest, signature, fingerprints)
        self.batches[number] = made
        self._put_runs(connection, change, number)

    def _put_runs(self, connection: Connection, change: int, number: int) -> None:
        """The intervals of a batch anew; one in fifty has a hole at its end."""
        quantity = self.batches[number].made.quantity
        cuts = {self.random.randint(1, quantity) for _ in range(self.random.choice((0, 1, 3, 9)))}
        if self.random.random() > 0.02:
            cuts.add(quantity)
        first, runs = 1, []
        for last in sorted(cuts) or [quantity]:
            runs.append(self._run(first, last))
            first = last + 1
        publication.replace_intervals(connection, change, number, runs)

    def _run(self, first: int, last: int) -> Interval:
        tied = self.random.random() < 0.8
        state = self.random.choice(_TIED if tied else _LOOSE)
        # One lot in fifty is not published: nothing can be said of its stamps.
        lot = f"lot-{self.random.randrange(LOTS + LOTS // 50 + 1)}" if tied else None
        dated = state is StampState.REVOKED and self.random.random() < 0.5
        return Interval(first, last, state, lot, self._cards.near() if dated else None)

    def act(self) -> None:
        """Some acts: cards and runs written anew, a batch more."""
        self.now += timedelta(seconds=self.random.randint(11, 600))
        with writing(self.engine) as connection:
            change = publication.next_change(connection, self.now)
            for kind, count in (("product", PRODUCTS), ("producer", PRODUCERS), ("lot", LOTS)):
                for _ in range(self.random.randint(0, 3)):
                    self._put(connection, change, kind, self.random.randrange(count))
            for number in self.random.sample(sorted(self.batches), 3):
                self._put_runs(connection, change, number)
            self._put_batch(connection, change, max(self.batches) + 1)

    def codes(self, count: int) -> Iterator[str]:
        """Codes as tills scan them: mostly good ones, some of every kind that is not."""
        for _ in range(count):
            number = self.random.choice(list(self.batches))
            batch = self.batches[number]
            index = self.random.randint(1, batch.made.quantity)
            if self.random.random() < 0.85:
                yield batch.text(index)
            else:
                yield self.random.choice(self._odd(batch, number, index))

    def _odd(self, batch: Minted, number: int, index: int) -> list[str]:
        good = batch.text(index)
        stranger = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        raw = code_of(batch.key, number, index)
        unknown = max(self.batches) + self.random.randint(1, 9)
        return [
            PREFIX + good,
            batch.text(batch.made.last_index),  # a canary
            text_of(code_of(batch.key, number, batch.made.last_index + 1)),
            text_of(code_of(stranger, number, index)),
            text_of(code_of(stranger, unknown, index)),
            text_of(code_of(stranger, FIRST_TEST_BATCH + unknown, index)),
            text_of(raw[:8] + self.random.randbytes(64)),
            text_of(raw[:7] + bytes([raw[7] ^ 1]) + raw[8:]),  # another stamp's signature
            good[:-1] + str((int(good[-1]) + 1) % 10),
            self.random.choice((good[:-1], good + "0", f" {good}", "", "٣" * 174, "9" * 174)),
            f"https://tem.example.vn.evil.example/s/{good}",
        ]

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


def pack_key(mint: Mint) -> PackKey:
    """A pack key that the office of a world vouches for, for as long as its packs answer."""
    private = Ed25519PrivateKey.generate()
    vouched = Certificate(
        environment="production",
        format=certificate.FORMAT,
        office_key_id=key_id(mint.public_key),
        public_key=private.public_key().public_bytes_raw().hex(),
        valid_from="2026-01-01T00:00:00Z",
        valid_until="2028-01-01T00:00:00Z",
    )
    raw = vouched.write()
    signature = mint.office.sign(certificate.signed_message(raw))
    return PackKey(private.private_bytes_raw(), vouched, Signed(raw, signature))


def in_pack(answer: dict[str, Any]) -> dict[str, Any]:
    """An online answer with the parts that a pack has."""
    kept = {
        "product": ("product_id", "name", "gtin", "date_kind"),
        "producer": ("producer_id", "name", "producer_type"),
    }
    out = {name: part for name, part in answer.items() if name != "points_of_sale"}
    for part, names in kept.items():
        if part in out:
            out[part] = {name: out[part][name] for name in names if name in out[part]}
    return out
