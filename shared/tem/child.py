"""A process that ``tem up`` looks after."""

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from tem.process import dying_with_me


@dataclass
class Child:
    """One process we look after."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    next_start: float = field(default=0.0)

    def start(self) -> None:
        """Start it, its output going to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dying_with_me(),
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        self.started = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has died, more slowly each time it dies young."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.next_start:
                self.start()
        elif (status := self.process.poll()) is not None:
            self.failures = 0 if now - self.started > 30 else self.failures + 1
            self.next_start = now + min(0.2 * 2**self.failures, 5.0)
            self.process = None
            click.echo(f"{self.name} ended with status {status}: starting it again", err=True)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait for its end, and insist after the deadline."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
