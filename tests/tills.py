"""The JavaScript of tills in a process of Node: what it answers, and what it refuses."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import playwright

import tem_verifier
from tem.process import die_with_parent

SCRIPT = Path(tem_verifier.__file__).parent / "static/till/tem-till.js"
# The one that Playwright brings along: nothing more to install.
NODE = Path(playwright.__file__).parent / "driver/node"
Json = dict[str, Any]


class Till:
    """A till in Node: it has one pack open at a time."""

    def __init__(self) -> None:
        self._node = subprocess.Popen(
            [NODE, "--no-warnings", Path(__file__).with_name("till.mjs"), SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            preexec_fn=die_with_parent,
        )

    def open(self, file: bytes, trust: Json, seen: Any = 0, **kept: Any) -> Json:
        """Open a pack: its members, or ``refused`` with the code."""
        return self._ask(open=_text(file), trust=trust, seen=seen, **kept)

    def update(self, file: bytes) -> Json:
        """The same with a delta or a newer file."""
        return self._ask(update=_text(file))

    def age(self, at: str | None) -> Json:
        """How old the knowledge is; by the clock of this machine if no instant is given."""
        return self._ask(age=at)

    def clock(self) -> float:
        """The latest clock it was asked by, in milliseconds."""
        return self._ask(clock=True)

    def check(self, asked: Sequence[tuple[str, str | None]]) -> Any:
        """The answers to codes at instants, in their order."""
        return self._ask(check=asked)

    def time(self, file: bytes, trust: Json, code: str, at: str, rounds: int) -> Json:
        """Milliseconds to open a pack and for each of some checks of one code; memory."""
        return self._ask(time=[_text(file), code, rounds], trust=trust, at=at)

    def _ask(self, **request: Any) -> Any:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.write(json.dumps(request) + "\n")
        self._node.stdin.flush()
        told = json.loads(self._node.stdout.readline())
        if isinstance(told, dict) and "failed" in told:
            raise AssertionError(told["failed"])
        return told

    def __enter__(self) -> "Till":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.close()
        self._node.wait(60)
        self._node.stdout.close()


def _text(file: bytes) -> str:
    return base64.b64encode(file).decode()
