"""What leaves for the printing house, and the end of it, over HTTP."""

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from tests.issuer.issuer_support import PUBLIC_URL, Mint, files_of
from werkzeug.test import TestResponse

from tem import stampcode
from tem.databases.database import writing
from tem.errors import Gone
from tem_issuer import batch_files, prints, storage
from tem_issuer.codefile import CHUNK_CODES

FORMS = ("codes.csv", "sheet.pdf", "stamps/1.svg", "stamps/1.png")


def get(mint: Mint, number: int, rest: str, client: FlaskClient | None = None) -> TestResponse:
    path = f"/v1/batches/{number}/{rest}"
    return (client or mint.client()).get(path, headers=mint.bearer("office"))


def problem(answer: TestResponse, status: int) -> str:
    """The code of a problem document, after looking at its shape."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    return str(answer.json["code"])


def confirm(mint: Mint, number: int, **headers: str) -> TestResponse:
    path = f"/v1/batches/{number}/print-confirmation"
    return mint.client().post(path, json={}, headers=mint.bearer("office", **headers))


def exports(mint: Mint) -> list[dict[str, object]]:
    return [e.details for e in mint.trail() if e.action == "codes.exported"]


def test_the_csv_is_one_row_a_stamp_in_roll_order(mint: Mint) -> None:
    """Header, sequence, serial, URL and batch are as a printing house reads them."""
    batch = mint.released(30)
    answer = get(mint, batch.number, "codes.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Tem-Row-Count"] == "30"
    assert f"tem-{batch.number}.csv" in answer.headers["Content-Disposition"]
    assert answer.text.isascii()
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["sequence", "serial", "url", "batch"]
    assert answer.text.count("\r\n") == answer.text.count("\n") == 31
    for index, (sequence, serial, url, number) in enumerate(rows, start=1):
        assert (sequence, number) == (str(index), str(batch.number))
        assert stampcode.parse_serial(serial) == (batch.number, index)
        assert url.startswith(f"{PUBLIC_URL}/s/")
        code = stampcode.parse(url.removeprefix(f"{PUBLIC_URL}/s/"))
        assert (code.batch, code.index) == (batch.number, index)
    assert len(rows) == 30


def test_canaries_are_never_exported(mint: Mint) -> None:
    """Beyond the quantity there is nothing to be had in any form."""
    batch = mint.released(5)
    canaries = {prefix for index in range(6, 14) for prefix in [f"{batch.number}-{index}-"]}
    text = get(mint, batch.number, "codes.csv").text
    assert not any(canary in text for canary in canaries)
    assert text.count("\r\n") == 6
    for index in (6, batch.last_index):
        for form in ("svg", "png"):
            answer = get(mint, batch.number, f"stamps/{index}.{form}")
            assert problem(answer, 422) == "no_such_stamps"
        answer = get(mint, batch.number, f"sheet.pdf?first=5&last={index}")
        assert problem(answer, 422) == "no_such_stamps"
    assert len(exports(mint)) == 1


def test_an_export_is_audited_before_its_first_byte(mint_on_each: Mint) -> None:
    """The entry is there when the answer begins, whether or not anything is read of it."""
    mint = mint_on_each
    batch = mint.released(5)
    answer = mint.client().get(
        f"/v1/batches/{batch.number}/codes.csv", headers=mint.bearer("office"), buffered=False
    )
    assert exports(mint) == [{"first": 1, "last": 5, "form": "csv"}]
    assert b"".join(answer.response).count(b"\r\n") == 6
    answer.close()
    get(mint, batch.number, "sheet.pdf?first=2&last=4")
    get(mint, batch.number, "stamps/3.svg")
    get(mint, batch.number, "stamps/4.png")
    assert exports(mint)[1:] == [
        {"first": 2, "last": 4, "form": "pdf"},
        {"first": 3, "last": 3, "form": "svg"},
        {"first": 4, "last": 4, "form": "png"},
    ]
    entry = mint.trail(f"batch:{batch.number}")[-1]
    assert entry.actor.startswith("office:first-start#")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_answer_nobody_reads_keeps_no_file_open(mint: Mint) -> None:
    """HEAD requests and broken downloads give the code file back."""
    batch, client, office = mint.released(5), mint.client(), mint.bearer("office")
    path = f"/v1/batches/{batch.number}/codes.csv"
    client.head(path, headers=office).close()
    before = open_files()
    for _ in range(5):
        client.head(path, headers=office).close()
        client.get(path, headers=office, buffered=False).close()
    assert open_files() == before


def second_reading(pixels: np.ndarray) -> str:
    """What OpenCV reads, in grey, at one of three sizes."""
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    for scale in (1.0, 1.5, 2.0):
        image = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        text = cv2.QRCodeDetectorAruco().detectAndDecode(image)[0]
        if text:
            return str(text)
    return ""


def svg_pixels(document: str) -> np.ndarray:
    """The boxes of the drawn path, painted at eight pixels a module."""
    side = int(re.search(r'viewBox="0 0 (\d+)', document)[1])
    page = np.full((side, side), 255, dtype=np.uint8)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", document):
        page[int(y), int(x) : int(x) + int(length)] = 0
    return page.repeat(8, axis=0).repeat(8, axis=1)


def test_single_stamps_are_read_by_two_decoders(mint: Mint) -> None:
    """SVG and PNG of a stamp read as the URL that the CSV has for it."""
    batch = mint.released(3)
    urls = mint.urls(batch)
    for index, url in enumerate(urls, start=1):
        svg = get(mint, batch.number, f"stamps/{index}.svg")
        png = get(mint, batch.number, f"stamps/{index}.png")
        assert (svg.mimetype, png.mimetype) == ("image/svg+xml", "image/png")
        picture = np.asarray(Image.open(io.BytesIO(png.data)).convert("L"))
        for pixels in (svg_pixels(svg.text), picture):
            assert zxingcpp.read_barcode(pixels).text == url
            assert second_reading(pixels) == url
        assert stampcode.serial(batch.number, index) in svg.text
        assert "tem.example.vn" in svg.text


def pages(document: bytes, dpi: int) -> list[np.ndarray]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        return [np.array(page.render(scale=dpi / 72).to_pil().convert("L")) for page in pdf]
    finally:
        pdf.close()


def test_a_sheet_has_exactly_the_stamps_asked_for(mint: Mint) -> None:
    """A range over a page's end is read from the rasterised pages, nothing missing or more."""
    batch = mint.released(90)
    wanted = mint.urls(batch)[4:86]
    answer = get(mint, batch.number, "sheet.pdf?first=5&last=86")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    found = [{b.text for b in zxingcpp.read_barcodes(p)} for p in pages(answer.data, 300)]
    assert found == [set(wanted[:72]), set(wanted[72:])]


