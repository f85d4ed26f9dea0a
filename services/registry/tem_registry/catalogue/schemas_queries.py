"""Queries of the catalogue's lists: which page, and which records of it."""

import re

from marshmallow import fields, validate

from tem.vocabulary import ProducerStatus
from tem_registry.catalogue.schemas_parts import COMMUNE_CODE
from tem_registry.catalogue.standing import STANDINGS
from tem_registry.fields import Id, Page, Words


def _commune() -> fields.String:
    return fields.String(validate=COMMUNE_CODE, metadata={"example": "18781"})


def _name() -> fields.String:
    return Words(100, metadata={"description": "part of the name; case and accents are ignored"})


class ProducerQuery(Page):
    """Which producers."""

    commune = _commune()
    status = fields.String(
        validate=validate.OneOf([str(s) for s in ProducerStatus]),
        metadata={"description": "as of today"},
    )
    q = _name()


class ProductQuery(Page):
    """Which products."""

    producer = Id()
    category = fields.String(
        validate=validate.Regexp(re.compile(r"[A-Za-z0-9.]{1,20}\Z", re.ASCII)),
        metadata={"description": "this category and those under it", "example": "I.4"},
    )
    stampable = fields.Boolean(
        truthy={"true"}, falsy={"false"}, validate=validate.OneOf([True, False])
    )
    q = _name()


class CertificateQuery(Page):
    """Which certificates."""

    product = Id()
    status = fields.String(
        validate=validate.OneOf([*STANDINGS, "lapsed"]),
        metadata={"description": "as of today; lapsed is another word for expired"},
    )


class PointOfSaleQuery(Page):
    """Which points of sale."""

    commune = _commune()
    status = fields.String(validate=validate.OneOf(["active", "suspended", "closed"]))
    q = _name()


class ContractQuery(Page):
    """Which contracts."""

    pos = Id()
    producer = Id()
    status = fields.String(
        validate=validate.OneOf(["valid", "expired", "not_yet_valid"]),
        metadata={"description": "as of today"},
    )


class CommuneQuery(Page):
    """Which communes."""

    former = Words(
        100,
        metadata={
            "description": "a unit before 01/07/2025: all that took in a part of it",
            "example": "Kỳ Lợi",
        },
    )
    q = _name()
