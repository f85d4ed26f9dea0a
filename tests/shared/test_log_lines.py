"""Log lines: one JSON object each, no secret at any depth, nothing that steers a terminal."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.postgres import PostgresServer
from tests.running import environment, free_base_port

from tem import logs
from tem.process import die_with_parent
from tem.serve import web_command

CODE = "1234567890123456" + "7" * 158
KEY = "tem_0123456789ab_" + "f" * 72


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"/s/{CODE}", "/s/1234567890123456…"),
        (f"Bearer {KEY}", "Bearer tem_…"),
        ("postgresql://tem_issuer:s3cret@db:5432/x", "postgresql://tem_issuer:…@db:5432/x"),
        ("redis://:s3cret@valkey/0", "redis://:…@valkey/0"),
        ("host=db password=s3cret dbname=x", "host=db password=… dbname=x"),
        ("password='s3cret' user=x", "password='…' user=x"),
        ('{"passphrase": "s3cret"}', '{"passphrase": "…"}'),
        ("http://127.0.0.1:8101/v1/batches", "http://127.0.0.1:8101/v1/batches"),
        ("batch 12, stamps 1 to 16777215", "batch 12, stamps 1 to 16777215"),
    ],
)
def test_secrets_are_cut_short_and_the_rest_stays(text: str, shown: str) -> None:
    """Codes keep their batch part, keys and passwords nothing, addresses and numbers all."""
    assert logs.mask(text) == shown


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What comes out on standard error."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    return out


@pytest.fixture
def configured(written: io.StringIO) -> Iterator[Any]:
    """Logs as a service sets them up, put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("registry")
    logger = structlog.get_logger()
    yield logger
    root.handlers[:], root.level = before, level
    structlog.reset_defaults()


def test_what_strangers_send_begins_no_line_and_steers_no_terminal(
    configured: Any, written: io.StringIO
) -> None:
    """Control characters of all kinds stand as escapes and come back by a JSON reader."""
    nasty = '\n{"event": "forged"}\r\x1b[2J\x85\x9b\u2028\u202e\ud800"'
    configured.warning("request", path=nasty, deep={"in": [nasty]})
    raw = written.getvalue()
    assert raw.count("\n") == 1 and raw.endswith("\n")
    assert not any(ord(c) < 32 or c in "\x85\x9b\u2028\u202e" for c in raw[:-1])
    assert json.loads(raw)["path"] == nasty and json.loads(raw)["deep"] == {"in": [nasty]}


def test_a_secret_is_found_at_any_depth_and_in_a_trace(
    configured: Any, written: io.StringIO
) -> None:
    """Members of members and the words of an exception are masked like any text."""
    try:
        raise ValueError(f"cannot reach postgresql://u:s3cret@h/x for {KEY}")
    except ValueError as error:
        configured.error("x", deep={"list": [CODE, {"key": KEY}]}, exc_info=error)
    raw = written.getvalue()
    assert "s3cret" not in raw and CODE not in raw and "ffff" not in raw
    assert "Traceback" in json.loads(raw)["exception"]


def test_every_line_names_time_level_and_service(configured: Any, written: io.StringIO) -> None:
    """The standard library's warnings have the form of our own lines."""
    configured.info("ours")
    logging.getLogger("urllib3").warning("theirs %s", "too")
    ours, theirs = map(json.loads, written.getvalue().splitlines())
    assert (ours["event"], theirs["event"]) == ("ours", "theirs too")
    for line in (ours, theirs):
        assert line["service"] == "registry" and line["time"].endswith("Z") and line["level"]


@pytest.mark.parametrize("kind", ["unreachable", "wrong password"])
@pytest.mark.parametrize("process", ["follower", "issuer"])
def test_no_password_of_a_database_comes_out(
    kind: str, process: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Services that cannot open their database say so in JSON and never show the password."""
    password = "Qu4ng-B1nh-1604"
    port = postgres.port if kind == "wrong password" else free_base_port()
    url = f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/postgres"
    command = {
        "follower": [sys.executable, "-m", "tem", "registry", "follow"],
        "issuer": web_command("issuer", f"127.0.0.1:{free_base_port()}"),
    }[process]
    (tmp_path / "trust.json").write_text('{"keys": []}')
    settings = {"TEM_ISSUER_DATABASE_URL": url, "TEM_REGISTRY_DATABASE_URL": url}
    done = subprocess.run(
        command,
        env={**environment(tmp_path), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=die_with_parent,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert password not in said
    assert "OperationalError" in said or "database_unavailable" in said
    for line in done.stderr.splitlines():
        assert json.loads(line)["service"] == process, line