def test_template_and_size_are_the_caller_s(mint: Mint) -> None:
    """Rows, columns and size of the grid are as asked, and both decoders read it."""
    batch = mint.released(6)
    answer = get(mint, batch.number, "sheet.pdf?template=2x2&size=40")
    first, second = pages(answer.data, 200)
    urls = mint.urls(batch)
    assert {b.text for b in zxingcpp.read_barcodes(first)} == set(urls[:4])
    assert set(cv2.QRCodeDetectorAruco().detectAndDecodeMulti(first)[1]) == set(urls[:4])
    assert {b.text for b in zxingcpp.read_barcodes(second)} == set(urls[4:])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("first=0", "validation_failed"),
        ("first=4&last=3", "no_such_stamps"),
        ("last=6", "no_such_stamps"),
        ("first=-1", "validation_failed"),
        ("first=1.0", "validation_failed"),
        ("first=1e0", "validation_failed"),
        ("first=%D9%A1", "validation_failed"),
        ("first=1_0", "validation_failed"),
        ("first=%201", "validation_failed"),
        ("last=99999999999999999999", "validation_failed"),
        ("last=16777217", "validation_failed"),
        ("last=" + "9" * 5000, "validation_failed"),
        ("first=", "validation_failed"),
        ("size=nan", "validation_failed"),
        ("size=inf", "validation_failed"),
        ("size=1e999", "validation_failed"),
        ("size=-20", "validation_failed"),
        ("size=7.9", "validation_failed"),
        ("size=12", "module_too_small"),
        ("size=60", "template_does_not_fit"),
        ("template=0x5", "validation_failed"),
        ("template=99x99", "template_does_not_fit"),
        ("template=9*8", "validation_failed"),
        ("template=%D9%A3x3", "validation_failed"),
        ("colour=red", "validation_failed"),
        ("last=16777216", "range_too_large"),
    ],
)
def test_a_sheet_that_cannot_be_is_a_problem(mint: Mint, query: str, code: str) -> None:
    """Bad ranges, sizes and templates are refused in words, and nothing is audited as left."""
    batch = mint.released(5)
    assert problem(get(mint, batch.number, f"sheet.pdf?{query}"), 422) == code
    assert exports(mint) == []


