"""The verifier under any WSGI server: the front answers, or Flask, and nobody can tell which."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.running import free_base_port, until
from tests.verifier.conftest import Opener
from tests.verifier.mint import Minted
from tests.verifier.serving_stub import Front, create_flask
from tests.verifier.test_front import HEADERS, application, told
from werkzeug.test import Client

from tem.installation import Installation
from tem.process import dying_with_me
from tem.serve import first_start
from tem_verifier.application import Application
from tem_verifier.front import ODD


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_any_wsgi_server_gets_what_flask_would_say(batch: Minted, open_verifier: Opener) -> None:
    """Plain look-ups, the beacon, and what only Flask answers: the same status, headers, bytes."""
    app = application(open_verifier())
    ours, theirs = Client(app), app.flask.test_client()
    for path in (f"/s/{batch.text(1)}", f"/s/{batch.text(1)}/seen", "/s/1", "/", "/livez", "/x"):
        for headers in HEADERS:
            for method in ("GET", "HEAD", "POST"):
                one = ours.open(path, method=method, headers=headers)
                other = theirs.open(path, method=method, headers=headers)
                assert one.status == other.status, path
                if one.status_code < 400:
                    assert one.data == other.data, path
                    assert told(one.headers.items()) == told(other.headers.items()), path


def test_what_is_odd_never_reaches_the_front() -> None:
    """A body, a trace, an upgrade: Flask answers, as the id shows that this front never gives."""
    client = Client(Application(create_flask(), Front()))  # type: ignore[arg-type]
    assert "X-Request-Id" not in client.get("/s/1").headers
    for name in ODD - {b"content-length"}:
        assert "X-Request-Id" in client.get("/s/1", headers={name.decode(): "1"}).headers, name
    assert "X-Request-Id" in client.get("/s/1", data=b"a").headers


@pytest.mark.parametrize("kind", ["gthread", "sync"])
def test_plain_gunicorn_runs_the_verifier(kind: str, tmp_path: Path) -> None:
    """``gunicorn "tem_verifier.app:create_app()"`` with gunicorn's own workers answers."""
    first_start(Installation(tmp_path))
    port = free_base_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", kind]
    command += ["--bind", f"127.0.0.1:{port}", "tem_verifier.app:create_app()"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "TEM_DATA": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=dying_with_me(),
    )

    def answer() -> httpx.Response | None:
        with suppress(httpx.HTTPError):
            address = f"http://127.0.0.1:{port}/s/{'9' * 174}"
            return httpx.get(address, headers=HEADERS[0])
        return None

    try:
        until(lambda: answer() is not None)
        found = answer()
        assert found is not None and found.json()["verdict"] == "MALFORMED"
    finally:
        process.terminate()
        process.wait(20)
