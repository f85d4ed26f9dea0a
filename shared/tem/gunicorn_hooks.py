"""gunicorn's hooks: workers end with their master, and their metrics with them."""

from typing import Any

from prometheus_client import multiprocess

from tem.process import die_with_parent


def post_fork(server: Any, worker: Any) -> None:
    """A master killed with -9 leaves no worker behind."""
    die_with_parent()


def child_exit(server: Any, worker: Any) -> None:
    """A worker's gauges no longer count."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
