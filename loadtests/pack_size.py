"""``python -m loadtests.pack_size``: how large the offline pack of a province is.

The record is made at random and as hard to pack as a real one could be: stamps cut into ranges at
any place, each tied to any lot of its product. What is printed stands in docs/offline-packs.md.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from loadtests.bulk import insert
from loadtests.pack_worlds import pack_key
from sqlalchemy import Connection, update
from tests.verifier.mint import Mint

from tem import ed25519
from tem.clock import system_clock
from tem.databases import published
from tem.databases.database import open_engine, sqlite_url, writing
from tem.databases.migrations import PUBLISHED, bring_up_to_date
from tem.dates import info_expires_on, vietnam_day
from tem.pack import reader, rfc8032, trust_list
from tem.stampcode import SIGNING_CONTEXT, signed_message, text_of
from tem.vocabulary import StampState
from tem_registry import publication
from tem_registry.intervals import Interval
from tem_registry.packs.making import Maker

PREFIX = "https://tem.hatinh.example.vn/s/"
OFFICE = "Văn phòng Điều phối nông thôn mới tỉnh Hà Tĩnh"
NAMES = ("Nước mắm", "Bưởi", "Cu đơ", "Mật ong", "Kẹo lạc", "Chè xanh", "Nhung hươu", "Cam bù")
MADE_AT_MOST_AGO = 360  # days


class Province:
    """So many stamps, ranges and lots, and what a province has of products beside them."""

    def __init__(self, stamps: int, ranges: int, lots: int) -> None:
        self.random = Random(7)
        self.batches, self.products, self.producers = max(1, stamps // 10_000), 400, 200
        self.quantity, self.lots = stamps // self.batches, lots
        self.ranges_of_batch = ranges // self.batches
        self.today = vietnam_day(system_clock())

    def product_of(self, batch: int) -> int:
        """Batches go round the products."""
        return batch % self.products

    def cards(self) -> Iterator[tuple[str, str, str, int]]:
        """Rows of the published cards, as full as the registry publishes them."""
        for number in range(self.producers):
            yield _row("producer", f"HT-P{number:03d}", self._producer(number))
        for number in range(self.products):
            yield _row("product", f"HT-SP{number:03d}", self._product(number))
        for number in range(self.lots):
            yield _row("lot", f"HT-L{number:05d}", self._lot(number))

    def _producer(self, number: int) -> dict[str, Any]:
        return {
            "producer_id": f"HT-P{number:03d}",
            "name": f"Hợp tác xã {self._name()} {number}",
            "producer_type": self.random.choice(("cooperative", "household", "enterprise")),
            "address": {"full": f"Thôn {number}, xã Cẩm Bình, tỉnh Hà Tĩnh"},
            "statuses": [{"status": "active", "since": self._day(3000)}],
        }

    def _product(self, number: int) -> dict[str, Any]:
        made = self.random.randrange(10**6)
        return {
            "product_id": f"HT-SP{number:03d}",
            "producer_id": f"HT-P{number // 2:03d}",
            "name": f"{self._name()} {self._name()} {made % 100}",
            "packaging": f"Hộp {made % 1000} g",
            "unit": "hộp",
            "gtin": f"0893{made:010d}",
            "category_code": "I.4.a",
            "date_kind": self.random.choice(("best_before", "use_by")),
            "story": "Câu chuyện sản phẩm. " * 40,
            "points_of_sale": [],
            "certificates": [
                {
                    "certificate_id": f"HT-CN{number:03d}",
                    "stars": 3 + made % 3,
                    "decision_no": f"{made}/QĐ-UBND",
                    "decision_date": self._day(900),
                    "issuing_authority": "UBND tỉnh Hà Tĩnh",
                    "valid_from": self._day(900),
                    "valid_until": (self.today + timedelta(days=made % 900)).isoformat(),
                    "revoked_on": None,
                    "revocation_decision_no": None,
                }
            ],
        }

    def _lot(self, number: int) -> dict[str, Any]:
        made = self.today - timedelta(days=self.random.randrange(1, MADE_AT_MOST_AGO))
        best_before = made + timedelta(days=self.random.choice((180, 365, 540, 730)))
        window = info_expires_on(best_before).isoformat()
        return {
            "lot_id": f"HT-L{number:05d}",
            "code": f"L{made:%y%m%d}-{self.random.choice('ABCD')}{self.random.randrange(1000)}",
            "production_date": made.isoformat(),
            "production_date_kind": "production_date",
            "best_before": best_before.isoformat(),
            "precision": "day",
            "info_expires_on": window,
            "window_ends_on": window,
            "recalls": [self._recall()] if number % 100 == 0 else [],
        }

    def _recall(self) -> dict[str, Any]:
        return {
            "kind": "mandatory",
            "ordered_on": self._day(20),
            "ordered_by": OFFICE,
            "decision_no": f"{self.random.randrange(10**4)}/QĐ-TH",
            "reason_public": "Chỉ tiêu vi sinh vượt mức cho phép",
            "lifted_at": None,
        }

    def _name(self) -> str:
        return " ".join(self.random.sample(NAMES, 2))

    def _day(self, ago: int) -> str:
        return (self.today - timedelta(days=self.random.randrange(1, ago))).isoformat()

    def intervals(self, batch: int) -> Iterator[tuple[Any, ...]]:
        """Ranges of a batch cut anywhere; some void, some revoked, the last not activated yet."""
        cuts = self.random.sample(range(1, self.quantity), self.ranges_of_batch - 1)
        ends = [0, *sorted(cuts), self.quantity]
        lots = range(self.product_of(batch), self.lots, self.products)
        for first, last in pairwise(ends):
            lot = f"HT-L{self.random.choice(lots):05d}"
            kind = self.random.random()
            if last == self.quantity:
                yield batch, first + 1, last, "delivered", None, None
            elif kind < 0.02:
                yield batch, first + 1, last, "void", self.random.choice((None, lot)), None
            elif kind < 0.03:
                yield batch, first + 1, last, "revoked", lot, self._day(100)
            else:
                yield batch, first + 1, last, "activated", lot, None


def _row(kind: str, id: str, card: dict[str, Any]) -> tuple[str, str, str, int]:
    return kind, id, json.dumps(card, ensure_ascii=False, sort_keys=True), 1


def fill(connection: Connection, province: Province, mint: Mint) -> None:
    """Write the published tables."""
    publication.begin(connection, system_clock())
    insert(connection, published.card, ("kind", "id", "body", "change"), province.cards())
    for batch in range(1, province.batches + 1):
        product = province.product_of(batch)
        owner = f"HT-SP{product:03d}", f"HT-P{product // 2:03d}"
        says = {"quantity": province.quantity, "last_index": province.quantity + 3}
        digests = ("code_file_sha256", "hashes_sha256")  # of which nothing can be packed away
        says |= {name: province.random.randbytes(32).hex() for name in digests}
        minted = mint.sign(batch, 1, *owner, says=says)
        row = {"number": batch, "manifest": minted.manifest, "signature": minted.signature}
        owned = {"product_id": owner[0], "producer_id": owner[1], "change": 1}
        connection.execute(published.batch.insert().values(**row, **owned))
        columns = ("batch", "first", "last", "state", "lot_id", "revoked_on", "change")
        rows = ((*one, 1) for one in province.intervals(batch))
        insert(connection, published.interval, columns, rows)
    connection.execute(update(published.state).values(change=1))


def measure(folder: Path, province: Province, acts: int) -> None:
    """Make the packs of a province and say how large and how quick they are."""
    mint, key = Mint(folder), folder / "pack-key.json"
    key.write_text(pack_key(mint).write())
    engine = open_engine(sqlite_url(folder / "registry.db"))
    with writing(engine) as connection:
        bring_up_to_date(connection, [PUBLISHED])
        fill(connection, province, mint)
    ahead = [timedelta(0)]
    maker = Maker(engine, lambda: system_clock() + ahead[0], mint.trust_file, key, PREFIX, 7)
    began = time.perf_counter()
    full = maker.if_due()
    assert full is not None
    _say("full frame", f"{len(full.content):,} bytes, made in {_since(began)}")
    with writing(engine) as connection:
        _recall(connection)
    ahead[0] += timedelta(minutes=1)
    recall = maker.if_due()
    assert recall is not None
    _say("delta after one recall", f"{len(recall.content):,} bytes")
    with writing(engine) as connection:
        _act(connection, province, acts)
    ahead[0] += timedelta(minutes=1)
    began = time.perf_counter()
    delta = maker.if_due()
    assert delta is not None
    _say(f"delta after {acts} acts", f"{len(delta.content):,} bytes, made in {_since(began)}")
    _read(full.content + delta.content, trust_list.parse(mint.trust_file.read_text("utf-8")))
    engine.dispose()


def _recall(connection: Connection) -> None:
    change = publication.next_change(connection, system_clock())
    lot = publication.card(connection, "lot", "HT-L00001") or {}
    lot["recalls"] = [Province(1, 1, 1)._recall()]
    publication.put_card(connection, change, "lot", "HT-L00001", lot)


def _act(connection: Connection, province: Province, acts: int) -> None:
    """Activations of the stamps that are left in as many batches."""
    for batch in range(1, acts + 1):
        change = publication.next_change(connection, system_clock())
        last = province.quantity
        tied = Interval(batch, last, last, StampState.ACTIVATED, f"HT-L{batch:05d}")
        publication.replace_intervals(connection, change, batch, [tied])


def _read(file: bytes, believed: trust_list.TrustList) -> None:
    """Open a pack in plain Python and with libsodium; the memory is this process' growth."""
    began = time.perf_counter()
    pack = reader.open_pack(file, believed)
    _say("opened in", _since(began))
    tracemalloc.start()
    pack = reader.open_pack(file, believed)
    held, most = (count / 2**20 for count in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    _say("memory", f"{held:.0f} MB held, {most:.0f} MB while it is opened")
    for name, verifies in (("plain Python", rfc8032.verifies), ("libsodium", ed25519.verifies)):
        asked = replace(pack, verifies=verifies, _manifests={})
        warm, code = (_forged(number) for number in list(pack.content.batches)[:2])
        asked.answer(warm, system_clock())
        began = time.perf_counter()
        asked.answer(code, system_clock())
        _say(f"first of a batch, {name}", f"{(time.perf_counter() - began) * 1000:.2f} ms")
        began = time.perf_counter()
        for _ in range(200):
            asked.answer(code, system_clock())
        _say(f"an answer, {name}", f"{(time.perf_counter() - began) * 5:.2f} ms")


def _forged(batch: int) -> str:
    """A code of a batch whose signature is bad, and takes as long to refuse as a good one."""
    raw = signed_message(batch, 1)[len(SIGNING_CONTEXT) :] + bytes(range(64))
    return text_of(raw[:-1] + b"\0")


def _since(began: float) -> str:
    return f"{time.perf_counter() - began:.2f} s"


def _say(what: str, value: str) -> None:
    print(f"{what:31} {value}", flush=True)


def main() -> int:
    """Make a province's record and measure its pack."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.pack_size", description=__doc__)
    parser.add_argument("--stamps", type=int, default=5_000_000)
    parser.add_argument("--ranges", type=int, default=100_000)
    parser.add_argument("--lots", type=int, default=10_000)
    parser.add_argument("--acts", type=int, default=100, help="activations before the delta")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        province = Province(given.stamps, given.ranges, given.lots)
        measure(Path(folder), province, min(given.acts, province.batches))
    return 0


if __name__ == "__main__":
    sys.exit(main())
