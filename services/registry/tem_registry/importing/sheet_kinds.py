"""The kinds of records a spreadsheet may hold, in the order in which they name each other. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tem_registry.importing import sheet_columns_made as made
from tem_registry.importing import sheet_columns_sold as sold
from tem_registry.importing.sheet_columns import Column

WORKBOOK = "workbook"


@dataclass(frozen=True, slots=True)
class SheetKind:
    """A kind: the titles its sheet may have, its columns, and by what a row is known without id.

    ``natural`` are fields that together name a record to people; ``id_field`` names it to us.
    """

    name: str
    vi: str
    en: str
    id_field: str
    natural: tuple[str, ...]
    columns: tuple[Column, ...]
    also: tuple[str, ...] = ()


KINDS: Mapping[str, SheetKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SheetKind(
                "producer",
                "Chủ thể",
                "Producers",
                "producer_id",
                ("name",),
                made.PRODUCER,
                ("cơ sở", "cơ sở sản xuất"),
            ),
            SheetKind(
                "product",
                "Sản phẩm",
                "Products",
                "product_id",
                ("producer_id", "name"),
                made.PRODUCT,
            ),
            SheetKind(
                "certificate",
                "Giấy chứng nhận",
                "Certificates",
                "certificate_id",
                ("product_id", "decision_no"),
                made.CERTIFICATE,
                ("chứng nhận",),
            ),
            SheetKind(
                "point_of_sale",
                "Điểm bán",
                "Points of sale",
                "pos_id",
                ("certified_no",),
                sold.POINT_OF_SALE,
                ("điểm giới thiệu và bán sản phẩm",),
            ),
            SheetKind(
                "contract",
                "Hợp đồng",
                "Contracts",
                "contract_id",
                ("pos_id", "contract_no"),
                sold.CONTRACT,
                ("hợp đồng phân phối",),
            ),
            SheetKind(
                "lot",
                "Lô",
                "Lots",
                "lot_id",
                ("product_id", "lot_code"),
                sold.LOT,
                ("lô sản xuất",),
            ),
        )
    }
)
