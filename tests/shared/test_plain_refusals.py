"""What stands in a command's way is told in one line with a code, whatever command it is."""

import os
import sys
import threading
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import make_url

from tem import logs
from tem.cli import main
from tem.installation import Installation
from tem.serve import lacking

AWAY = "postgresql://tem_x:geheim@127.0.0.1:9/tem_x"


def tem(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(data)])


@pytest.fixture(autouse=True)
def own_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs for long says where its lines go for the whole process; whoever wrote
    one before would remember another place."""
    monkeypatch.setattr(logs, "log", structlog.get_logger())
    for module, name in ((sys, "excepthook"), (sys, "stderr"), (threading, "excepthook")):
        monkeypatch.setattr(module, name, getattr(module, name))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a machine with the registry alone, after its first start."""
    monkeypatch.delenv("TEM_REGISTRY_ISSUER_KEY_FILE", raising=False)
    folder = tmp_path / "data"
    assert tem(folder, "first-start", "registry").exit_code == 0
    return folder


@pytest.mark.parametrize(
    "words", ["fsck", "fsck --digest", "registry key list", "registry follow", "serve registry"]
)
def test_a_server_that_is_away(data: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """No traceback and no password, whoever asks."""
    (data / "trust.json").write_text('{"format": "x"}')
    for service in ("ISSUER", "REGISTRY", "VERIFIER"):
        monkeypatch.setenv(f"TEM_{service}_DATABASE_URL", AWAY)
    monkeypatch.setenv("TEM_BIND", "127.0.0.1")
    monkeypatch.setattr("tem.serve.is_busy", lambda host, port: False)
    done = tem(data, *words.split())
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.exception
    assert "database_unavailable" in done.output and "geheim" not in done.output
    assert "sqlalche.me" not in done.output


def test_an_address_that_is_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not repeated: it may hold a password."""
    monkeypatch.setenv("TEM_REGISTRY_DATABASE_URL", make_url(AWAY).set(drivername="x").__str__())
    done = tem(data, "registry", "key", "list")
    assert "[bad_setting]" in done.stderr and "geheim" not in done.output


def test_a_folder_without_an_installation(tmp_path: Path) -> None:
    """What makes one is named, for one machine and for several."""
    told = tem(tmp_path, "registry", "key", "list").stderr
    assert "[no_installation]" in told and "tem up" in told and "tem first-start SERVICE" in told


def test_a_machine_of_one_service_is_an_installation(data: Path) -> None:
    """Its office account is made there, before anybody has brought the list of keys."""
    made = tem(data, "registry", "key", "create", "--role", "office", "--name", "x")
    assert made.exit_code == 0, made.output


def test_what_has_to_be_brought_from_the_issuer(data: Path, tmp_path: Path) -> None:
    """The registry names the list of keys and its own key at the issuer until they are there."""
    installation = Installation(data)
    trust, key = lacking(installation, "registry")
    assert "trust.json is missing" in trust and "issuer-service.key is missing" in key
    for name in ("trust.json", "keys/issuer-service.key"):
        (data / name).write_text("x")
    assert list(lacking(installation, "registry")) == []
    assert list(lacking(Installation(tmp_path / "new"), "issuer")) == []


def test_root_leaves_the_folder_of_the_services_account_alone(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What root makes there the services could not read; in its own folder root is at home."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    if os.getuid() == 0:
        assert tem(data, "registry", "key", "list").exit_code == 0
        os.chown(data, 65534, 65534)
    done = tem(data, "registry", "key", "list")
    assert (done.exit_code, "[wrong_user]" in done.stderr) == (1, True)
    assert "sudo -u " in done.stderr
