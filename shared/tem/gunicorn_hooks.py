"""gunicorn's configuration: workers end with their master, slow senders with their time."""

import socket
import struct
from typing import Any

from prometheus_client import multiprocess

from tem.process import die_with_parent

READ_SECONDS = 2

# We stand behind no proxy that may rename paths: such headers are nobody's to send.
forwarder_headers = ""


def when_ready(server: Any) -> None:
    """A connection that stops in the middle of a request gives its thread back.

    Accepted sockets take this over from the listening one. It is a limit on silence, not on
    slowness: against more, a proxy that buffers requests belongs in front.
    """
    for listener in server.LISTENERS:
        limit = struct.pack("ll", READ_SECONDS, 0)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)


def post_worker_init(worker: Any) -> None:
    """A sender that fell silent is no error of ours: it must not fill the log."""
    worker.log.error_log.addFilter(
        lambda record: not (record.exc_info and record.exc_info[0] is BlockingIOError)
    )


def post_fork(server: Any, worker: Any) -> None:
    """A master killed with -9 leaves no worker behind."""
    die_with_parent(worker.ppid)


def child_exit(server: Any, worker: Any) -> None:
    """A worker's gauges no longer count."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
