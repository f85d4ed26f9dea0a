"""Stamps checked at a till with no network: Python 3.11 or newer and nothing else.

In ``tem-till.pyz`` this is the module ``tem_till`` (``docs/offline-packs.md``, "For tills")::

    python3 tem-till.pyz check CODE --pack FILE --trust FILE
    python3 tem-till.pyz update DELTA --pack FILE --trust FILE

    sys.path.insert(0, "tem-till.pyz")
    from tem_till import open_pack, trust_list
    pack = open_pack(file_bytes, trust_list(trust_text), seen=highest_sequence_ever_accepted)
    pack.answer(scanned, datetime.now(UTC))["advice"]  # allow, ask (a person), stop

A pack that cannot be believed raises ``PackRefused`` with a stable ``code``.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from tem.clock import system_clock
from tem.dates import parse_instant
from tem.errors import Invalid, TemError
from tem.pack import frames, reader
from tem.pack.reader import Pack
from tem.pack.refusals import PackRefused
from tem.pack.trust_list import TrustList
from tem.pack.trust_list import parse as trust_list
from tem_verifier.packs import seen as memory
from tem_verifier.packs import whole_files
from tem_verifier.packs.asking import REFUSED, STATUS, Asked, scanned
from tem_verifier.packs.seen import Seen

try:
    from tem.ed25519 import verifies  # PyNaCl, where it is: some twenty times as fast
except ImportError:
    from tem.pack.rfc8032 import verifies

__all__ = ["PackRefused", "open_pack", "trust_list"]


def open_pack(file: bytes, trust: TrustList, seen: int = 0) -> Pack:
    """The pack in a file, a full frame with or without its delta. Raises PackRefused.

    ``seen`` is the highest sequence that this till has ever accepted.
    """
    return reader.open_pack(file, trust, seen, verifies)


def main() -> NoReturn:
    """The command line: one JSON answer a line on standard output."""
    given = _arguments()
    try:
        status = given.act(given)
    except (TemError, OSError) as error:
        code = error.code if isinstance(error, TemError) else "file_unusable"
        print(f"Error: {error} [{code}]", file=sys.stderr)
        status = REFUSED
    sys.exit(status)


def _check(given: argparse.Namespace) -> int:
    highest = memory.read(given.pack).sequence
    pack = open_pack(given.pack.read_bytes(), _trusted(given.trust), highest)
    asked = Asked(pack, given.pack, clock=system_clock, at=given.at, warn=_warn)
    worst = 0
    for answer, moment in asked.answers(scanned(sys.stdin) if given.code == "-" else [given.code]):
        worst = max(worst, STATUS[answer["advice"]])
        print(json.dumps({**answer, "pack": asked.known(moment)}), flush=True)
    return worst


def _warn(said: str) -> None:
    print(f"Warning: {said}", file=sys.stderr)


def _update(given: argparse.Namespace) -> int:
    """The pack's file is replaced once the new one is believed; its sequence is kept after that,
    so that no accident leaves a file older than what was seen."""
    trust, newer = _trusted(given.trust), given.newer.read_bytes()
    with memory.locked(given.pack):
        highest, file = memory.read(given.pack).sequence, given.pack.read_bytes()
        file = frames.updated(file, newer) if newer else file  # 204: nothing is newer
        pack = open_pack(file, trust, highest)
        whole_files.replace(given.pack, file)
        memory.keep_locked(given.pack, Seen(pack.header.sequence))
    known = {"sequence": pack.header.sequence, "base": pack.base}
    print(json.dumps({**known, "as_of": pack.header.as_of, "valid_until": pack.header.valid_until}))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tem-till", description="Stamps without a network.")
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="ask a pack about a code")
    check.set_defaults(act=_check)
    check.add_argument("code", metavar="CODE", help="the digits or the address; - reads many")
    check.add_argument("--at", type=parse_instant, metavar="TIME", help="move the clock")
    update = commands.add_parser("update", help="put a newer delta or a newer file into a pack")
    update.set_defaults(act=_update)
    update.add_argument("newer", type=Path, metavar="DELTA", help="of /v1/packs/latest?have=")
    for command in (check, update):
        command.add_argument("--pack", type=Path, required=True, metavar="FILE")
        command.add_argument("--trust", type=Path, required=True, metavar="FILE")
    return parser.parse_args()


def _trusted(file: Path) -> TrustList:
    try:
        return trust_list(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid("trust_unreadable", f"The trust list cannot be read: {error}") from error
