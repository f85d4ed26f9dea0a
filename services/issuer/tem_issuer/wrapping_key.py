"""The key that wraps data keys, changed for a new one: each wrapped data key is wrapped anew.

While that goes on both keys lie there and both open (:func:`tem_issuer.keys.wrapping_keys`), so
codes can be printed all the time. Kill it anywhere and run it again: it goes on.
"""

import os
from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine

from tem.databases.database import writing
from tem.errors import Conflict
from tem.installation import sync_folder, write_private
from tem.process import LockHeld, hold_lock
from tem.trail import audit
from tem_issuer import keys
from tem_issuer.settings import Settings


def change(engine: Engine, config: Settings, now: datetime, actor: str) -> int:
    """Change the wrapping key; how many data keys were wrapped anew.

    Raises Conflict while a signer runs: a run could wrap under the old key after we have passed.
    """
    try:
        lock = hold_lock(config.signer_lock)
    except LockHeld as error:
        raise Conflict(
            "signer_running", "A signer is at work: stop it (or `tem up`), then run this again."
        ) from error
    try:
        return _change(engine, config, now, actor)
    finally:
        os.close(lock)


def _change(engine: Engine, config: Settings, now: datetime, actor: str) -> int:
    following = keys.following_wrapping_key(config.wrapping_key)
    if not following.exists() and config.wrapping_key.exists():
        keys.make_wrapping_key(following)
    count = _wrap_anew(config)
    with writing(engine) as connection:
        details = {"data_keys": count}
        audit.record(connection, now, actor, "wrapping_key.changed", "issuer:1", details)
    following.replace(config.wrapping_key)
    sync_folder(config.folder)
    return count


def _wrap_anew(config: Settings) -> int:
    """Wrap every data key under the new key, those that a killed run has done included."""
    known = keys.wrapping_keys(config.wrapping_key)
    paths = sorted(config.codes.glob("*-*.key"))
    opened = []
    for path in paths:  # all are opened before one is written: a damaged one changes nothing
        batch, attempt = map(int, path.name.removesuffix(".key").split("-"))
        try:
            opened.append((path, keys.unwrap_any(known, path.read_bytes(), batch, attempt)))
        except FileNotFoundError:
            continue  # its print was confirmed meanwhile
        except InvalidTag as error:
            raise Conflict(
                "wrapped_key_damaged",
                f"{path} opens under no wrapping key here. Nothing was changed: `tem fsck`.",
            ) from error
    for path, data_key in opened:
        batch, attempt = map(int, path.name.removesuffix(".key").split("-"))
        if path.exists():
            write_private(path, keys.wrap(known[-1], data_key, batch, attempt))
    return len(opened)
