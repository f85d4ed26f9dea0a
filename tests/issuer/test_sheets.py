"""Sheets: every symbol is found where its cell is, and read by a second decoder."""

import io
import random
import re

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from tem_issuer import labels, sheets
from tem_issuer.labels import LabelError, Pixels
from tem_issuer.sheets import Stamp, Template

HOST = "tem.example.vn"
TITLE = "Mắm cá Đồng, lô 12"
DPI = 400  # some 6.4 pixels a module


def stamps(count: int, prefix: str = f"https://{HOST}/s/") -> list[Stamp]:
    rng = random.Random(20261122)
    return [
        (f"12-{index}-{index % 97:02d}", f"{prefix}{rng.randrange(2**576):0174d}")
        for index in range(1, count + 1)
    ]


def second_reading(pixels: Pixels) -> str | None:
    """Read one symbol with OpenCV's newer detector, None if it cannot.

    Rasterising rounds the edges of modules to whole pixels. At 300 dpi that made this detector
    fail on 43 of 990 symbols (none once the crop was tried at other sizes too), at 400 dpi on
    none; the classic detector fails on 2 to 6 % at any resolution, clean images included.
    Symbols of some 3,000 pixels it reads only when shrunk, so those are shrunk first.
    """
    fit = min(1.0, 800 / len(pixels))
    for scale in (fit, fit * 1.5, fit * 2):
        image = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        text = cv2.QRCodeDetectorAruco().detectAndDecode(image)[0]
        if text:
            return str(text)
    return None


def rasterised(document: bytes, dpi: int = DPI) -> list[Pixels]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        return [page.render(scale=dpi / 72, grayscale=True).to_numpy().copy() for page in pdf]
    finally:
        pdf.close()


def page_texts(document: bytes) -> list[str]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        return [page.get_textpage().get_text_bounded() for page in pdf]
    finally:
        pdf.close()


def cell(page: Pixels, template: Template, place: int) -> Pixels:
    """Cut the place-th symbol out of a page, with its quiet zone and nothing else."""
    left, top = template.corner_mm(place)
    x, y, side = (
        round(mm * DPI / 25.4) for mm in (left, sheets.PAGE_MM[1] - top, template.size_mm)
    )
    return page[y : y + side, x : x + side].reshape(side, side, -1)[:, :, 0].copy()


