"""Starting one service alone, as a container does."""

import os
import signal
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import httpx
from click.testing import CliRunner
from tests import plain_http
from tests.running import environment, free_base_port, until

from tem.cli import main
from tem.process import die_with_parent

Process = subprocess.Popen[bytes]


def _serve(data: Path, service: str, port: int, **env: str) -> Process:
    command = [sys.executable, "-m", "tem", "serve", service, "--bind", f"127.0.0.1:{port}"]
    return subprocess.Popen(
        [*command, "--workers", "1"],
        env={**environment(data), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent,
    )


def _ready(port: int) -> bool:
    try:
        return plain_http.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _ended(process: Process) -> tuple[int, str]:
    process.terminate()
    told, _ = process.communicate(timeout=30)
    return process.returncode, told.decode()


def test_a_service_alone_makes_its_own_part_and_ends_well(tmp_path: Path) -> None:
    """The registry alone makes its key and nothing of the others, answers, and ends with 0."""
    data, port = tmp_path / "data", free_base_port()
    process = _serve(data, "registry", port)
    try:
        until(lambda: _ready(port))
        assert b"tem_registry.app" in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    finally:
        status, told = _ended(process)
    assert status == 0, told
    assert (data / "keys" / "registry-office.key").exists()
    assert not (data / "issuer").exists() and not (data / "trust.json").exists()


def test_it_listens_at_every_address_named(tmp_path: Path) -> None:
    """Two `--bind` are two doors, and no third: a service can keep out of a network it is in."""
    from tem.serve import web_command

    command = web_command("registry", "127.0.0.1:8102", "counter.registry:8102")
    doors = [after for word, after in pairwise(command) if word == "--bind"]
    assert doors == ["127.0.0.1:8102", "counter.registry:8102"]


def test_a_port_that_is_taken_is_told_before_anything_is_made(tmp_path: Path) -> None:
    """Another `--bind` is what helps."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        command = ["serve", "registry", "--bind", bind, "--data", str(tmp_path / "data")]
        done = CliRunner().invoke(main, command)
    assert done.exit_code == 1 and "[port_busy]" in done.stderr and "--bind" in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_metrics_folder_named_is_made_and_used(tmp_path: Path) -> None:
    """Workers keep their numbers where PROMETHEUS_MULTIPROC_DIR says."""
    port, folder = free_base_port(), tmp_path / "metrics" / "registry"
    process = _serve(tmp_path / "data", "registry", port, PROMETHEUS_MULTIPROC_DIR=str(folder))
    try:
        until(lambda: _ready(port))
        assert list(folder.glob("*.db"))
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def test_several_first_starts_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    """Replicas of one service may start together; the trust file is where the setting says."""
    trust = tmp_path / "shared" / "trust.json"
    data = tmp_path / "data"
    command = [sys.executable, "-m", "tem", "first-start", "issuer"]
    env = {**environment(data), "TEM_TRUST_FILE": str(trust)}
    starts = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        for _ in range(3)
    ]
    told = [start.communicate(timeout=60)[0].decode() for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert sorted(text.count("office's signing key") for text in told) == [0, 0, 1]
    assert trust.exists() and not (data / "trust.json").exists()
    again = subprocess.run(command, env=env, capture_output=True, check=True)
    assert again.stdout == b""
