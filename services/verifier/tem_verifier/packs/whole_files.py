"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import os
import secrets
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write a file in place of the one before. Raises OSError; that one stays then."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
