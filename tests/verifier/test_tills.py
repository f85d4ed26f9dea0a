"""Tills with no network, in Python and in JavaScript: frozen packs, and worlds made at random."""

import base64
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from loadtests.pack_equal import compared
from playwright.sync_api import Browser, Route
from tests.tills import SCRIPT, Till
from tests.vectors import make_packs, make_stamps, pack_frames, pack_record
from tests.vectors.pack_frames import NOW
from tests.verifier.conftest import Site

from tem import ed25519
from tem.errors import Invalid
from tem.pack import reader, trust_list
from tem.pack.refusals import PackRefused
from tem.vocabulary import Verdict
from tem_verifier import till_files
from tem_verifier.heads import headers_of_form
from tem_verifier.packs import seen
from tem_verifier.packs.asking import Asked
from tem_verifier.packs.seen import Seen

Json = dict[str, Any]
PAGE = "http://127.0.0.1:9"  # nothing listens there: every request is answered by the test
SHOWN = """
import * as till from "/static/till/tem-till.js";
window.till = till;
"""
ASKED = """async ([files, trust, cases]) => {
  const bytes = (said) => Uint8Array.from(atob(said), (one) => one.charCodeAt(0));
  const { openPack } = window.till, packs = {};
  packs["full"] = await openPack(bytes(files.full), { trust: trust.production });
  packs["sandbox"] = await openPack(bytes(files.sandbox), { trust: trust.sandbox });
  packs["doubted"] = await openPack(bytes(files.doubted), { trust: trust.several });
  packs["full and delta"] = await packs.full.update(bytes(files.delta));
  return Promise.all(cases.map(({ pack, code, at }) => packs[pack].check(code, { at })));
}"""


TRUSTS = {"sandbox": "sandbox", "doubted": "several"}  # of the others: production


@cache
def vectors() -> Json:
    found: Json = json.loads(make_packs.FILE.read_text("utf-8"))
    return found


def file_of(name: str) -> bytes:
    return base64.b64decode(vectors()["files"][name])


def trusted(name: str = "production") -> trust_list.TrustList:
    return trust_list.parse(json.dumps(vectors()["trust"][name]))


@pytest.fixture(scope="module")
def till() -> Iterator[Till]:
    """The JavaScript of tills in one process for all tests."""
    with Till() as running:
        yield running


def refused_in_python(file: bytes, trust: str = "production", seen: int = 0, **fast: Any) -> Any:
    try:
        reader.open_pack(file, trusted(trust), seen, **fast)
    except PackRefused as refusal:
        return refusal.code
    return None


def refused_in_script(till: Till, file: bytes, trust: str = "production", seen: int = 0) -> Any:
    return till.open(file, vectors()["trust"][trust], seen).get("refused")


def test_frozen_packs_are_answered_as_written(till: Till) -> None:
    """Every case of the frozen packs gets its whole answer, in Python and in JavaScript; past its
    limit a pack answers nothing, and says how old it is."""
    late = vectors()["too_old"]
    for name in ("full", "full and delta", "sandbox", "doubted"):
        trust = TRUSTS.get(name, "production")
        cases = [case for case in vectors()["answers"] if case["pack"] == name]
        pack = reader.open_pack(file_of(name), trusted(trust))
        till.open(file_of(name), vectors()["trust"][trust])
        told = till.check([(case["code"], case["at"]) for case in cases])
        for case, in_script in zip(cases, told, strict=True):
            in_python = pack.answer(case["code"], datetime.fromisoformat(case["at"]))
            assert in_python == case["answer"], case["name"]
            assert in_script == case["answer"], case["name"]
        with pytest.raises(PackRefused, match="valid until"):
            pack.answer(late["code"], datetime.fromisoformat(late["at"]))
        assert till.check([(late["code"], late["at"])]) == {"refused": "pack_too_old"}
    aged = till.age(late["at"])
    assert (aged["seconds"], aged["is_too_old"]) == (7 * 86400 + 1, True)