def test_a_sheet_holds_ten_thousand_at_most(mint: Mint, small_chunks: int) -> None:
    """More are asked for in parts: the refusal comes before anything is drawn."""
    batch = mint.released(10_001)
    answer = get(mint, batch.number, "sheet.pdf")
    assert problem(answer, 422) == "range_too_large"
    assert "first and last" in answer.json["detail"]
    assert get(mint, batch.number, "sheet.pdf?first=10001").status_code == 200


def test_a_print_confirmed_destroys_the_codes(mint_on_each: Mint) -> None:
    """Key and codes are gone, hashes and manifest stay, and every form answers 410."""
    mint = mint_on_each
    batch = mint.released(5)
    other = mint.released(5)
    answer = confirm(mint, batch.number)
    assert answer.status_code == 200
    assert (answer.json["codes"], answer.json["printed_at"]) == (
        "destroyed",
        "2026-11-20T02:00:00Z",
    )
    assert mint.files() == files_of(other) | {f"{batch.number}-1.hashes"}
    for form in FORMS:
        gone = get(mint, batch.number, form)
        assert problem(gone, 410) == "codes_destroyed"
        assert "20/11/2026" in gone.json["detail"]
        assert get(mint, other.number, form).status_code == 200
    assert mint.batch(batch.number).manifest == batch.manifest
    assert len(get(mint, batch.number, "fingerprints").data) == (batch.last_index or 0) * 8


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k1"}])
def test_confirming_twice_is_harmless(mint_on_each: Mint, headers: dict[str, str]) -> None:
    """The second time gives the same answer, and one audit entry tells of one act."""
    mint = mint_on_each
    batch = mint.released()
    first = confirm(mint, batch.number, **headers)
    mint.clock.advance(days=1)
    assert confirm(mint, batch.number, **headers).json == first.json
    assert mint.actions(batch).count("print.confirmed") == 1


def test_confirming_again_deletes_what_a_crash_left(mint_on_each: Mint) -> None:
    """A caller that got no answer and asks again has the codes destroyed."""
    mint = mint_on_each
    batch = mint.released()
    mint.confirm(batch)
    assert mint.files() == files_of(batch)
    assert problem(get(mint, batch.number, "codes.csv"), 410) == "codes_destroyed"
    assert confirm(mint, batch.number).status_code == 200
    assert mint.files() == {"1-1.hashes"}


def test_the_next_start_destroys_what_a_crash_left(mint_on_each: Mint) -> None:
    """Codes of a confirmed print go, those of any other batch stay."""
    mint = mint_on_each
    printed, kept = mint.released(), mint.released()
    mint.confirm(printed)
    prints.finish_destroying(mint.engine, mint.settings)
    assert mint.files() == files_of(kept) | {"1-1.hashes"}


def test_nothing_is_printed_before_the_release(mint: Mint) -> None:
    """Reserved, being signed or failed: exports and confirmation are 409, and change nothing."""
    number = mint.reserve().number
    for change in (storage.find_batch, storage.claim, storage.give_up):
        with writing(mint.engine) as connection:
            change(connection, number)
        before = mint.batch(number)
        for form in FORMS:
            answer = get(mint, number, form)
            assert problem(answer, 409) == "not_released"
        assert problem(confirm(mint, number, **{"Idempotency-Key": "k"}), 409) == "not_released"
        assert mint.batch(number) == before
    assert exports(mint) == []
    assert problem(confirm(mint, 77), 404) == "no_such_batch"


