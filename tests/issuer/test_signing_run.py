"""One signing run: what it makes is the normative format, and what goes wrong releases nothing."""

import hashlib
import json
import os
import re
import resource
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.issuer.issuer_support import (
    PRODUCER,
    PRODUCT,
    PUBLIC_URL,
    Mint,
    all_settled,
    children_of,
    ended,
    files_of,
    fork,
    signing,
    until,
)

from tem import trust
from tem.databases.database import writing
from tem_issuer import batch_files, codefile, keys, storage
from tem_issuer.signing_run import RunAbandoned

STEPS = (
    "claimed",
    "prepared",
    "signed",
    "verified",
    "kept",
    "described",
    "vouched",
    "released",
)


def raw(url: str) -> bytes:
    """The 72 bytes printed in a URL, read without the project's parser."""
    digits = url.removeprefix(f"{PUBLIC_URL}/s/")
    assert re.fullmatch("[0-9]{174}", digits)
    return int(digits).to_bytes(72, "big")


def at(step: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Do something when a run reaches a step."""

    def on_step(reached: str) -> None:
        if reached == step:
            act()

    return on_step


def test_a_run_reaches_its_steps_in_order(mint_on_each: Mint) -> None:
    """The steps are those the module names, and the intent is recorded before the release."""
    batch, reached = mint_on_each.reserve(), []
    mint_on_each.run(batch.number, on_step=reached.append)
    assert tuple(reached) == STEPS
    assert mint_on_each.actions(batch) == ["batch.reserved", "batch.signing", "batch.released"]
    assert mint_on_each.batch(batch.number).state == "released"


def test_every_code_is_the_normative_format(mint: Mint) -> None:
    """Version, batch, index and signature are where design says, under the batch's own key."""
    batch = mint.released(40)
    public = Ed25519PublicKey.from_public_bytes(batch.public_key or b"")
    for index, url in enumerate(mint.urls(batch), start=1):
        code = raw(url)
        body = b"\x01" + batch.number.to_bytes(4, "big") + index.to_bytes(3, "big")
        assert code[:8] == body
        public.verify(code[8:], b"tem-stamp-v1\x00" + body)


def test_the_manifest_says_what_was_made(mint: Mint) -> None:
    """Every field is recomputed by hand, and the office's signature is over its exact bytes."""
    batch = mint.released(40)
    codes, _, hashes = batch_files.paths(mint.settings, batch.number, batch.attempt)
    table, text = hashes.read_bytes(), batch.manifest or ""
    printed = b"".join(hashlib.sha256(raw(url)).digest() for url in mint.urls(batch))
    assert table[: len(printed)] == printed
    last = len(table) // 32
    assert 43 <= last <= 48 and batch.last_index == last
    office = keys.load_office_key(mint.settings.office_key, None).public_key()
    short = b"".join(table[at : at + 8] for at in range(0, len(table), 32))
    made = json.loads(text)
    assert made == {
        "batch": batch.number,
        "code_file_sha256": hashlib.sha256(codes.read_bytes()).hexdigest(),
        "fingerprints_sha256": hashlib.sha256(short).hexdigest(),
        "format": "tem-manifest-v1",
        "hashes_sha256": hashlib.sha256(table).hexdigest(),
        "host": "tem.example.vn",
        "issued_at": "2026-11-20T02:00:00Z",
        "last_index": last,
        "office_key_id": hashlib.sha256(office.public_bytes_raw()).hexdigest(),
        "producer": PRODUCER,
        "product": PRODUCT,
        "public_key": (batch.public_key or b"").hex(),
        "quantity": 40,
    }
    assert text == json.dumps(made, sort_keys=True, separators=(",", ":"))
    office.verify(batch.signature or b"", b"tem-manifest-v1\x00" + text.encode("ascii"))
    assert trust.load(mint.installation.trust_file).accept(text, batch.signature or b"")


def test_a_batch_of_several_chunks_is_whole(mint: Mint, small_chunks: int) -> None:
    """Helpers working side by side write every code to its own place."""
    batch = mint.released(2 * small_chunks + 1)
    codes = [raw(url) for url in mint.urls(batch)]
    assert [int.from_bytes(code[5:8], "big") for code in codes] == list(range(1, len(codes) + 1))
    _, _, hashes = batch_files.paths(mint.settings, batch.number, batch.attempt)
    printed = b"".join(hashlib.sha256(code).digest() for code in codes)
    assert hashes.read_bytes()[: len(printed)] == printed
    public = Ed25519PublicKey.from_public_bytes(batch.public_key or b"")
    for code in codes[:: small_chunks // 2]:
        public.verify(code[8:], b"tem-stamp-v1\x00" + code[:8])


def test_every_run_has_keys_of_its_own(mint: Mint) -> None:
    """Two batches, and two attempts at one, share neither batch key nor sealed bytes."""
    first, second = mint.released(), mint.released()
    assert first.public_key != second.public_key
    batch, seen = mint.reserve(), []

    def stop() -> None:
        seen.append([p.read_bytes() for p in mint.settings.codes.glob(f"{batch.number}-*.codes")])
        raise InterruptedError

    for _ in range(2):
        with pytest.raises(InterruptedError):
            mint.run(batch.number, on_step=at("signed", stop))
    assert [len(found) for found in seen] == [1, 1]
    assert seen[0] != seen[1]


def test_the_number_of_canaries_varies(mint: Mint) -> None:
    """From the quantity nobody can tell how many canaries a batch has."""
    counts = {(mint.released(1).last_index or 0) - 1 for _ in range(12)}
    assert counts <= set(range(3, 9))
    assert len(counts) > 1


def lies_in_the_open(folder: Path, codes: list[bytes]) -> list[str]:
    """Files that hold a code, as bytes or as digits; half a signature would be found too."""
    needles = [piece for c in codes for piece in (c[8:40], c[40:], f"{int.from_bytes(c):0174d}")]
    plain = [n if isinstance(n, bytes) else n.encode() for n in needles]
    contents = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return [path.name for path, text in contents.items() if any(n in text for n in plain)]


def test_no_plain_code_touches_the_disk(mint: Mint) -> None:
    """Neither bytes nor digits of any code, canaries included, are in any of the files."""
    batch = mint.released(30)
    with_canaries = mint.urls(replace(batch, quantity=batch.last_index or 0))
    codes = [raw(url) for url in with_canaries]
    assert lies_in_the_open(mint.installation.data, codes) == []
    spilt = mint.installation.data / "spilt"
    for content in (codes[-1], with_canaries[0].encode()):
        spilt.write_bytes(b"x" + content)
        assert lies_in_the_open(mint.installation.data, codes) == ["spilt"]


def test_files_are_for_their_owner_alone(mint: Mint) -> None:
    """Codes, wrapped key and hashes are readable by nobody else, and so are their folders."""
    batch = mint.released()
    assert mint.files() == files_of(batch)
    for folder in (mint.settings.codes, mint.settings.hashes):
        for path in (folder, *folder.iterdir()):
            assert path.stat().st_mode & 0o077 == 0


def nothing_left_the_run(mint: Mint, number: int) -> None:
    batch = mint.batch(number)
    assert (batch.state, batch.manifest, batch.signature) == ("signing", None, None)
    assert "batch.released" not in mint.actions(batch)


@pytest.mark.parametrize("step", STEPS[:-1])
def test_a_superseded_run_releases_nothing(mint: Mint, step: str) -> None:
    """A run whose batch another one claimed meanwhile stops, whatever it had done."""
    number = mint.reserve().number

    def supersede() -> None:
        with writing(mint.engine) as connection:
            assert storage.claim(connection, number) == 2

    with pytest.raises(RunAbandoned):
        mint.run(number, on_step=at(step, supersede))
    nothing_left_the_run(mint, number)
    mint.run(number)
    assert mint.files() == files_of(mint.batch(number))


def test_a_released_batch_is_not_signed_again(mint_on_each: Mint) -> None:
    """A run for it ends at once, and manifest and files stay as they are."""
    mint = mint_on_each
    batch, files = mint.released(), mint.files()
    with pytest.raises(RunAbandoned):
        mint.run(batch.number)
    assert mint.batch(batch.number) == batch
    assert mint.files() == files


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("end", "error"), [("codes", InvalidTag), ("hashes", ValueError)])
@pytest.mark.parametrize("place", [0, -1])
def test_what_changed_after_signing_stops_the_release(
    mint: Mint, end: str, error: type[Exception], place: int
) -> None:
    """One bit of codes or hashes, of a stamp or of a canary, and the batch is not released."""
    number = mint.reserve(20).number
    folder = getattr(mint.settings, end)
    with pytest.raises(error):
        mint.run(number, on_step=at("signed", lambda: flip(folder / f"{number}-1.{end}", place)))
    nothing_left_the_run(mint, number)
    mint.run(number)
    assert mint.files() == files_of(mint.batch(number))


def test_a_damaged_chunk_of_many_stops_the_release(mint: Mint, small_chunks: int) -> None:
    """What a helper finds ends the whole run."""
    number = mint.reserve(2 * small_chunks).number
    file = mint.settings.codes / f"{number}-1.codes"
    with pytest.raises(InvalidTag):
        mint.run(number, on_step=at("signed", lambda: flip(file, -1)))
    nothing_left_the_run(mint, number)


def test_a_full_disk_is_found_before_signing(mint: Mint) -> None:
    """If the files cannot be made at full size, no code is signed."""
    number, reached = mint.reserve(1000).number, []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def shrink() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))

    def on_step(step: str) -> None:
        reached.append(step)
        if step == "claimed":
            shrink()

    try:
        with pytest.raises(OSError, match="too large"):
            mint.run(number, on_step=on_step)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert reached == ["claimed"]
    nothing_left_the_run(mint, number)


