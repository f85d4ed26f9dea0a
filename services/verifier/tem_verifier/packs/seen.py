"""The highest sequence ever accepted, kept beside a pack in ``<file>.seen``: nobody can bring an
old pack back by replacing the file."""

import contextlib
import os
import secrets
from pathlib import Path

from tem.errors import Invalid


def highest(pack: Path) -> int:
    """It; 0 before the first. Raises Invalid if the file holds something else."""
    path = _beside(pack)
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return 0
    except UnicodeDecodeError:
        text = ""
    if not text.isdecimal():
        raise Invalid(
            "pack_seen_damaged",
            f"{path} should hold one number: delete it if you know the pack to be the newest.",
        )
    return int(text)


def keep(pack: Path, sequence: int) -> None:
    """Remember it, whole or not at all. Raises OSError."""
    path = _beside(pack)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{sequence}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _beside(pack: Path) -> Path:
    return pack.with_name(f"{pack.name}.seen")
