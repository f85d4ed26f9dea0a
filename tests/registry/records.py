"""A small register for the tests of this room: two producers, three products, batches, lots."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, Table, select
from tests.conftest import SetClock

from tem.databases import grants, migrations, published
from tem.databases.database import plumbing, reading, writing
from tem.dates import rfc3339, vietnam_day
from tem.manifest import FORMAT, Manifest, signed_message
from tem.manifest import write as write_manifest
from tem.trust import OfficeKey, Trust
from tem.vocabulary import StampState
from tem_registry import publication, tables
from tem_registry.activation import corrections
from tem_registry.activation.activation import activate
from tem_registry.batches import delivery
from tem_registry.catalogue import catalogue
from tem_registry.fsck import fsck
from tem_registry.history import HISTORIES
from tem_registry.intervals import Interval
from tem_registry.lots import lots
from tem_registry.months import Months
from tem_registry.settings import Settings
from tem_registry.stamps import endings, stamps

OFFICE = "office:Lan#1"
_OFFICE_KEY = Ed25519PrivateKey.generate()
_OFFICE = OfficeKey(_OFFICE_KEY.public_key().public_bytes_raw())
TRUST = Trust({_OFFICE.id: _OFFICE})
Row = dict[str, Any]


def settings(**changes: Any) -> Settings:
    """Settings as an installation has them; no file named here is ever opened."""
    nowhere = Path("/nonexistent")
    given: Row = {
        "database_url": "",
        "trust_file": nowhere,
        "issuer_url": "http://127.0.0.1:9",
        "issuer_key_file": nowhere,
        "unit_fee_vnd": 200,
        "two_person_quantity": 1000,
        "unit_subsidy_vnd": 30,
        "window_months": Months({"": 24, "I.1": 6}),
        "record_months": Months({"": 12}),
        "correction_days": 7,
        "audit_key_file": nowhere / "audit-key",
        "checkpoints": nowhere / "checkpoints.txt",
        "verifier_url": "http://127.0.0.1:9",
        "verifier_key_file": nowhere,
        "authority": nowhere,
        "pack_key_file": nowhere,
        "pack_days": 7,
        "public_url": "https://tem.example.vn",
    }
    return Settings(**{**given, **changes})


def producer(id: str, **changes: Any) -> Row:
    """A producer with everything that is nobody's business in it."""
    return {
        "producer_id": id,
        "name": f"Hợp tác xã {id}",
        "producer_type": "cooperative",
        "representative": "Lê Thị Kín",
        "phone": f"0239 000 {''.join(filter(str.isdigit, id)).zfill(4)[:4]}",
        "email": f"{id}@example.example",
        "tax_code": "3000000001",
        "address": {"full": f"Thôn {id}, Tỉnh Hà Tĩnh", "commune_code": "18781"},
        **changes,
    }


def product(id: str, producer_id: str, **changes: Any) -> Row:
    """A product that keeps for 12 months."""
    return {
        "product_id": id,
        "producer_id": producer_id,
        "name": f"Nước mắm {id}",
        "category_code": "I.4.a",
        "unit": "chai",
        "shelf_life": {"value": 12, "unit": "month"},
        "date_kind": "best_before",
        "production_date_kind": "production_date",
        "stampable": True,
        **changes,
    }


def certificate(id: str, product_id: str, **changes: Any) -> Row:
    """A certificate in force for 36 months, to the end of 2027."""
    return {
        "certificate_id": id,
        "product_id": product_id,
        "stars": 4,
        "decision_no": f"{id}/QĐ-UBND",
        "decision_date": "2024-12-31",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-12-31",
        "valid_until": "2027-12-31",
        **changes,
    }


def point_of_sale(id: str, **changes: Any) -> Row:
    """A certified shop."""
    return {
        "pos_id": id,
        "name": f"Cửa hàng {id}",
        "pos_type": "shop",
        "address": {"full": "Phường Thành Sen"},
        "certified_no": f"{id}/2025",
        "certified_on": "2025-01-01",
        "status": "active",
        **changes,
    }


