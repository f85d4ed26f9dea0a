"""A report as a CSV file over HTTP: when it is asked for, and how it is sent."""

from flask import Response, request

JSON, CSV = "application/json", "text/csv"
AS_CSV = {
    "content": {CSV: {"schema": {"type": "string"}}},
    "headers": {
        "Content-Disposition": {
            "description": "the file's name, of a CSV",
            "schema": {"type": "string"},
        }
    },
}


def wants_csv(format: str | None) -> bool:
    """``format`` decides; without it, what the Accept header likes best."""
    if format is not None:
        return format == "csv"
    return request.accept_mimetypes.best_match([JSON, CSV], JSON) == CSV


def download(content: bytes, file: str) -> Response:
    """A CSV with a header row, under a file's name."""
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Vary": "Accept"}
    return Response(content, content_type=f"{CSV}; charset=utf-8; header=present", headers=headers)
