"""The worker's server without gunicorn: in a thread of the test."""

import asyncio
import contextlib
import logging
import socket
import threading
from typing import Any

import uvloop
from gunicorn.config import Config
from tests.verifier.serving_gunicorn import everything
from tests.verifier.serving_stub import create_app

from tem_verifier.serving.connection import Connection
from tem_verifier.serving.server import PATIENCE, ROOM, Patience, Room, Server


class Loop:
    """A server of this process, in a thread, as patient and roomy as a test wants it."""

    def __init__(
        self,
        patience: Patience = PATIENCE,
        room: Room = ROOM,
        keepalive: int = 15,
        app: Any = None,
    ) -> None:
        """``app``: another than the stub."""
        self._loop = uvloop.new_event_loop()
        cfg = Config()
        cfg.set("keepalive", keepalive)
        cfg.set("threads", 1)
        log = logging.getLogger("test")
        self.server = Server(app or create_app(), cfg, log, self._loop, patience, room)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = self._listening.getsockname()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Loop":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._listening.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(
            self._loop.create_server(lambda: Connection(self.server), sock=self._listening)
        )
        self._sweep()
        self._loop.run_forever()
        listener.close()
        for connection in list(self.server.connections):
            connection.cut_off()
        self._loop.run_until_complete(listener.wait_closed())
        self._loop.close()

    def _sweep(self) -> None:
        self.server.sweep()
        self._loop.call_later(0.02, self._sweep)

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(self.address, timeout=60)

    def exchange(self, *sent: bytes) -> bytes:
        """Send, end the sending side, and read what comes back to its end."""
        with contextlib.closing(self.connect()) as sock, contextlib.suppress(ConnectionError):
            for piece in sent:
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
            return everything(sock)
        return b""
