"""What tills download: the JavaScript file, the Python file, and the digests of both.

The Python file is a zip application of the suite's own pure modules: one verdict for everybody.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from flask import Flask, Response

import tem
import tem_verifier

TEM, VERIFIER = Path(tem.__file__).parent, Path(tem_verifier.__file__).parent
SCRIPT, APPLICATION, DIGESTS = "tem-till.js", "tem-till.pyz", "SHA256SUMS"
_MAIN = b"import tem_till\n\ntem_till.main()\n"
# The modules of tem that a pack's answer is made with, beside the package pack.
_RULES = (
    *("__init__", "advice", "answer", "clock", "dates", "ed25519", "errors"),
    *("manifest", "stampcode", "verdict", "vocabulary"),
)
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # a zip cannot tell an earlier time


def script() -> bytes:
    """The JavaScript file."""
    return (VERIFIER / "static/till" / SCRIPT).read_bytes()


def application() -> bytes:
    """The Python file: the same sources give the same bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(_members()):
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content)
    return written.getvalue()


def _members() -> Iterable[tuple[str, bytes]]:
    yield "__main__.py", _MAIN
    yield "tem_till.py", (VERIFIER / "till_command.py").read_bytes()
    for path in (TEM / f"{name}.py" for name in _RULES):
        yield f"tem/{path.name}", path.read_bytes()
    for path in (TEM / "pack").glob("*.py"):
        if path.name != "key_file.py":  # for those who make packs
            yield f"tem/pack/{path.name}", path.read_bytes()
    for name in ("", "packs/"):
        yield f"tem_verifier/{name}__init__.py", (VERIFIER / name / "__init__.py").read_bytes()
    for name in ("asking", "seen", "whole_files"):
        yield f"tem_verifier/packs/{name}.py", (VERIFIER / f"packs/{name}.py").read_bytes()


def digests() -> str:
    """One line for each file, as ``sha256sum --check`` reads them."""
    files = ((SCRIPT, script()), (APPLICATION, application()))
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files)


def add_till_files(app: Flask) -> None:
    """Serves the Python file and the digests beside the script, which is a static file."""
    served = {APPLICATION: application(), DIGESTS: digests().encode()}
    kinds = {APPLICATION: "application/zip", DIGESTS: "text/plain; charset=utf-8"}

    def sent(name: str) -> Response:
        headers = {"Cache-Control": "public, max-age=3600", "Content-Type": kinds[name]}
        return Response(served[name], headers=headers)

    @app.get(f"/static/till/{APPLICATION}")
    def till_application() -> Response:
        return sent(APPLICATION)

    @app.get(f"/static/till/{DIGESTS}")
    def till_digests() -> Response:
        return sent(DIGESTS)
