"""The kinds of rows the catalogue keeps, and what is particular about each."""

from dataclasses import dataclass

from marshmallow import Schema
from sqlalchemy import Table

from tem_registry import tables
from tem_registry.catalogue import schemas as schemas_catalogue
from tem_registry.catalogue import schemas_queries


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row: its name, table, id field, schemas, and the columns kept beside it.

    ``columns`` are fields of the record; ``owner`` is the column that tells whose it is;
    ``personal`` fields are never told in the audit trail, which nobody can erase.
    """

    name: str
    path: str
    table: Table
    id_field: str
    prefix: str
    schema: type[Schema]
    query: type[Schema]
    columns: tuple[str, ...] = ()
    owner: str | None = None
    personal: frozenset[str] = frozenset()


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "producer",
            "producers",
            tables.producer,
            "producer_id",
            "P",
            schemas_catalogue.Producer,
            schemas_queries.ProducerQuery,
            owner="id",
            personal=frozenset(
                {"representative", "phone", "email", "tax_code", "consent.evidence"}
            ),
        ),
        Kind(
            "product",
            "products",
            tables.product,
            "product_id",
            "SP",
            schemas_catalogue.Product,
            schemas_queries.ProductQuery,
            ("producer_id",),
            "producer_id",
        ),
        Kind(
            "certificate",
            "certificates",
            tables.certificate,
            "certificate_id",
            "CN",
            schemas_catalogue.Certificate,
            schemas_queries.CertificateQuery,
            ("product_id",),
        ),
        Kind(
            "point_of_sale",
            "points-of-sale",
            tables.point_of_sale,
            "pos_id",
            "DB",
            schemas_catalogue.PointOfSale,
            schemas_queries.PointOfSaleQuery,
            personal=frozenset({"phone"}),
        ),
        Kind(
            "contract",
            "contracts",
            tables.contract,
            "contract_id",
            "HD",
            schemas_catalogue.Contract,
            schemas_queries.ContractQuery,
            ("producer_id", "pos_id"),
            "producer_id",
        ),
    )
}