def contract(id: str, pos_id: str, producer_id: str, *product_ids: str, **changes: Any) -> Row:
    """A contract under which a shop sells products."""
    return {
        "contract_id": id,
        "contract_no": f"{id}/2025",
        "pos_id": pos_id,
        "producer_id": producer_id,
        "product_ids": list(product_ids),
        "signed_on": "2025-01-01",
        "valid_until": "2027-01-01",
        **changes,
    }


def all_tables() -> list[Table]:
    """Every table of the registry's database, those named by others first."""
    found = (plumbing, tables.metadata, published.metadata)
    return [table for metadata in found for table in metadata.sorted_tables]


def make_tables(engine: Engine) -> None:
    """Make every table of the registry's database."""
    with writing(engine) as connection:
        migrations.bring_up_to_date(connection, HISTORIES)
        everything = tuple(grant for history in HISTORIES for grant in history.grants)
        assert list(grants.apply(connection, everything)) or engine.dialect.name == "sqlite"


# Above a test of what is refused before the database is asked, or answered by Python alone.
ONE_ENGINE = pytest.mark.parametrize("bare", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Register:
    """A registry's database with a clock, and short ways to bring about a state."""

    engine: Engine
    clock: SetClock

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write."""
        with writing(self.engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot to read from."""
        with reading(self.engine) as connection:
            yield connection

    def add(self, kind: str, record: Row) -> Row:
        """Add a record of the catalogue."""
        with self.write() as connection:
            described = catalogue.KINDS[kind]
            return catalogue.add(connection, self.clock(), OFFICE, described, record)

    def change(self, kind: str, id: str, **fields: Any) -> Row:
        """Change a record of the catalogue."""
        with self.write() as connection:
            described = catalogue.KINDS[kind]
            return catalogue.change(connection, self.clock(), OFFICE, described, id, fields)

    def populate(self) -> None:
        """P1 makes SP1 and SP2, P2 makes SP3; each has a certificate in force."""
        for id in ("P1", "P2"):
            self.add("producer", producer(id))
        for id, owner in (("SP1", "P1"), ("SP2", "P1"), ("SP3", "P2")):
            self.add("product", product(id, owner))
            self.add("certificate", certificate(f"CN-{id}", id))

    def batch(
        self, number: int, quantity: int = 100, product_id: str = "SP1", *, delivered: bool = True
    ) -> int:
        """Put a batch on record as issuing does, its manifest signed by the key in TRUST."""
        with self.write() as connection:
            put_on_record(connection, self.clock(), number, quantity, product_id)
            if delivered:
                delivery.deliver(connection, self.clock(), OFFICE, number, "BB-1")
        return number

    def lot(
        self, id: str, quantity: int = 1000, product_id: str = "SP1", **fields: Any
    ) -> lots.Lot:
        """Record a lot made a month ago."""
        body = {
            "lot_id": id,
            "product_id": product_id,
            "lot_code": f"code-{id}",
            "production_date": "2026-10-20",
            "quantity": quantity,
            **fields,
        }
        with self.write() as connection:
            return lots.add(connection, self.clock(), OFFICE, settings(), body)

    def activate(
        self, lot_id: str, batch: int, first: int, last: int, own: str | None = None
    ) -> Row:
        """Tie a range to a lot."""
        with self.write() as connection:
            return activate(
                connection,
                self.clock(),
                OFFICE,
                lot_id,
                batch=batch,
                first=first,
                last=last,
                own=own,
            )

    def void(self, batch: int, first: int, last: int, reason: str = "misprint") -> Row:
        """Void a range."""
        with self.write() as connection:
            return endings.void(connection, self.clock(), OFFICE, batch, first, last, reason)

    def revoke(self, batch: int, first: int, last: int, reason: str = "decision 7") -> Row:
        """Revoke a range."""
        with self.write() as connection:
            return endings.revoke(connection, self.clock(), OFFICE, batch, first, last, reason)

    def deliver(self, batch: int, receipt: str | None = "BB-7") -> stamps.Batch:
        """Hand over what lies at the office."""
        with self.write() as connection:
            return delivery.deliver(connection, self.clock(), OFFICE, batch, receipt)

    def take_back(self, batch: int, first: int, last: int, reason: str = "not needed") -> Row:
        """Take delivered stamps back."""
        with self.write() as connection:
            now = self.clock()
            return delivery.take_back(connection, now, OFFICE, batch, first, last, reason)

    def correct(
        self, batch: int, first: int, last: int, lot_id: str | None, reason: str = "nhầm lô"
    ) -> Row:
        """Correct a wrong activation, within 7 days for any reason."""
        where = {"first": first, "last": last, "lot_id": lot_id, "reason": reason}
        with self.write() as connection:
            return corrections.correct(connection, self.clock(), OFFICE, 7, batch, **where)

    def ranges(self, batch: int) -> list[tuple[int, int, str, str | None]]:
        """A batch's intervals in short."""
        with self.read() as connection:
            found = stamps.intervals(connection, batch)
        return [(one.first, one.last, str(one.state), one.lot_id) for one in found]

    def rows(self, table: Any) -> list[Row]:
        """Everything in a table, in order of its key."""
        with self.read() as connection:
            query = select(*table.c).order_by(*table.primary_key.columns)
            return [dict(row._mapping) for row in connection.execute(query)]

    def everything(self) -> dict[str, list[Row]]:
        """All tables, row by row."""
        return {table.name: self.rows(table) for table in all_tables()}

    def faults(self) -> list[str]:
        """What ``tem fsck`` would say."""
        with self.read() as connection:
            return list(fsck.faults(connection, TRUST, self.clock()))

    def actions(self) -> list[str]:
        """What the audit trail says was done."""
        return [row["action"] for row in self.rows(plumbing.tables["audit_entry"])]


def put_on_record(
    connection: Connection, now: datetime, number: int, quantity: int, product_id: str
) -> None:
    """A batch with its order, intervals and published rows, as if it had been issued."""
    made = Manifest(
        batch=number,
        code_file_sha256="0" * 64,
        fingerprints_sha256=hashlib.sha256(bytes(8 * (quantity + 3))).hexdigest(),
        format=FORMAT,
        hashes_sha256="0" * 64,
        host="127.0.0.1",
        issued_at=rfc3339(now),
        last_index=quantity + 3,
        office_key_id=_OFFICE.id,
        producer=catalogue.product_for_rules(connection, product_id).producer_id,
        product=product_id,
        public_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex(),
        quantity=quantity,
    )
    owned = {"product_id": product_id, "producer_id": made.producer, "quantity": quantity}
    connection.execute(
        tables.stamp_order.insert().values(
            id=f"DH-{number}",
            **owned,
            unit_fee_vnd=200,
            unit_subsidy_vnd=30,
            state="issued",
            requested_at=now,
            requested_by=OFFICE,
            batch=number,
        )
    )
    connection.execute(
        tables.approval.insert().values(order_id=f"DH-{number}", approver="Lan", at=now)
    )
    text = write_manifest(made)
    signature = _OFFICE_KEY.sign(signed_message(text))
    connection.execute(
        tables.stamp_batch.insert().values(
            number=number,
            order_id=f"DH-{number}",
            **owned,
            public_key=bytes.fromhex(made.public_key),
            manifest=text,
            signature=signature,
            issued_on=vietnam_day(now),
            revision=0,
        )
    )
    whole = [Interval(1, quantity, StampState.ISSUED)]
    stamps.write(connection, number, whole)
    change = publication.next_change(connection, now)
    pieces = [bytes(8 * made.last_index)]
    publication.put_batch(connection, change, made, text, signature, pieces)
    publication.replace_intervals(connection, change, number, whole)
