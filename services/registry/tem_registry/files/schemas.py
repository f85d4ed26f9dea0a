"""The wire of files."""

from marshmallow import fields

from tem.http.wire import Strict
from tem_registry.files.file_types import IMAGE_TYPES, TYPES

FILE_EXAMPLE = "F-3f8a1c0b5d7e9f2a4b6c8d0e1f3a5b7c"


class FileStored(Strict):
    """A file that is kept: the same bytes have the same id."""

    file_id = fields.String(
        required=True,
        metadata={
            "description": "F- and 32 hexadecimal digits of the SHA-256 of the bytes",
            "example": FILE_EXAMPLE,
        },
    )
    content_type = fields.String(required=True, metadata={"enum": list(TYPES)})
    size = fields.Integer(required=True, metadata={"description": "bytes", "example": 183204})


def raw_body() -> dict[str, object]:
    """A request body of raw bytes, for the OpenAPI document."""
    schema = {"type": "string", "format": "binary"}
    return {"required": True, "content": {kind: {"schema": schema} for kind in TYPES}}


def raw_answer() -> dict[str, object]:
    """A file as it was sent, for the OpenAPI document."""
    schema = {"type": "string", "format": "binary"}
    return {
        "description": "The bytes as they were sent; images inline, anything else as attachment",
        "content": {kind: {"schema": schema} for kind in (*IMAGE_TYPES, "application/pdf")},
    }