@pytest.mark.parametrize("end", ["codes", "key"])
def test_codes_that_are_not_here_are_said_to_be(mint: Mint, end: str) -> None:
    """After a restore from a backup the exports say why they cannot be had: 503, not audited."""
    batch = mint.released()
    (mint.settings.codes / f"{batch.number}-1.{end}").unlink()
    for form in FORMS:
        assert problem(get(mint, batch.number, form), 503) == "codes_missing"
    assert exports(mint) == []


@pytest.mark.parametrize(("end", "form"), [("key", "codes.csv"), ("codes", "sheet.pdf")])
def test_damaged_codes_are_never_printed(mint: Mint, end: str, form: str) -> None:
    """One flipped bit in codes or wrapped key is a clear 503 and no code leaves."""
    batch = mint.released()
    path = mint.settings.codes / f"{batch.number}-1.{end}"
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    assert problem(get(mint, batch.number, form), 503) == "codes_damaged"
    assert problem(get(mint, batch.number, "stamps/1.svg"), 503) == "codes_damaged"


def test_fingerprints_are_the_first_bytes_of_each_hash(mint: Mint) -> None:
    """Canaries included, in index order; before the release there are none."""
    batch = mint.released(50)
    _, _, hashes = batch_files.paths(mint.settings, batch.number, batch.attempt)
    table = hashes.read_bytes()
    answer = get(mint, batch.number, "fingerprints")
    assert answer.mimetype == "application/octet-stream"
    assert answer.content_length == len(answer.data) == len(table) // 4
    assert answer.data == b"".join(table[at : at + 8] for at in range(0, len(table), 32))
    assert problem(get(mint, mint.reserve().number, "fingerprints"), 404) == "not_released"
    hashes.unlink()
    assert problem(get(mint, batch.number, "fingerprints"), 503) == "hashes_missing"


def test_a_reprint_names_the_host_in_its_symbols(mint: Mint) -> None:
    """After the public address moved, words and symbol of an older batch still agree."""
    batch = mint.released()
    before = get(mint, batch.number, "stamps/1.svg").data
    moved = replace(mint, settings=replace(mint.settings, public_url="https://new.example.vn"))
    assert get(moved, batch.number, "stamps/1.svg").data == before
    assert "new.example.vn" in get(moved, moved.released().number, "stamps/1.svg").text


def test_an_export_begun_before_the_confirmation_is_whole(
    mint_on_each: Mint, small_chunks: int
) -> None:
    """Codes deleted while a download runs do not cut it short."""
    mint = mint_on_each
    batch = mint.released(3_000)
    answer = mint.client().get(
        f"/v1/batches/{batch.number}/codes.csv", headers=mint.bearer("office"), buffered=False
    )
    assert confirm(mint, batch.number).status_code == 200
    assert b"".join(answer.response).count(b"\r\n") == 3_001
    answer.close()


def test_a_confirmation_in_between_stops_an_export(mint_on_each: Mint) -> None:
    """An export that read the batch before its print was confirmed is still refused."""
    mint = mint_on_each
    batch = mint.released()
    mint.confirm(batch)
    with pytest.raises(Gone), writing(mint.engine) as connection:
        prints.export(connection, mint.clock(), "test", batch, 1, 1, "csv")
    assert exports(mint) == []


def test_memory_stays_flat_however_large_the_batch(mint: Mint) -> None:
    """50,000 stamps are signed and streamed in the memory that 5,000 need, helpers included."""
    script = Path(__file__).with_name("measure_memory.py")
    done = subprocess.run(
        [sys.executable, str(script), str(mint.installation.data), "5000", "50000"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    small, large = (json.loads(line) for line in done.stdout.splitlines())
    assert large["rows"] == 50_001
    assert large["rows"] // CHUNK_CODES > 10
    for who in ("own_kib", "helpers_kib"):
        assert large[who] - small[who] < 9 * 1024, (small, large)
