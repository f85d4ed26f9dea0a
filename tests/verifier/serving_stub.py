"""An app with a front, as the verifier is one, in which a test knows every answer."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask, request
from sqlalchemy import create_engine

from tem.clock import system_clock
from tem.http.web import Wiring, service_app

BODY_BYTES = 64 * 1024
BODY = b"x" * 1500
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n" % len(BODY)
NAMED = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
LATER = "later"
LATER_SECONDS, SLOW_SECONDS = 0.2, 0.05


class Front:
    """Answers /s/1; /s/later when some time has passed; /s/slow by holding up the loop."""

    def answer(
        self,
        method: bytes,
        target: bytes,
        named: dict[bytes, bytes],
        peer: str,
        arrived: float,
    ) -> tuple[bytes, bytes] | str | None:
        """As tem_verifier.front says."""
        if target == b"/s/slow":
            until = time.monotonic() + SLOW_SECONDS
            while time.monotonic() < until:
                pass
        if target == b"/s/later" and time.monotonic() < arrived + LATER_SECONDS:
            return LATER
        if target == b"/s/broken":
            raise RuntimeError("the front is broken")
        if target.startswith(b"/s/later/") and time.monotonic() < arrived + SLOW_SECONDS:
            return LATER
        if target.startswith((b"/s/now/", b"/s/later/")):
            return NAMED % len(target), target
        if target not in (b"/s/1", b"/s/later", b"/s/slow"):
            return None
        return HEAD, b"" if method == b"HEAD" else BODY


class Stub:
    """What create_app of the verifier gives, in small."""

    def __init__(self, flask: Flask) -> None:
        self.front, self.flask = Front(), flask

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self.flask(environ, start_response)


def create_flask() -> Flask:
    """The app behind the front: it has the conventions of all services."""
    wiring = Wiring(create_engine("sqlite://"), system_clock)
    app, _ = service_app("stub", "1", wiring, dict, signed_in=False)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES

    @app.get("/s/<path:code>")
    def look_up(code: str) -> Any:
        return BODY, {"Content-Type": "text/plain"}

    @app.get("/s/now/<path:name>")
    @app.get("/s/later/<path:name>")
    @app.get("/s/flask/<path:name>")
    @app.get("/flask/<path:name>")
    def named(name: str) -> Any:
        return request.path, {"Content-Type": "text/plain"}

    @app.post("/v1/echo")
    def echo() -> Any:
        return {"got": request.get_json()}

    @app.get("/environ")
    def environ() -> Any:
        return {key: str(value) for key, value in request.environ.items() if key.isupper()} | {
            "scheme": request.environ["wsgi.url_scheme"]
        }

    @app.get("/sleep")
    def sleep() -> Any:
        time.sleep(float(request.args["seconds"]))
        return {}

    @app.get("/held")
    def held() -> Any:
        """Holds its thread until a file is there, for 30 seconds at most."""
        until = time.monotonic() + 30
        while not Path(request.args["file"]).exists() and time.monotonic() < until:
            time.sleep(0.01)
        return {}

    @app.get("/pieces")
    def pieces() -> Any:
        return iter([b"ab", b"", b"cd"])

    @app.get("/broken")
    def broken() -> Any:
        def break_off() -> Iterable[bytes]:
            yield b"a"
            raise RuntimeError("the app is broken")

        return break_off()

    return app


def create_app() -> Stub:
    """What gunicorn calls."""
    return Stub(create_flask())
