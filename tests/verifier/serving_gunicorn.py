"""gunicorn with the stub, under a worker class, in processes of its own."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.running import ROOT, environment, free_base_port, until

from tem.process import die_with_parent

OURS = "tem_verifier.serving.worker.LookUpWorker"
GTHREAD = "tem.http.gunicorn_hooks.ProblemWorker"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass
class Served:
    """One gunicorn: its master process, port and log."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def connect(self, seconds: float = 20) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def exchange(self, *sent: bytes) -> bytes:
        """Send, end the sending side, and read what comes back to its end."""
        with self.connect() as sock, contextlib.suppress(ConnectionError):
            for piece in sent:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
            return everything(sock)
        return b""

    def statuses(self, *sent: bytes) -> list[int]:
        """The status of every answer to that."""
        return [int(found) for found in STATUS.findall(self.exchange(*sent))]

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def shed(self, kind: str) -> float:
        """How many requests were sent away, as /metrics says."""
        text = self.exchange(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").decode()
        found = re.search(rf'tem_verifier_shed_total{{kind="{kind}"}} (\S+)', text)
        return float(found[1]) if found else 0.0


def everything(sock: socket.socket) -> bytes:
    """What comes until the other side ends; what came before it broke off."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(65536):
            received += piece
    return received


def one_answer(sock: socket.socket) -> bytes:
    """The next answer with a Content-Length, and not a byte more."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(1)
        assert piece, f"ended after {received!r}"
        received += piece
    length = re.search(rb"Content-Length: (\d+)", received)
    assert length, received
    left = int(length[1])
    while left and (piece := sock.recv(left)):
        received, left = received + piece, left - len(piece)
    return received


@contextlib.contextmanager
def served(
    folder: Path,
    worker: str = OURS,
    *options: str,
    app: str = "tests.verifier.serving_stub:create_app()",
    kind: type["Served"] = Served,
) -> Iterator[Served]:
    """gunicorn with one worker, for as long as the block lasts; ``kind`` says how it is asked."""
    port, log = free_base_port(), folder / f"{worker.rpartition('.')[2]}.log"
    command = [sys.executable, "-m", "gunicorn", "--config", "python:tem.http.gunicorn_hooks"]
    command += ["--no-control-socket", "--worker-class", worker, "--bind", f"127.0.0.1:{port}"]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [*command, "--threads", "4", "--keep-alive", "15", *options, app],
            env=environment(folder, {"PYTHONPATH": str(ROOT)}),
            cwd=ROOT,
            stdout=file,
            stderr=file,
            preexec_fn=die_with_parent,
        )
    server = kind(process, port, log)
    try:
        until(lambda: answers(server), 30)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)
        process.wait(20)


def answers(server: Served) -> bool:
    """Whether it is there."""
    with contextlib.suppress(OSError):
        asked = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        return server.statuses(asked) == [200]
    return False