def test_frozen_bad_packs_are_refused_with_their_codes(till: Till) -> None:
    """Each bad file has its one stable code in both; the pack in hand stays as it was."""
    till.open(file_of("full"), vectors()["trust"]["production"])
    for case in vectors()["refusals"]:
        file = base64.b64decode(case["file"])
        given = (file, case["trust"], case["seen"])
        assert refused_in_python(*given) == case["refused"], case["name"]
        assert refused_in_script(till, *given) == case["refused"], case["name"]
    good = vectors()["answers"][0]
    assert till.check([(good["code"], good["at"])]) == [good["answer"]]


def test_no_byte_can_be_altered(till: Till) -> None:
    """A bit turned anywhere, or the end cut off anywhere, is refused by both with one code."""
    file, random = pack_frames.full() + pack_frames.delta(), Random(7)
    for at in sorted(random.sample(range(len(file)), 150)):
        turned = file[:at] + bytes([file[at] ^ 1 << random.randrange(8)]) + file[at + 1 :]
        for altered in (turned, file[:at]):
            refused = refused_in_python(altered, verifies=ed25519.verifies)
            whole = at == len(pack_frames.full()) and altered != turned  # a pack without its delta
            assert (refused is None) is whole, at
            assert refused_in_script(till, altered) == refused, at


def test_a_delta_alone_brings_a_pack_up_to_date(till: Till) -> None:
    """A delta, a newer one in its place and a whole file are taken; an older one, a forged
    one, and one made for another pack are refused and change nothing."""
    trust, whole = vectors()["trust"]["production"], file_of("full and delta")
    base = till.open(file_of("full"), trust)["sequence"]
    sequence = till.update(file_of("delta"))["sequence"]
    assert sequence > base
    assert till.update(file_of("full"))["refused"] == "pack_older_than_seen"
    assert till.update(pack_frames.delta(base=base - 1))["refused"] == "pack_damaged"
    forged = pack_frames.delta(sequence=sequence + 9, key=pack_frames.STRANGER)
    assert till.update(forged)["refused"] == "pack_signature_wrong"
    assert till.update(whole)["base"] == base
    gone = pack_record.code(11, 1)
    assert till.check([(gone, NOW)])[0]["verdict"] == "UNKNOWN"
    # A newer delta replaces the one before: what only that one took away is there again.
    assert till.update(pack_frames.delta(sequence=sequence + 1))["sequence"] == sequence + 1
    assert till.check([(gone, NOW)])[0]["verdict"] == "OK"


def test_bad_codes_are_told_as_the_format_says(till: Till) -> None:
    """Every frozen stamp code, good and bad, is judged in JavaScript as everywhere else."""
    frozen = json.loads(make_stamps.FILE.read_text("utf-8"))
    most = make_stamps.MAX_INDEX - 1  # one is a canary at least
    cases = [
        case | {"expected": "good"}
        for case in frozen["good"]
        if case["batch"] == 1 and case["index"] <= most
    ]
    for one in frozen["bad"]:  # no manifest is believed whose key is weak
        weak = {"expected": "weak"} if one["name"].startswith("weak key") else {}
        cases.append(one | weak)
    told = {"good": "OK", "bad_signature": "UNKNOWN", "malformed": "MALFORMED"}
    told["weak"] = "UNAVAILABLE"
    trust = vectors()["trust"]["production"]
    for key in sorted({case["public_key"] for case in cases}):
        row = most, 0, 0, [most, 0]
        said = {"public_key": key, "last_index": make_stamps.MAX_INDEX}
        rows = [pack_record.batch(number, *row, **said) for number in (1, 2)]
        batches = {"batches": rows}
        # Of another host: a bare code is asked for here, and no address.
        other = pack_frames.full(pack_record.SMALL | batches, prefix="https://tem.example/s/")
        till.open(other, trust)
        asked = [case for case in cases if case["public_key"] == key]
        answers = till.check([(case["text"], NOW) for case in asked])
        for case, answer in zip(asked, answers, strict=True):
            assert answer["verdict"] == told[case["expected"]], case.get("name")