def all_read(document: bytes, template: Template, count: int) -> list[str | None]:
    pages = rasterised(document)
    return [
        second_reading(cell(pages[index // template.per_page], template, index % template.per_page))
        for index in range(count)
    ]


@pytest.mark.parametrize("name", sheets.PRESETS)
def test_every_symbol_is_read_by_a_second_decoder(name: str) -> None:
    """OpenCV reads every symbol of a rasterised sheet, in order, over the end of a page."""
    template = sheets.PRESETS[name]
    wanted = stamps(template.per_page + 7)
    document = sheets.sheet_pdf(wanted, HOST, template, TITLE)
    assert all_read(document, template, len(wanted)) == [url for _, url in wanted]


def test_smallest_and_largest_symbols_are_read() -> None:
    """A module of 0.25 mm and a stamp that fills the page's width are both read."""
    for template in (Template(4, 3, 12.25), Template(1, 1, 200.0)):
        wanted = stamps(template.per_page)
        document = sheets.sheet_pdf(wanted, HOST, template, TITLE)
        assert all_read(document, template, len(wanted)) == [url for _, url in wanted]


def test_host_and_serial_stand_beside_every_symbol() -> None:
    """The text of a page is its title and number, then host and serial of each stamp in order."""
    template = Template(3, 4, 20)
    wanted = stamps(20)
    first, second = page_texts(sheets.sheet_pdf(wanted, HOST, template, TITLE))
    assert "1/2" in first
    assert "Mam ca Dong, lo 12" in first
    for text, on_page in ((first, wanted[:12]), (second, wanted[12:])):
        assert re.findall(r"12-\d+-\d\d", text) == [serial for serial, _ in on_page]
        assert text.count(HOST) == len(on_page)


def test_the_quiet_zone_is_white() -> None:
    """Nothing dark lies within four modules of a symbol: no text, mark or neighbour."""
    template = sheets.PRESETS["dense"]
    wanted = [("4294967295-16777215-97", url) for _, url in stamps(template.per_page)]
    (page,) = rasterised(sheets.sheet_pdf(wanted, HOST, template, TITLE))
    quiet = int(4 * template.size_mm / 49 * DPI / 25.4) - 2  # two pixels for smoothed edges
    for place in range(template.per_page):
        symbol = cell(page, template, place)
        symbol[quiet:-quiet, quiet:-quiet] = 255
        assert symbol.min() > 250


def test_margins_hold_nothing_but_cut_marks() -> None:
    """The five outer millimetres of a page are white but for light marks."""
    wanted = stamps(sheets.DEFAULT.per_page)
    (page,) = rasterised(sheets.sheet_pdf(wanted, HOST, sheets.DEFAULT, TITLE))
    margin = int(4.9 * DPI / 25.4)
    page = page.copy()
    page[margin:-margin, margin:-margin] = 255
    assert page.min() > 100
    outer = int(2 * DPI / 25.4)
    page[outer:-outer, outer:-outer] = 255
    assert page.min() == 255


def test_a_reprint_is_identical() -> None:
    """The same stamps give the same bytes; another range does not."""
    wanted = stamps(30)
    first = sheets.sheet_pdf(iter(wanted), HOST, sheets.DEFAULT, TITLE)
    assert first == sheets.sheet_pdf(wanted, HOST, sheets.DEFAULT, TITLE)
    assert first != sheets.sheet_pdf(wanted[1:], HOST, sheets.DEFAULT, TITLE)


def test_the_file_says_what_it_is_and_nothing_of_the_machine() -> None:
    """The metadata are the title alone, and viewers are told to print at 100 %."""
    document = sheets.sheet_pdf(stamps(1), HOST, sheets.DEFAULT, TITLE)
    with pikepdf.open(io.BytesIO(document)) as pdf:
        assert {key: str(value) for key, value in pdf.docinfo.items()} == {"/Title": TITLE}
        assert pdf.Root.ViewerPreferences.PrintScaling == "/None"
        assert [float(side) for side in pdf.pages[0].MediaBox] == [0, 0, 595.276, 841.89]
        assert "/XObject" not in pdf.pages[0].Resources  # vectors, no images


@pytest.mark.parametrize(
    ("grid", "size", "code"),
    [
        ("11x11", 20, "template_does_not_fit"),
        ("12x9", 20, "template_does_not_fit"),
        ("1x1", 201, "template_does_not_fit"),
        ("1x1", 12.2, "module_too_small"),
        ("1x1", -20, "module_too_small"),
        ("1x1", float("nan"), "template_malformed"),
        ("0x5", 20, "template_malformed"),
        ("5", 20, "template_malformed"),
        ("٣x٣", 20, "template_malformed"),
    ],
)
def test_a_template_that_cannot_be_printed_is_refused(grid: str, size: float, code: str) -> None:
    """What does not fit A4 with its margins, or has too small a module, is no template."""
    with pytest.raises(LabelError) as caught:
        Template.parse(grid, size_mm=size)
    assert caught.value.code == code


@given(st.integers(1, 25), st.integers(1, 18), st.floats(10, 210, allow_nan=False))
def test_an_accepted_template_lies_inside_the_page(rows: int, columns: int, size: float) -> None:
    """Symbols of an accepted template never overlap or leave the margins."""
    try:
        template = Template(rows, columns, size)
    except LabelError:
        return
    left, top = template.corner_mm(0)
    last_left, last_top = template.corner_mm(template.per_page - 1)
    assert left >= 5 - 1e-9
    assert last_left + size <= 205 + 1e-9
    assert top <= 297 - 5 - 6 + 1e-9
    assert last_top - template.cell_height_mm >= 5 - 1e-9
    across, down = template.pitch_mm
    assert across >= size - 1e-9
    assert down >= template.cell_height_mm - 1e-9


def test_a_long_prefix_needs_a_larger_stamp() -> None:
    """A symbol of a higher version than the template counted on is refused, not squeezed."""
    (stamp,) = stamps(1, f"https://{'a' * 60}/s/")
    with pytest.raises(LabelError) as caught:
        sheets.sheet_pdf([stamp], HOST, Template(2, 2, 12.5), TITLE)
    assert caught.value.code == "module_too_small"


def test_texts_that_cannot_be_printed_are_refused() -> None:
    """A look-alike host, and one too long to be read at the stamp's size."""
    for host, code in (("tem.ex\u0430mple.vn", "text_not_ascii"), ("w" * 40, "text_too_long")):
        with pytest.raises(LabelError) as caught:
            sheets.sheet_pdf(stamps(1), host, sheets.DEFAULT, TITLE)
        assert caught.value.code == code


def test_the_number_of_stamps_is_bounded() -> None:
    """A file of no stamps, or of more than ten thousand, is refused before any is drawn."""
    for count, code in ((0, "range_empty"), (sheets.MAX_PER_SHEET_FILE + 1, "range_too_large")):
        with pytest.raises(LabelError) as caught:
            sheets.sheet_pdf((("1-1-01", "") for _ in range(count)), HOST, sheets.DEFAULT, TITLE)
        assert caught.value.code == code


def refused(wanted: list[Stamp], serial: str) -> None:
    with pytest.raises(LabelError) as caught:
        sheets.sheet_pdf(wanted, HOST, sheets.DEFAULT, TITLE)
    assert caught.value.code == "symbol_unreadable"
    assert serial in caught.value.detail
    assert "https" not in caught.value.detail


def test_a_sheet_with_a_swapped_symbol_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A symbol that is readable but another stamp's is found, and named by its serial."""
    wanted = stamps(5)
    honest = labels.symbol_matrix
    swap = {wanted[2][1]: wanted[3][1]}
    monkeypatch.setattr(labels, "symbol_matrix", lambda url: honest(swap.get(url, url)))
    refused(wanted, wanted[2][0])


def test_a_sheet_drawn_wrongly_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked is the drawing: a good symbol whose runs are drawn short is found."""
    wanted = stamps(5)
    honest = labels.dark_runs

    def short(matrix: labels.Modules) -> np.ndarray:
        runs = honest(matrix)
        runs[:, 2] = np.maximum(runs[:, 2] - 1, 1)
        return runs

    monkeypatch.setattr(labels, "dark_runs", short)
    refused(wanted, wanted[0][0])


def test_a_sheet_that_lost_a_symbol_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with fewer symbols than stamps is found, even if those it has are good."""
    monkeypatch.setattr(sheets, "_symbol", lambda *_: b"")
    refused(stamps(5), "0 of 5")


@pytest.mark.parametrize("dpi", [200, 300, 400])
@pytest.mark.parametrize("prefix", ["https://h.vn/s/", f"https://{'a' * 21}/s/"])
def test_a_whole_page_of_the_default_is_read_at_once(prefix: str, dpi: int) -> None:
    """A reader given a page with no hint where its symbols are finds every one of them."""
    wanted = stamps(sheets.DEFAULT.per_page, prefix)
    document = sheets.sheet_pdf(wanted, HOST, sheets.DEFAULT, TITLE)
    (page,) = rasterised(document, dpi)
    assert {found.text for found in zxingcpp.read_barcodes(page)} == {url for _, url in wanted}


def test_the_default_is_large_enough_for_a_till() -> None:
    """With the longest prefix of version 6 a module of every preset is 0.39 mm or more."""
    symbol = labels.symbol_matrix(f"https://{'a' * 21}/s/" + "9" * 174)
    for template in sheets.PRESETS.values():
        assert template.require_module(len(symbol)) >= 0.39


def test_a_template_is_chosen_by_grid_and_size() -> None:
    """Nothing asked is the default; one of the two asked takes the other from it."""
    assert sheets.choose(None, None) is sheets.DEFAULT
    assert sheets.choose("11x9", None) == sheets.PRESETS["close"]
    assert sheets.choose("11x10", 19.5) == sheets.PRESETS["dense"]
    assert sheets.choose(None, 21.5) == Template(sheets.DEFAULT.rows, sheets.DEFAULT.columns, 21.5)
    for grid, size, code in (
        ("40x40", None, "template_does_not_fit"),
        ("x", 20.0, "template_malformed"),
    ):
        with pytest.raises(LabelError) as caught:
            sheets.choose(grid, size)
        assert caught.value.code == code


def test_a_count_is_checked_before_anything_is_read() -> None:
    """Ten thousand pass, one more is told to ask for a range."""
    sheets.check_count(sheets.MAX_PER_SHEET_FILE)
    with pytest.raises(LabelError) as caught:
        sheets.check_count(sheets.MAX_PER_SHEET_FILE + 1)
    assert caught.value.code == "range_too_large"
    assert "first and last" in caught.value.detail
