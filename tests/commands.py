"""Commands of `tem` in processes of their own that have everything imported already.

Each is forked from one server (of multiprocessing, without threads), which imports what commands
need once for a whole test process: half a second of each `python -m tem` is imports. Where the
start of a process is what a test is about, it starts one itself.
"""

import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tem.process import die_with_parent

PRELOADED = (
    "tem_issuer.commands",
    "tem_registry.app",
    "tem_registry.commands",
    "tem_registry.importing.import_commands",
    "tem_verifier.commands",
    "tem.cli",
)


@cache
def _server() -> ForkServerContext:
    """The server, in an environment that names no installation."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *PRELOADED])
    hidden = {name: os.environ.pop(name) for name in [*os.environ] if name.startswith("TEM_")}
    try:
        context.Process(target=int).start()  # which starts the server
    finally:
        os.environ.update(hidden)
    return context


def run(
    *words: object, env: Mapping[str, str], timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run `tem` with these words in this environment to its end, as `subprocess.run` would."""
    given = [str(word) for word in words]
    with tempfile.TemporaryDirectory(prefix="tem-command-") as folder:
        told = [Path(folder, name) for name in ("stdout", "stderr")]
        child = _server().Process(target=_command, args=(given, dict(env), os.getcwd(), told))
        child.start()
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(given, timeout)
        status = child.exitcode
        child.close()
        return subprocess.CompletedProcess(given, status, *(one.read_text("utf-8") for one in told))


def _command(words: list[str], env: dict[str, str], folder: str, told: list[Path]) -> None:
    for descriptor, path in enumerate(told, start=1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    die_with_parent()
    from tem.cli import main

    main(words, prog_name="tem")
