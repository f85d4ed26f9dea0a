"""Machines for tests: network namespaces on one wire each to the record, gone with the process.

A namespace here has no name: it lives as long as a descriptor or a process in it does, so a
test that is killed leaves nothing behind. The test enters one for as long as a block lasts; what
is started, connected or listened on there stays there.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Self

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"


class Machine:
    """A network of its own, with loopback."""

    def __init__(self) -> None:
        """Make it. Raises RuntimeError where a test may not, or a program is missing."""
        _require()
        before = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _checked(_LIBC.unshare(_CLONE_NEWNET))
            self._network = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _checked(_LIBC.setns(before, 0))
            os.close(before)
        self.run("ip", "link", "set", "lo", "up")

    def close(self) -> None:
        """Let it go, once no process is in it."""
        os.close(self._network)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, is on that machine for as long as the block lasts."""
        before = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        _checked(_LIBC.setns(self._network, 0))
        try:
            yield
        finally:
            _checked(_LIBC.setns(before, 0))
            os.close(before)

    def run(self, *command: str) -> None:
        """Run a command of the system there; it must succeed."""
        with self.entered():
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")

    def wire(self, other: "Machine", number: int) -> tuple[str, str]:
        """Lay a wire to another machine; the addresses here and there."""
        here, there, name = f"10.71.{number}.1", f"10.71.{number}.2", f"wire{number}"
        peer = f"/proc/{os.getpid()}/fd/{other._network}"
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", peer)
        for machine, address in ((self, here), (other, there)):
            machine.run("ip", "address", "add", f"{address}/24", "dev", name)
            machine.run("ip", "link", "set", name, "up")
        return here, there

    @contextlib.contextmanager
    def losing(self, wire: int, *how: str, incoming: bool = True) -> Iterator[None]:
        """Packets of a wire meet a fate for as long as the block lasts: all are dropped, or how."""
        chain, side = ("INPUT", "-i") if incoming else ("OUTPUT", "-o")
        rule = [chain, side, f"wire{wire}", *(how or ("-j", "DROP"))]
        self.run("iptables", "-w", "-A", *rule)
        try:
            yield
        finally:
            self.run("iptables", "-w", "-D", *rule)

    @contextlib.contextmanager
    def cut(self, wire: int) -> Iterator[None]:
        """Nothing passes, in neither direction, and nobody is told."""
        with self.losing(wire), self.losing(wire, incoming=False):
            yield


RESET = ("-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset")


def _require() -> None:
    """A test that cannot run fails, and says what is missing."""
    missing = [program for program in ("ip", "iptables") if shutil.which(program) is None]
    if missing or os.geteuid() != 0:
        raise RuntimeError(
            "Tests of partitions make network namespaces: they need root and Debian's packages "
            f"iproute2 and iptables (missing: {', '.join(missing) or 'root'})."
        )


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"network namespace: {os.strerror(number)}")
