"""The containers of the compose file of this folder, by the names of their services."""

import json
import os
import shutil
import subprocess
from typing import Any

SECONDS = 120


class Containers:
    """Commands to the engine. ``COMPOSE`` names the compose program where it is no plug-in."""

    def __init__(self) -> None:
        named = os.environ.get("COMPOSE")
        self._compose = [named] if named else ["docker", "compose"]
        # Debian's first: it knows the engine beside it, whatever else is on the path.
        self._docker = shutil.which("docker", path=f"/usr/bin:{os.environ['PATH']}") or "docker"

    def compose(self, *arguments: str, wait: bool = True) -> str:
        """Run a compose command that must succeed; without ``wait``, only begin it."""
        command = [*self._compose, *arguments]
        if not wait:
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return ""
        return _told(command)

    def docker(self, *arguments: str) -> str:
        """Run a docker command that must succeed."""
        return _told([self._docker, *arguments])

    def exec(self, service: str, *command: str) -> str:
        """Run a command in a container of a service, which must succeed."""
        return self.compose("exec", "-T", service, *command)

    def works(self, container: str, *command: str) -> bool:
        """Whether a command in a container succeeds."""
        done = subprocess.run(
            [self._docker, "exec", container, *command], capture_output=True, timeout=SECONDS
        )
        return done.returncode == 0

    def of(self, service: str) -> list[str]:
        """The containers of a service, started or not."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        (found,) = json.loads(self.docker("inspect", container))
        return dict(found)

    def healthy(self, *services: str) -> bool:
        """Whether every container of these services runs and says it is well."""
        states = [self.inspect(one)["State"] for name in services for one in self.of(name)]
        return all(s["Running"] and s["Health"]["Status"] == "healthy" for s in states)

    def networks(self, container: str) -> list[str]:
        """The networks it is in."""
        return list(self.inspect(container)["NetworkSettings"]["Networks"])

    def addresses(self, container: str) -> list[str]:
        """Its addresses in all networks it is in."""
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return [one["IPAddress"] for one in networks.values() if one["IPAddress"]]


def _told(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-1500:]}"
    return done.stdout