def test_manifests_are_believed_as_the_format_says(till: Till) -> None:
    """A batch whose manifest is one of the frozen bad ones is not told of, in both; of a good
    one a code that nobody signed is unknown."""
    frozen = json.loads(make_stamps.FILE.read_text("utf-8"))
    office = make_stamps.Key("office of packs")
    for kind, told in (("good", {"UNKNOWN"}), ("bad", {"UNAVAILABLE", "pack_damaged"})):
        for case in frozen["manifests"][kind]:
            trust = dict(frozen["trusts"][case["trust"]])
            trust["office_keys"] = [*trust["office_keys"], make_stamps.office_key(office)]
            number = number_in(case["text"])
            file = pack_with(number, case, office, trust["environment"])
            scanned = make_stamps.text(make_stamps.body(number, 1) + bytes(64))
            opened = till.open(file, trust)
            in_script = opened.get("refused") or till.check([(scanned, NOW)])[0]["verdict"]
            assert in_script in told, case["name"]
            try:
                believed = trust_list.parse(json.dumps(trust))
                pack = reader.open_pack(file, believed, verifies=ed25519.verifies)
                in_python = pack.answer(scanned, datetime.fromisoformat(NOW))["verdict"]
            except PackRefused as refusal:
                in_python = refusal.code
            assert in_python == in_script, case["name"]


def number_in(manifest: str) -> int:
    """The number that a manifest gives, if it is one that rows may have; else 7."""
    try:
        number = json.loads(manifest)["batch"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return 7
    return number if type(number) is int and 1 <= number < 2**32 else 7


def pack_with(number: int, case: Json, office: make_stamps.Key, environment: str) -> bytes:
    """A pack with one batch, of a frozen manifest; an office of its own certified its key."""
    text = base64.urlsafe_b64encode(bytes.fromhex(case["signature"])).decode().rstrip("=")
    content = pack_record.SMALL | {
        "products": [{"product_id": "HT-SP001", "certificates": []}],
        "producers": [{"producer_id": "HT-P001", "statuses": []}],
        "batches": [[number, case["text"], text, 0, 0, [make_stamps.QUANTITY, 0]]],
    }
    vouched = {"office_key_id": office.id, "environment": environment}
    return pack_frames.full(content, office=office, certificate=vouched, environment=environment)


def test_what_a_till_gives_back_is_looked_at(till: Till) -> None:
    """A sequence or a trust list that is none switches nothing off; a clock behind what is
    known is told to be wrong; the latest one counts until a newer pack comes."""
    file, trust = file_of("full"), vectors()["trust"]["production"]
    for given in ("abc", "1790000000", None, 1.5, -1, 2**53):
        assert till.open(file, trust, given) == {"refused": "pack_seen_damaged"}
    assert till.open(file, trust, clock="soon") == {"refused": "pack_seen_damaged"}
    key = trust["office_keys"][0]
    for fault in (
        {"office_keys": [key, key | {"state": "frozen"}]},
        {"office_keys": [key | {"purpose": "packs"}]},
        {"office_keys": [key | {"public_key": "00" * 32}]},
        {"office_keys": [key | {"first_batch": 0}]},
        {"format": "tem-trust-v2"},
    ):
        assert till.open(file, trust | fault) == {"refused": "trust_unreadable"}, fault
    sequence, far = till.open(file, trust)["sequence"], 4_102_444_800_000
    slow, wrong = till.age("2026-11-20T01:00:00Z"), till.age("2026-11-20T00:59:59Z")
    assert (slow["seconds"], slow["clock_is_wrong"]) == (0, False)
    assert (wrong["seconds"], wrong["clock_is_wrong"], wrong["is_too_old"]) == (None, True, False)
    till.open(file, trust, sequence, clock=far)
    aged = till.age(None)
    assert (aged["seconds"], aged["clock_is_wrong"], aged["is_too_old"]) == (None, True, True)
    assert till.check([(pack_record.code(7, 1), None)]) == {"refused": "pack_too_old"}
    assert till.clock() == far
    till.update(file_of("delta"))
    assert till.clock() < far


class Moving:
    """A clock that is set."""

    def __init__(self, now: str) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.now)


