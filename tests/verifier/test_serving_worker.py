"""The worker among gunicorn's processes: it begins, ends and refuses as its master asks."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.running import environment, until
from tests.verifier.serving_gunicorn import OURS, everything, one_answer, served

LOOK_UP = b"GET /s/1 HTTP/1.1\r\nHost: x\r\n\r\n"
SLEEP = b"GET /sleep?seconds=1 HTTP/1.1\r\nHost: x\r\n\r\n"


def test_who_has_asked_is_answered_before_the_worker_ends(tmp_path: Path) -> None:
    """SIGTERM: idle connections end at once, a request in a thread is answered, then it is over."""
    with served(tmp_path) as server, ThreadPoolExecutor(1) as client, server.connect() as idle:
        idle.sendall(LOOK_UP)
        one_answer(idle)
        with server.connect() as busy:
            busy.sendall(SLEEP)
            threads = Path(f"/proc/{server.workers[0]}/task")
            assert threads.exists()
            until(lambda: server.statuses(LOOK_UP) == [200])
            server.process.terminate()
            assert everything(idle) == b""
            answered = client.submit(everything, busy)
            assert not answered.done()
            assert answered.result(20).startswith(b"HTTP/1.1 200 OK")
        assert server.process.wait(20) == 0


def test_a_worker_that_dies_is_replaced_and_none_outlives_the_master(tmp_path: Path) -> None:
    """kill -9 of the worker: the next one serves. kill -9 of the master: no process is left."""
    with served(tmp_path) as server:
        (first,) = server.workers
        os.kill(first, signal.SIGKILL)
        until(lambda: server.workers not in ([], [first]), 20)
        assert server.statuses(LOOK_UP) == [200]
        (second,) = server.workers
        server.process.kill()
        server.process.wait(20)
        until(lambda: not Path(f"/proc/{second}/exe").exists(), 20)


def test_the_log_is_opened_again(tmp_path: Path) -> None:
    """SIGUSR1 to the master does it for the worker too, which goes on serving."""
    log = tmp_path / "error.log"
    with served(tmp_path, OURS, "--error-logfile", str(log)) as server:
        log.rename(tmp_path / "error.log.1")
        server.process.send_signal(signal.SIGUSR1)
        until(log.exists, 10)
        assert server.statuses(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n") == [500]
        until(lambda: "the app is broken" in log.read_text(), 10)


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--max-requests", "5"), "max_requests"), (("--certfile", "/nowhere"), "/nowhere")],
)
def test_what_it_cannot_do_is_told_at_the_start(
    tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """A setting that would do nothing is refused in words."""
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", OURS]
    done = subprocess.run(
        [*command, *options, "tests.verifier.serving_stub:create_app()"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0 and words in done.stderr


@pytest.mark.parametrize("service", ["issuer", "registry", "verifier"])
def test_reading_the_code_of_a_service_starts_nothing(tmp_path: Path, service: str) -> None:
    """The master imports it before it forks: no thread, connection or file may be open then."""
    code = (
        f"import os; before = len(os.listdir('/proc/self/fd')); import tem_{service}.app;"
        "print(len(os.listdir('/proc/self/task')), len(os.listdir('/proc/self/fd')) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["1", "0"]
