"""Styles, scripts and pictures of the pages, under an address that changes with their content.

One digest over all of them stands in the path, so a module that imports its neighbour finds the
one of the same version, and a telephone with a bad signal asks for each of them once.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory

FOLDER = Path(__file__).parent / "static"
_FOR_EVER = 31536000
_TEXTS = (".css", ".js", ".svg")


@cache
def digest() -> str:
    """Names the content of all files."""
    whole = hashlib.sha256()
    for file in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        content = file.read_bytes()
        whole.update(f"{file.relative_to(FOLDER)}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:12]


def address(name: str) -> str:
    """Where a page finds a file."""
    return f"/assets/{digest()}/{name}"


@cache
def _packed(path: Path) -> bytes:
    """A file as gzip: a third of the bytes on a bad line. Made once; there are few."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def register(app: Flask) -> None:
    """Serve them; under an older digest the present ones, not to be kept."""

    @app.get("/assets/<version>/<path:name>")
    def asset(version: str, name: str) -> Response:
        response = send_from_directory(FOLDER, name)
        if response.status_code == 200 and name.endswith(_TEXTS):
            response.vary.add("Accept-Encoding")
            if request.accept_encodings.quality("gzip") > 0:
                response.direct_passthrough = False
                response.set_data(_packed(FOLDER / name))
                response.headers["Content-Encoding"] = "gzip"
        lasting = version == digest() and response.status_code in (200, 304)
        kept = f"public, max-age={_FOR_EVER}, immutable" if lasting else "no-cache"
        response.headers["Cache-Control"] = kept
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response
