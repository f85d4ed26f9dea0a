"""The wire of what the state has laid down: communes and categories."""

from marshmallow import Schema, fields


class CommuneShown(Schema):
    """A commune or ward since 01/07/2025, with the units it was made of, wholly or in part."""

    code = fields.String(required=True, metadata={"example": "18781"})
    name = fields.String(required=True, metadata={"example": "Phường Hải Ninh"})
    province_code = fields.String(required=True, metadata={"example": "42"})
    province = fields.String(required=True, metadata={"example": "Tỉnh Hà Tĩnh"})
    former_units = fields.List(fields.String(), required=True)


class CommuneList(Schema):
    """Communes in order of their codes; with ``former`` every candidate: a person chooses."""

    items = fields.List(fields.Nested(CommuneShown), required=True)
    next = fields.String()


class CategoryShown(Schema):
    """A group or subgroup of products (QĐ 148/QĐ-TTg)."""

    code = fields.String(required=True, metadata={"example": "I.4.a"})
    name_vi = fields.String(required=True)
    name_en = fields.String(required=True)
    parent = fields.String(
        required=True, allow_none=True, metadata={"description": "null for one of the six groups"}
    )
    stampable = fields.Boolean(
        required=True, metadata={"description": "false: its products never carry a stamp"}
    )


class CategoryList(Schema):
    """Categories in order of their codes."""

    items = fields.List(fields.Nested(CategoryShown), required=True)
    next = fields.String()
