"""An app behind our worker for tests: little time for a request, and it tells how much came."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from tem.http import request_pace


def create_app() -> Callable[..., Iterable[bytes]]:
    """It counts a body; ``/livez`` is there."""
    request_pace.FIRST_SECONDS, request_pace.LONGEST_SECONDS = 0.5, 2.0
    request_pace.BYTES_A_SECOND, request_pace.LINGER_SECONDS = 1000, 0.1
    app = Flask("paced")
    app.config["MAX_CONTENT_LENGTH"] = 10_000_000  # as all our services have one

    @app.route("/livez")
    def alive() -> str:
        return "alive"

    @app.route("/body", methods=["POST"])
    def body() -> dict[str, Any]:
        return {"bytes": len(request.get_data())}

    return app
