"""The tables of the usual design, mapped as one would: a stamp has a lot, a lot a product."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What all tables share."""


class Producer(Base):
    """Who made it."""

    __tablename__ = "producer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    producer_type: Mapped[str]
    address: Mapped[str]
    address_before: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]
    website: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]


class Product(Base):
    """What it is, with its certificate; ``points_of_sale`` are as the answer shows them."""

    __tablename__ = "product"
    id: Mapped[int] = mapped_column(primary_key=True)
    producer_id: Mapped[int] = mapped_column(ForeignKey("producer.id"))
    name: Mapped[str]
    category_code: Mapped[str]
    gtin: Mapped[str]
    unit: Mapped[str]
    packaging: Mapped[str]
    preservation: Mapped[str]
    usage: Mapped[str]
    process: Mapped[str]
    story: Mapped[str]
    raw_material_source: Mapped[str]
    declared_standard: Mapped[str]
    test_lab: Mapped[str]
    test_report_no: Mapped[str]
    tested_on: Mapped[date]
    stars: Mapped[int]
    decision_no: Mapped[str]
    decision_date: Mapped[date]
    issuing_authority: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    points_of_sale: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    producer: Mapped[Producer] = relationship()


class Lot(Base):
    """When it was made; ``recall_reason`` while it is under recall."""

    __tablename__ = "lot"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    code: Mapped[str]
    production_date: Mapped[date]
    best_before: Mapped[date]
    info_expires_on: Mapped[date]
    recall_reason: Mapped[str | None]
    product: Mapped[Product] = relationship()


class Stamp(Base):
    """One stamp, found by the random code printed on it; ``state`` as the registry names it."""

    __tablename__ = "stamp"
    code: Mapped[UUID] = mapped_column(primary_key=True)
    batch: Mapped[int]
    number: Mapped[int]
    state: Mapped[str]
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"), index=True)
    lot: Mapped[Lot | None] = relationship()
