"""Stamps checked at a till with no network: Python 3.11 or newer and nothing else.

In ``tem-till.pyz`` this is the module ``tem_till`` (``docs/offline-packs.md``, "For tills")::

    python3 tem-till.pyz check CODE --pack FILE --trust FILE

    sys.path.insert(0, "tem-till.pyz")
    from tem_till import open_pack, trust_list
    pack = open_pack(file_bytes, trust_list(trust_text), seen=highest_sequence_ever_accepted)
    pack.answer(scanned, datetime.now(UTC))["advice"]  # allow, ask (a person), stop

A pack that cannot be believed raises ``PackRefused`` with a stable ``code``.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from tem.dates import parse_instant
from tem.errors import TemError
from tem.pack import reader
from tem.pack.canonical import instant
from tem.pack.reader import Pack
from tem.pack.refusals import PackRefused
from tem.pack.trust_list import TrustList
from tem.pack.trust_list import parse as trust_list
from tem_verifier.packs import seen as sequences

try:
    from tem.ed25519 import verifies  # PyNaCl, where it is: some twenty times as fast
except ImportError:
    from tem.pack.rfc8032 import verifies

__all__ = ["PackRefused", "open_pack", "trust_list"]
# The same as of `tem verifier check`; of many codes the highest.
STATUS = {"allow": 0, "ask": 3, "stop": 4}
REFUSED = 5


def open_pack(file: bytes, trust: TrustList, seen: int = 0) -> Pack:
    """The pack in a file, a full frame with or without its delta. Raises PackRefused.

    ``seen`` is the highest sequence that this till has ever accepted.
    """
    return reader.open_pack(file, trust, seen, verifies)


def main() -> NoReturn:
    """The command line: one JSON answer a line on standard output."""
    given = _arguments()
    try:
        pack = _opened(given.pack, given.trust)
        now = given.at or datetime.now(UTC)
        codes = (line.rstrip("\r\n") for line in sys.stdin) if given.code == "-" else [given.code]
        status = _told(pack, codes, now)
    except (TemError, OSError, ValueError) as error:
        code = error.code if isinstance(error, TemError) else "trust_unreadable"
        print(f"Error: {error} [{code}]", file=sys.stderr)
        status = REFUSED
    sys.exit(status)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tem-till", description="Stamps without a network.")
    check = parser.add_subparsers(required=True).add_parser("check", help="ask a pack about a code")
    check.add_argument("code", metavar="CODE", help="the digits or the address; - reads many")
    check.add_argument("--pack", type=Path, required=True, metavar="FILE")
    check.add_argument("--trust", type=Path, required=True, metavar="FILE", help="the trust list")
    check.add_argument("--at", type=parse_instant, metavar="TIME", help="move the clock")
    return parser.parse_args()


def _opened(file: Path, trust: Path) -> Pack:
    highest = sequences.highest(file)
    pack = open_pack(file.read_bytes(), trust_list(trust.read_text("utf-8")), highest)
    if pack.header.sequence > highest:
        sequences.keep(file, pack.header.sequence)
    return pack


def _told(pack: Pack, codes: Iterable[str], now: datetime) -> int:
    """Print the answers; the exit status."""
    header, worst = pack.header, 0
    age = max(0, int((now - instant(header.as_of)).total_seconds()))
    known = {"sequence": header.sequence, "valid_until": header.valid_until, "age_seconds": age}
    for code in codes:
        answer = pack.answer(code, now)
        worst = max(worst, STATUS[answer["advice"]])
        print(json.dumps({**answer, "pack": known}))
    return worst