def test_a_till_goes_by_its_clock_and_not_back(tmp_path: Path) -> None:
    """Each code is answered by the clock of its moment, until the pack is too old; a clock set
    back is known to be wrong, by the same pack opened again too, and a newer pack forgets it."""
    file, clock, warned = tmp_path / "a.pack", Moving(NOW), list[str]()

    def opened(pack: bytes) -> Asked:
        read = reader.open_pack(pack, trusted(), verifies=ed25519.verifies)
        return Asked(read, file, clock=clock, at=None, warn=warned.append)

    asked = opened(file_of("full"))
    assert seen.read(file) == Seen(pack_frames.FULL, NOW)
    answers = asked.answers([pack_record.code(7, 2)] * 4)
    told = []
    for now in (NOW, "2026-11-20T17:00:00Z", "2026-11-20T16:30:00Z"):
        clock.now = now
        answer, moment = next(answers)
        told.append((answer["verdict"], asked.known(moment)["age_seconds"]))
    assert told == [("OK", 3600), ("PAST_DATE", 54_000), ("PAST_DATE", 54_000)]
    clock.now = "2026-11-20T15:59:59Z"
    again = opened(file_of("full"))
    known = again.known(again.moment())
    assert (known["age_seconds"], known["clock_is_wrong"]) == (None, True)
    clock.now = "2026-11-27T02:00:01Z"
    for one in (answers, again.answers([""])):
        with pytest.raises(PackRefused, match="valid until"):
            next(one)
    clock.now = NOW
    with pytest.raises(PackRefused, match="valid until"):
        next(opened(file_of("full")).answers([""]))
    newer = opened(file_of("full and delta"))
    assert newer.moment().age == timedelta(minutes=50)
    file.with_name("a.pack.lock").unlink()
    file.with_name("a.pack.lock").mkdir()  # nothing can be written here
    clock.now = "2026-11-20T09:00:00Z"
    assert next(newer.answers([""]))[0]["verdict"] == "MALFORMED"
    assert "Cannot remember" in warned.pop() and warned == []


def test_what_was_seen_does_not_go_back(tmp_path: Path) -> None:
    """Whoever comes late with an older pack leaves what a newer one wrote, and waits for whoever
    is at it; what is no number is told."""
    file = tmp_path / "a.pack"
    for sequence in (110, 130, 120):
        seen.keep(file, Seen(sequence))
    assert seen.read(file) == Seen(130)
    with seen.locked(file):
        late = threading.Thread(target=seen.keep, args=(file, Seen(131)), daemon=True)
        late.start()
        seen.keep_locked(file, Seen(140, "2026-11-20T02:00:00Z"))
    late.join(10)
    assert seen.read(file) == Seen(140, "2026-11-20T02:00:00Z")
    for text in ("", "x", "-1", "9" * 5000, "5 soon", "5\n6"):
        file.with_name("a.pack.seen").write_text(text)
        with pytest.raises(Invalid, match="should hold") as refused:
            seen.read(file)
        assert refused.value.code == "pack_seen_damaged"


def test_offline_answers_are_the_online_ones() -> None:
    """In a world made at random the look-up online, the pack in Python and the pack in JavaScript
    give one answer, full packs and deltas alike (a million of them: loadtests.pack_equal)."""
    verdicts, count = compared([2026], 1500)
    assert count > 1500
    assert {name.partition(" ")[0] for name in verdicts} == set(Verdict)
    assert verdicts["OK"] > 50


