"""Tills with no network, in Python and in JavaScript: frozen packs, and worlds made at random."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
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
from tem.pack import reader, trust_list
from tem.pack.refusals import PackRefused
from tem.vocabulary import Verdict
from tem_verifier import till_files
from tem_verifier.heads import headers_of_form

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
  packs["full and delta"] = await packs.full.update(bytes(files.delta));
  return Promise.all(cases.map(({ pack, code, at }) => packs[pack].check(code, { at })));
}"""


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
    for name in ("full", "full and delta", "sandbox"):
        trust = "sandbox" if name == "sandbox" else "production"
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
    cases = [case | {"expected": "good"} for case in frozen["good"] if case["batch"] == 1]
    cases += [one for one in frozen["bad"] if not one["name"].startswith("weak key")]
    told = {"good": "OK", "bad_signature": "UNKNOWN", "malformed": "MALFORMED"}
    trust = vectors()["trust"]["production"]
    for key in sorted({case["public_key"] for case in cases}):
        public = base64.urlsafe_b64encode(bytes.fromhex(key)).decode().rstrip("=")
        row = [public, 2**24 - 1, 0, 0, [2**24 - 1, 0]]
        batches = {"batches": [[1, *row], [2, *row]]}
        # Of another host: a bare code is asked for here, and no address.
        other = pack_frames.full(pack_record.SMALL | batches, prefix="https://tem.example/s/")
        till.open(other, trust)
        asked = [case for case in cases if case["public_key"] == key]
        answers = till.check([(case["text"], NOW) for case in asked])
        for case, answer in zip(asked, answers, strict=True):
            assert answer["verdict"] == told[case["expected"]], case.get("name")


def test_offline_answers_are_the_online_ones() -> None:
    """In a world made at random the look-up online, the pack in Python and the pack in JavaScript
    give one answer, full packs and deltas alike (a million of them: loadtests.pack_equal)."""
    verdicts, count = compared([2026], 1500)
    assert count > 1500
    assert {name.partition(" ")[0] for name in verdicts} == set(Verdict)
    assert verdicts["OK"] > 50


def test_the_python_file_needs_python_alone(tmp_path: Path) -> None:
    """A clean interpreter without packages or zones answers and refuses, by exit status; an older
    pack in its place is refused the next time."""
    program, pack, trust = tmp_path / "tem-till.pyz", tmp_path / "a.pack", tmp_path / "trust.json"
    program.write_bytes(till_files.application())
    trust.write_text(json.dumps(vectors()["trust"]["production"]))
    code = vectors()["answers"][0]["code"]

    def check(*more: str, status: int) -> str:
        arguments = [program, "check", "-", "--pack", pack, "--trust", trust, *more]
        clean = "import runpy, sys, zoneinfo; zoneinfo.reset_tzpath(()); sys.argv = sys.argv[1:]; "
        clean += "runpy.run_path(sys.argv[0], run_name='__main__')"
        command = [sys.executable, "-I", "-S", "-c", clean, *arguments]
        done = subprocess.run(command, input=f"{code}\n", capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    pack.write_bytes(file_of("full and delta"))
    assert json.loads(check("--at", NOW, status=4))["verdict"] == "RECALLED"
    assert "[pack_too_old]" in check("--at", "2026-11-27T02:00:01Z", status=5)
    pack.write_bytes(file_of("full"))
    assert "[pack_older_than_seen]" in check("--at", NOW, status=5)


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