def test_a_run_whose_helper_dies_ends_with_an_error(mint: Mint) -> None:
    """A killed helper is no reason to wait or to release: the run ends, the next signs anew."""
    batch = mint.reserve(20_000)
    run = fork(mint, lambda: mint.run(batch.number))
    helpers = until(lambda: children_of(run))
    os.kill(helpers[0], signal.SIGKILL)
    assert ended(run) == 1
    nothing_left_the_run(mint, batch.number)


def test_the_signer_signs_anew_after_a_helper_died(mint: Mint) -> None:
    """The failure is audited and counted, and the next run releases under a new attempt."""
    batch = mint.reserve(12_500)
    with signing(mint) as signer:
        run = until(lambda: children_of(signer))[0]
        helper = until(lambda: children_of(run))[0]
        os.kill(helper, signal.SIGKILL)
        until(lambda: all_settled(mint))
    batch = mint.batch(batch.number)
    assert (batch.state, batch.attempt, batch.failures) == ("released", 2, 1)
    assert mint.actions(batch) == [
        "batch.reserved",
        "batch.signing",
        "batch.run_failed",
        "batch.signing",
        "batch.released",
    ]
    assert mint.files() == files_of(batch)


def test_progress_grows_while_helpers_sign(
    mint_on_each: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`signed` follows the chunks, never goes back within a run and never passes the quantity."""
    mint = mint_on_each
    monkeypatch.setattr(codefile, "CHUNK_CODES", 1024)
    office, client = mint.bearer("office"), mint.client()

    def signed() -> list[int]:
        """What somebody who asks all the time is shown of one run, to its end."""
        batch, seen = mint.reserve(12 * 1024), []
        run = fork(mint, lambda: mint.run(batch.number))

        def is_released() -> bool:
            shown = client.get(f"/v1/batches/{batch.number}", headers=office).json
            seen.append(shown["signed"])
            return bool(shown["state"] == "released")

        until(is_released)
        assert ended(run) == 0
        assert seen == sorted(seen)
        assert seen[-1] == batch.quantity
        return seen

    # On a busy machine whoever asks may get no turn while a run works: then the next one shows it.
    assert any(len(set(signed())) > 2 for _ in range(8))