def test_the_python_file_needs_python_alone(tmp_path: Path) -> None:
    """A clean interpreter without packages or zones answers and refuses, by exit status, and a
    byte that is no text too; a delta is put in; a forged one changes nothing, an older pack is
    refused, from then on."""
    program, pack, trust = tmp_path / "tem-till.pyz", tmp_path / "a.pack", tmp_path / "trust.json"
    program.write_bytes(till_files.application())
    newer = tmp_path / "newer"
    trust.write_text(json.dumps(vectors()["trust"]["production"]))
    code = vectors()["answers"][0]["code"]

    def run(command: str, *more: Any, status: int) -> str:
        arguments = [program, command, "--pack", pack, "--trust", trust, *more]
        clean = "import runpy, sys, zoneinfo; zoneinfo.reset_tzpath(()); sys.argv = sys.argv[1:]; "
        clean += "runpy.run_path(sys.argv[0], run_name='__main__')"
        line = [sys.executable, "-I", "-S", "-c", clean, *arguments]
        done = subprocess.run(line, input=b"\xff\n%s\n" % code.encode(), capture_output=True)
        assert done.returncode == status, done.stderr
        return (done.stdout + done.stderr).decode().splitlines()[-1]

    pack.write_bytes(file_of("full"))
    first = json.loads(run("check", "-", "--at", NOW, status=3))["pack"]
    assert first["base"] == first["sequence"]
    newer.write_bytes(b"")  # a 204: nothing is newer
    assert json.loads(run("update", str(newer), status=0))["base"] == first["base"]
    newer.write_bytes(pack_frames.delta(sequence=first["sequence"] + 99, key=pack_frames.STRANGER))
    assert "[pack_signature_wrong]" in run("update", str(newer), status=5)
    assert pack.read_bytes() == file_of("full")
    newer.write_bytes(file_of("delta"))
    for _ in range(2):  # the delta takes the place of the one before
        now_held = json.loads(run("update", str(newer), status=0))
    assert pack.read_bytes() == file_of("full and delta")
    told = json.loads(run("check", "-", "--at", NOW, status=4))
    assert (told["verdict"], told["pack"]["base"]) == ("RECALLED", first["base"])
    assert told["pack"]["sequence"] == now_held["sequence"] > first["sequence"]
    assert "[pack_too_old]" in run("check", "-", "--at", "2026-11-27T02:00:01Z", status=5)
    newer.write_bytes(file_of("full"))
    assert "[pack_older_than_seen]" in run("update", str(newer), status=5)
    pack.write_bytes(file_of("full"))
    assert "[pack_older_than_seen]" in run("check", "-", "--at", NOW, status=5)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_both_files_are_served_with_their_digests(site: Callable[..., Site]) -> None:
    """What is downloaded is what the digests say, and the same sources give the same bytes."""
    client, _ = site()
    digests = client.get("/static/till/SHA256SUMS").text
    served = {}
    for line in digests.splitlines():
        digest, name = line.split("  ")
        with client.get(f"/static/till/{name}") as answer:
            served[name] = (answer.data, answer.content_type)
        assert hashlib.sha256(served[name][0]).hexdigest() == digest
    assert served["tem-till.pyz"] == (till_files.application(), "application/zip")
    assert served["tem-till.js"] == (SCRIPT.read_bytes(), "text/javascript; charset=utf-8")


def test_a_browser_answers_under_our_policy(browser: Browser) -> None:
    """In Chromium, on a page that may load nothing but scripts of its own host, every frozen case
    gets its answer and the browser has nothing to complain about."""
    policy = dict(headers_of_form("vi"))
    complaints: list[str] = []

    def answer(route: Route) -> None:
        bodies = {
            "/": ("text/html", '<!doctype html><script type="module" src="/page.js"></script>'),
            "/page.js": ("text/javascript", SHOWN),
            "/static/till/tem-till.js": ("text/javascript", SCRIPT.read_text("utf-8")),
        }
        kind, body = bodies.get(route.request.url.removeprefix(PAGE), ("text/plain", ""))
        route.fulfill(body=body, headers={**policy, "Content-Type": kind})

    page = browser.new_page()
    page.route("**/*", answer)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{PAGE}/")
    page.wait_for_function("window.till")
    cases = vectors()["answers"]
    given = [vectors()["files"], vectors()["trust"], cases]
    told = page.evaluate(ASKED, given)
    assert told == [case["answer"] for case in cases]
    assert complaints == []
    page.close()
