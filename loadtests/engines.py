"""Programs of Debian that the bench needs: nginx as the machine's measure, wrk as generator."""

import os
import shutil
import subprocess

PROGRAMS = ("nginx", "wrk")


def require_engines() -> dict[str, str]:
    """Their paths, by name. As root they are installed first if they are missing.

    Raises RuntimeError naming the command that installs them.
    """
    missing = [name for name in PROGRAMS if find(name) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {' and '.join(missing)} from Debian", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
    found = {name: path for name in PROGRAMS if (path := find(name))}
    if missing := [name for name in PROGRAMS if name not in found]:
        raise RuntimeError(f"The bench needs: apt-get install {' '.join(missing)}")
    return found


def find(name: str) -> str | None:
    """Where a program is: Debian keeps nginx where only root's PATH leads."""
    return shutil.which(
        name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
    )


def version(path: str) -> str:
    """The first number that a program tells about itself."""
    done = subprocess.run([path, "-v"], capture_output=True, text=True, check=False)
    words = (done.stderr + done.stdout).replace("/", " ").split()
    return next((word for word in words if word[0].isdigit()), "unknown")
