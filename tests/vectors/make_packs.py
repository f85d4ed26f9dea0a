"""Makes ``packs/packs.json``: small offline packs, good and bad, with what a till must say.

Run ``python -m tests.vectors.make_packs`` from the root of the project; the same bytes come out
every time. Written from ``docs/offline-packs.md`` alone: it imports nothing of the suite, so that
a mistake there cannot hide here.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.vectors.make_stamps import OFFICE, OTHER_OFFICE, Record, office_key
from tests.vectors.pack_answers import answers
from tests.vectors.pack_doubts import DOUBTED, several
from tests.vectors.pack_frames import (
    AS_OF_SECONDS,
    DELTA,
    FULL,
    STRANGER,
    canonical,
    certificate,
    delta,
    frame,
    full,
    header,
    packed,
)
from tests.vectors.pack_record import (
    CHANGES,
    CONTENT,
    NO_CHANGES,
    SANDBOX,
    SMALL,
    batch,
    code,
    lot,
)

FILE = Path(__file__).parent / "packs" / "packs.json"


def refusals() -> Iterator[Record]:
    """Files that must not be used, each with its code."""
    whole, more = full(), delta()

    def bad(name: str, refused: str, file: bytes, **differing: Any) -> Record:
        usual = {"trust": "production", "seen": 0}
        written = base64.b64encode(file).decode()
        return {"name": name, "refused": refused, "file": written, **usual, **differing}

    def flipped(at: int, file: bytes = whole) -> bytes:
        return file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]

    header_ends = 12 + int.from_bytes(whole[8:12], "big")
    vouched = header_ends + 64
    vouched_ends = vouched + 4 + int.from_bytes(whole[vouched : vouched + 4], "big")
    damaged = "pack_damaged"
    yield bad("empty", damaged, b"")
    yield bad("another magic", damaged, flipped(7))
    for at in (4, 11, 12, header_ends, vouched, vouched_ends + 67, len(whole) - 1):
        yield bad(f"ends after {at} bytes", damaged, whole[:at])
    yield bad("header of 4 GB", damaged, whole[:8] + b"\xff" * 4 + whole[12:])
    yield bad("payload of 4 GB", damaged, whole[: vouched_ends + 64] + b"\xff" * 4)
    yield bad("a byte follows", damaged, whole + more + b"\0")
    yield bad("two full frames", damaged, whole + full(sequence=FULL + 1))
    yield bad("a delta alone", damaged, more)
    yield bad("three frames", damaged, whole + more + more)
    yield bad("header with blanks", damaged, respelled(lambda raw: raw.replace(b",", b", ", 1)))
    yield bad("a field twice", damaged, respelled(lambda raw: raw.replace(b"{", b'{"as_of":1,', 1)))
    yield bad("a field more", damaged, full(more=1))
    yield bad("a fraction", damaged, full(event=3.5))
    yield bad("a day that does not exist", damaged, full(as_of="2026-02-30T00:00:00Z"))
    yield bad("ends before it begins", damaged, full(valid_until="2026-11-20T01:59:59Z"))
    yield bad("a year that does not exist", damaged,
              full(certificate={"valid_from": "0000-01-01T00:00:00Z"}))  # fmt: skip
    far = AS_OF_SECONDS + 86_401
    yield bad("a number of tomorrow", damaged, full(sequence=far))
    yield bad("its delta has a number of tomorrow", damaged, whole + delta(sequence=far + 600))
    yield bad("answers for more than 60 days", damaged, full(valid_until="2027-01-19T02:00:01Z"))
    yield bad("another format", damaged, full(format="tem-pack-v2"))
    wrong = "pack_signature_wrong"
    yield bad("a digit of the header differs", wrong, flipped(whole.index(b'"change":41') + 10))
    yield bad("first byte of its signature differs", wrong, flipped(header_ends))
    yield bad("last byte of its signature differs", wrong, flipped(header_ends + 63))
    yield bad("signed by another key", wrong, full(key=STRANGER))
    yield bad("the delta is signed by another key", wrong, whole + delta(key=STRANGER))
    yield from _uncertified(bad, flipped, whole, vouched_ends)
    other = "pack_of_another_environment"
    sandbox = full(environment="sandbox", certificate={"environment": "sandbox"})
    yield bad("of the sandbox", other, sandbox)
    yield bad("of production, in a sandbox", other, whole, trust="sandbox")
    mixed = full(certificate={"environment": "sandbox"})
    yield bad("its certificate is of the sandbox", other, mixed)
    yield from _contents(bad, flipped, whole)
    older = "pack_older_than_seen"
    yield bad("older than seen", older, whole, seen=FULL + 1)
    yield bad("its delta is older than seen", older, whole + more, seen=DELTA + 1)


def respelled(change: Any) -> bytes:
    """A full frame whose header is signed in another spelling."""
    raw, length = packed(SMALL)
    return frame(change(canonical(header(raw, length))), canonical(certificate()), raw)


def _uncertified(bad: Any, flipped: Any, whole: bytes, vouched_ends: int) -> Iterator[Record]:
    none = "pack_key_not_certified"
    stranger = {"office_key_id": OTHER_OFFICE.id}
    mine = {"public_key": STRANGER.public.hex()}
    yield bad("a certificate altered", none, flipped(whole.index(b'_from":"2026-01-01') + 16))
    yield bad("its signature altered", none, flipped(vouched_ends + 5))
    yield bad("signed by another office key", none, full(office=OTHER_OFFICE))
    yield bad("an office key not listed", none, full(office=OTHER_OFFICE, certificate=stranger))
    yield bad("a frozen office key", none, whole, trust="frozen")
    yield bad("certified by itself", none,
              full(key=STRANGER, office=STRANGER, pack_key_id=STRANGER.id,
                   certificate=mine | {"office_key_id": STRANGER.id}))  # fmt: skip
    yield bad("a retired office key", none, whole, trust="retired")
    yield bad("a certificate for another key", none, full(certificate=mine))
    later, sooner = {"valid_from": "2026-11-20T02:00:01Z"}, {"valid_until": "2026-11-27T01:59:59Z"}
    yield bad("made before its certificate", none, full(certificate=later))
    yield bad("valid beyond its certificate", none, full(certificate=sooner))


def _contents(bad: Any, flipped: Any, whole: bytes) -> Iterator[Record]:
    damaged = "pack_damaged"
    _, length = packed(SMALL)
    yield bad("a byte of the payload differs", damaged, flipped(len(whole) - 9))
    yield bad("unpacks to more than it says", damaged, full(payload_bytes=length - 1))
    yield bad("unpacks to less than it says", damaged, full(payload_bytes=length + 1))
    bomb = gzip.compress(bytes(5_000_000), 9, mtime=0)
    signed = canonical(header(bomb, 1000))
    yield bad("a bomb", damaged, frame(signed, canonical(certificate()), bomb))
    plainly = b"no gzip"
    signed = canonical(header(plainly, len(plainly)))
    yield bad("no gzip", damaged, frame(signed, canonical(certificate()), plainly))
    yield bad("a list is missing", damaged, full({k: v for k, v in SMALL.items() if k != "lots"}))
    raw, length = packed(SMALL)
    for name, more in (
        ("two gzip members", gzip.compress(b"", mtime=0)),
        ("zeros behind", bytes(8)),
    ):
        signed = canonical(header(raw + more, length))
        yield bad(name, damaged, frame(signed, canonical(certificate()), raw + more))
    marked = b"\xef\xbb\xbf" + gzip.decompress(raw)
    again = gzip.compress(marked, 0, mtime=0)
    signed = canonical(header(again, len(marked)))
    yield bad("a byte order mark", damaged, frame(signed, canonical(certificate()), again))
    parted = SMALL["producers"][0] | {"share": 1.5}
    yield bad("half a number", damaged, full(SMALL | {"producers": [parted]}))
    yield from _rows(bad)
    yield bad("a binding of two parts", damaged, full(SMALL | {"bindings": [["activated", 0]]}))
    four = ["activated", 0, None, None]
    yield bad("a binding of four parts", damaged, full(SMALL | {"bindings": [four]}))
    twice = NO_CHANGES | {"lots": [[0, lot("L0")], [0, lot("L1")]]}
    yield bad("a place twice", damaged, whole + delta(twice))
    yield bad("no such binding", damaged, full(SMALL | {"batches": [batch(7, 3, 0, 0, [3, 1])]}))
    yield bad("no such lot", damaged, full(SMALL | {"bindings": [["activated", 1, None]]}))
    yield bad("no such state", damaged, full(SMALL | {"bindings": [["sold", 0, None]]}))
    gap = NO_CHANGES | {"lots": [[2, lot("L2")]]}
    yield bad("a gap among the changes", damaged, whole + delta(gap))
    yield bad("a delta of another pack", damaged, whole + delta(base=FULL - 1))
    yield bad("a delta of another epoch", damaged, whole + delta(epoch="f" * 32))
    elsewhere = delta(prefix="https://tem.example/s/")
    yield bad("a delta of another host", damaged, whole + elsewhere)
    yield bad("a delta that is not newer", damaged, whole + delta(sequence=FULL))


def _rows(bad: Any) -> Iterator[Record]:
    """Rows of batches that are none, whoever signed their manifests."""
    row = batch(7, 3, 0, 0, [3, 0])
    for name, rows in (
        ("batch 0", [[0, *row[1:]]]),
        ("batch 2^32", [[2**32, *row[1:]]]),
        ("a batch that is true", [[True, *row[1:]]]),
        ("a batch twice", [row, row]),
        ("a row too short", [row[:5]]),
        ("a row too long", [[*row, 0]]),
        ("a signature too short", [[*row[:2], row[2][1:], *row[3:]]]),
        ("a run without binding", [[*row[:5], [3, 0, 1]]]),
        ("an empty run", [[*row[:5], [3, 0, 0, 0]]]),
    ):
        yield bad(name, "pack_damaged", full(SMALL | {"batches": rows}))


def trusts() -> Record:
    def trust(environment: str, **state: Any) -> Record:
        keys = [office_key(OFFICE, **state)]
        return {"format": "tem-trust-v1", "environment": environment, "office_keys": keys}

    return {
        "production": trust("production"),
        "sandbox": trust("sandbox"),
        "frozen": trust("production", state="frozen"),
        "retired": trust("production", last_batch=0xEFFFFFFE),
        "several": several(),
    }


def vectors() -> Record:
    whole, more = full(CONTENT), delta(CHANGES)
    test = full(SANDBOX, environment="sandbox", certificate={"environment": "sandbox"})
    files = {"full": whole, "delta": more, "full and delta": whole + more, "sandbox": test}
    files["doubted"] = full(DOUBTED)
    return {
        "about": "docs/offline-packs.md; files are base64",
        "trust": trusts(),
        "files": {name: base64.b64encode(file).decode() for name, file in files.items()},
        "answers": list(answers()),
        "too_old": {"pack": "full", "code": code(7, 1), "at": "2026-11-27T02:00:01Z"},
        "refusals": list(refusals()),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n", "utf-8")
