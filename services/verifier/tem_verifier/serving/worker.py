"""The worker class that ``tem serve verifier`` gives to gunicorn."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from time import monotonic
from typing import Any

import uvloop
from gunicorn.sock import ssl_context
from gunicorn.workers.base import Worker

from tem.process import allow_open_files
from tem_verifier.changes import waiting
from tem_verifier.serving.connection import Connection
from tem_verifier.serving.server import Server

BEAT_SECONDS, STEP_SECONDS = 1.0, 0.05
# Files that are not connections: databases, maps, logs; and clients on their way out.
OTHER_FILES = 1000
ACCEPTED = 8  # clients of one turn of the loop
# A look-up must not wait for the 5 ms that Python lets a thread go on.
SWITCH_SECONDS = 0.0005


class LookUpWorker(Worker):  # type: ignore[misc]
    """Listens on gunicorn's sockets with uvloop and httptools; ends as gunicorn asks.

    ``threads`` run the app, ``worker_connections`` are the most clients at once.
    """

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Called by gunicorn before it forks. Raises ValueError for what this worker cannot do."""
        if cfg.max_requests:
            raise ValueError("LookUpWorker counts no requests: leave max_requests out.")

    def init_process(self) -> None:
        """In the new process, before the app is made."""
        allow_open_files()
        sys.setswitchinterval(SWITCH_SECONDS)
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, or until the master is gone."""
        signal.set_wakeup_fd(-1)  # gunicorn's own; the loop needs it
        self._loop = uvloop.new_event_loop()
        asyncio.set_event_loop(self._loop)
        gc.collect()
        gc.freeze()  # the record stays: looking through it again and again would hold up answers
        self._server = Server(self.wsgi, self.cfg, self.log, self._loop)
        self._server.most_connections = self._most_connections()
        self._making: set[asyncio.Task[Any]] = set()
        self._tls = self._tls_options()
        self._listen()
        if not self.alive:  # told so while the app was made
            self._stop()
        self._beat()
        self._loop.run_forever()
        self._server.shed.write_down()

    def _listen(self) -> None:
        for signal_, act in (
            (signal.SIGTERM, self._stop),
            (signal.SIGQUIT, self._quit),
            (signal.SIGINT, self._quit),
            (signal.SIGUSR1, self.log.reopen_files),
        ):
            self._loop.add_signal_handler(signal_, act)
        for one in self.sockets:
            one.sock.setblocking(False)
        self._accept_again()

    def _tls_options(self) -> dict[str, Any]:
        """What the loop is told for each client: nothing without ``--certfile``."""
        if not self.cfg.is_ssl:
            return {}
        patience = self._server.patience
        return {
            "ssl": ssl_context(self.cfg),
            "ssl_handshake_timeout": patience.head,
            "ssl_shutdown_timeout": patience.reading,
        }

    def _accept_again(self) -> None:
        if self.alive:
            for one in self.sockets:
                self._loop.add_reader(one.sock.fileno(), self._accept, one.sock)

    def _accept_no_more(self) -> None:
        for one in self.sockets:
            self._loop.remove_reader(one.sock.fileno())

    def _accept(self, listening: socket.socket) -> None:
        """Some of those who wait, and the next turn some more: the loop's own way is to take all,
        and of a burst of clients one worker would get nearly every one."""
        for _ in range(ACCEPTED):
            try:
                accepted, _address = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:  # no file is left, or no memory: it may pass
                self.log.error("No client can be accepted: %s", error)
                self._accept_no_more()
                self._loop.call_later(BEAT_SECONDS, self._accept_again)
                return
            if accepted.family != socket.AF_UNIX:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._server.is_full(len(self._making)):
                accepted.close()
                continue
            making = self._loop.create_task(
                self._loop.connect_accepted_socket(
                    lambda: Connection(self._server), accepted, **self._tls
                )
            )
            self._making.add(making)
            making.add_done_callback(self._made)

    def _made(self, making: asyncio.Task[Any]) -> None:
        self._making.discard(making)
        if not making.cancelled() and (error := making.exception()) is not None:
            self.log.debug("A client was gone at once: %s", error)

    def _most_connections(self) -> int:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = int(self.cfg.worker_connections)
        if files - OTHER_FILES < wanted:
            most = max(files - OTHER_FILES, files // 2)
            self.log.warning("%s open files allow %s connections, not %s", files, most, wanted)
            return most
        return wanted

    def _beat(self) -> None:
        """Once a second: tell the master that we live, see whether it does."""
        self.notify()
        self._server.sweep()
        if os.getppid() != self.ppid:
            self.log.info("The master is gone: %s ends", self)
            self._quit()
            return
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def _stop(self) -> None:
        """End when those who asked have their answers, or after ``graceful_timeout``."""
        self.alive = False
        self._accept_no_more()
        waiting.ENDING.set()
        self._server.stop()
        self._end_when_done(monotonic() + self.cfg.graceful_timeout)

    def _end_when_done(self, deadline: float) -> None:
        if self._server.connections and monotonic() < deadline:
            self._loop.call_later(STEP_SECONDS, self._end_when_done, deadline)
            return
        self._loop.stop()

    def _quit(self) -> None:
        """End now."""
        self.alive = False
        with contextlib.suppress(Exception):
            self.cfg.worker_int(self)
        self._loop.stop()
