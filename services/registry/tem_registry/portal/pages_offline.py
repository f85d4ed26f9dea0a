"""What a browser keeps for the time without a signal: the look of the pages and one page that says
so. Nothing that anybody recorded is ever kept there."""

import json

from flask import Response, make_response

from tem_registry.portal import assets
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit


def add(portal: Portal) -> None:
    """Add the worker's script and the page."""

    @portal.page("/sw.js")
    def worker(at: Visit) -> Response:
        # Changes with any asset, so that a browser takes the new worker and drops the old store.
        files = assets.address("")
        script = (
            f"const ASSETS = {json.dumps(files)}, SCANNER = {json.dumps(_scanner())};\n"
            f"importScripts({json.dumps(files + 'my/worker.js')});\n"
        )
        response = make_response(script)
        response.mimetype = "text/javascript"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @portal.page("/offline")
    def offline(at: Visit) -> Response:
        # It is kept for whoever opens the browser next: it names nobody, whoever asks for it.
        return Visit(at.app, at.lang, at.cookies, None).show("my/offline.html")


def _scanner() -> list[str]:
    """The modules that read QR codes."""
    found = (assets.FOLDER / "scan").rglob("*.js")
    return sorted(file.relative_to(assets.FOLDER).as_posix() for file in found)
