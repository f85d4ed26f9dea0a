"""Single stamps: what is drawn is read by a second decoder, OpenCV's."""

import io
import random
import re
from itertools import product
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from tem_issuer import labels
from tem_issuer.labels import LabelError, Pixels

HOST = "tem.example.vn"
SERIAL = "12-3456-78"
SVG = "{http://www.w3.org/2000/svg}"


def urls(count: int, prefix: str = f"https://{HOST}/s/") -> list[str]:
    rng = random.Random(20261121)
    return [f"{prefix}{rng.randrange(2**576):0174d}" for _ in range(count)]


def second_reading(pixels: Pixels) -> str | None:
    """Read one symbol with OpenCV, None if it cannot.

    OpenCV's classic detector fails on 1 to 4 % of clean images of these symbols. Its newer one
    (QRCodeDetectorAruco) read 300 of 300 at every size from 3 pixels a module up and with every
    white border from 4 modules, so it goes first, on the image as it is; other sizes and then
    the classic detector are tried only should it ever fail.
    """
    detectors = (cv2.QRCodeDetectorAruco(), cv2.QRCodeDetector())
    for detector, scale in product(detectors, (1.0, 0.75, 1.5)):
        image = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        text = detector.detectAndDecode(image)[0]
        if text:
            return str(text)
    return None


def svg_pixels(document: bytes, module_px: int = 5) -> Pixels:
    """Paint the path of an SVG, box by box, on white: no reader of SVG is installed."""
    root = ElementTree.fromstring(document)
    width, height = (int(side) for side in root.attrib["viewBox"].split()[2:])
    page = np.full((height, width), 255, dtype=np.uint8)
    (path,) = root.iter(f"{SVG}path")
    boxes, rest = re.subn(r"M(\d+) (\d+)h(\d+)v1h-\3z", r"\1 \2 \3;", path.attrib["d"])
    assert rest and re.fullmatch(r"[\d ;]+", boxes)
    for box in boxes.rstrip(";").split(";"):
        x, y, length = map(int, box.split())
        page[y, x : x + length] = 0
    return page.repeat(module_px, axis=0).repeat(module_px, axis=1)


def png_pixels(document: bytes) -> Pixels:
    with Image.open(io.BytesIO(document)) as image:
        return np.asarray(image)


def test_symbol_version() -> None:
    """A prefix of up to 32 characters gives version 6; one more character, version 7."""
    for length, side in ((25, 41), (32, 41), (33, 45)):
        prefix = f"https://{'a' * (length - 11)}/s/"
        assert len(prefix) == length
        (url,) = urls(1, prefix)
        matrix = labels.symbol_matrix(url)
        assert matrix.shape == (side, side)
        assert matrix.dtype == np.bool_
        assert labels.read_symbol(labels.to_pixels(matrix)) == url


def test_both_writers_use_the_same_version() -> None:
    """The symbol of a single stamp is as small as the one on a sheet, at the 32nd character too."""
    (url,) = urls(1, f"https://{'a' * 21}/s/")
    root = ElementTree.fromstring(labels.svg(url, SERIAL, HOST))
    assert root.attrib["viewBox"].split()[2] == str(41 + 2 * labels.QUIET_MODULES)


def test_sheet_symbols_have_error_correction_m() -> None:
    """The format bits beside the first finder pattern of a symbol say level M."""
    for url in urls(20):
        first, second = labels.symbol_matrix(url)[8, :2].astype(int)
        assert (first ^ 1, second ^ 0) == (0, 0)  # M is 00 under the format's mask 10101…


def test_runs_paint_the_symbol_again() -> None:
    """Painting the runs of a symbol gives back exactly its modules."""
    for url in urls(20):
        matrix = labels.symbol_matrix(url)
        runs = labels.dark_runs(matrix)
        rectangles = np.column_stack((runs, np.ones(len(runs), dtype=np.int64)))
        assert np.array_equal(labels.paint(rectangles), matrix)


def test_svg_is_read_by_a_second_decoder() -> None:
    """OpenCV reads the URL out of what an SVG's path paints."""
    for url in urls(25):
        assert second_reading(svg_pixels(labels.svg(url, SERIAL, HOST))) == url


def test_png_is_read_by_a_second_decoder() -> None:
    """OpenCV reads the URL out of a PNG, text under the symbol and all, at several sizes."""
    for url, module_px in zip(urls(25), (3, 4, 5, 8, 12) * 5, strict=True):
        document = labels.png(url, SERIAL, HOST, module_px)
        assert second_reading(png_pixels(document)) == url


def test_svg_is_at_the_size_gs1_asks_for() -> None:
    """An SVG is 49 modules of 0.396 mm wide, and its units are modules."""
    root = ElementTree.fromstring(labels.svg(urls(1)[0], SERIAL, HOST))
    assert root.attrib["width"] == "19.404mm"
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width == 49
    assert float(root.attrib["height"].removesuffix("mm")) == pytest.approx(height * 0.396)


def test_svg_names_itself_and_runs_nothing() -> None:
    """An SVG has a title first, host and serial as text, and no script or reference."""
    document = labels.svg(urls(1)[0], SERIAL, HOST)
    root = ElementTree.fromstring(document)
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == f"Stamp {SERIAL} ({HOST})"
    assert [line.text for line in root.iter(f"{SVG}text")] == [HOST, SERIAL]
    assert {node.tag for node in root.iter()} == {
        SVG + name for name in ("svg", "title", "rect", "path", "g", "text")
    }
    assert b"href" not in document


def test_svg_escapes_what_it_prints() -> None:
    """Markup in a host or serial stays text."""
    root = ElementTree.fromstring(labels.svg(urls(1)[0], "<&>", '"</svg>'))
    assert [line.text for line in root.iter(f"{SVG}text")] == ['"</svg>', "<&>"]


@pytest.mark.parametrize("host", [HOST, "a-rather-long-name.of-a-host.in-the-province.example.vn"])
def test_texts_stay_below_the_symbol_and_inside_the_width(host: str) -> None:
    """Neither line leaves the stamp or touches the quiet zone, however long the host."""
    serial = "4294967295-16777215-97"
    root = ElementTree.fromstring(labels.svg(urls(1)[0], serial, host))
    side, height = (float(value) for value in root.attrib["viewBox"].split()[2:])
    for line in root.iter(f"{SVG}text"):
        size, baseline = float(line.attrib["font-size"]), float(line.attrib["y"])
        assert float(line.attrib["textLength"]) <= side - 4 + 0.01
        assert baseline - size * 0.75 >= side
        assert baseline + size * 0.25 <= height
    pixels = png_pixels(labels.png(urls(1)[0], serial, host, 8))
    quiet = labels.QUIET_MODULES * 8
    below, border = pixels[pixels.shape[1] - quiet :], pixels[: pixels.shape[1]].copy()
    border[quiet:-quiet, quiet:-quiet] = 255
    assert (border == 255).all()
    assert (below[quiet:] < 128).any()
    assert (below[:, [0, -1]] == 255).all()
    assert (below[-1] == 255).all()


def test_png_prints_at_the_size_gs1_asks_for() -> None:
    """A PNG carries the resolution at which a module is 0.396 mm."""
    with Image.open(io.BytesIO(labels.png(urls(1)[0], SERIAL, HOST, 10))) as image:
        across, _ = image.info["dpi"]
        assert image.width / across * 25.4 == pytest.approx(19.404, abs=0.01)


def test_images_are_reproducible() -> None:
    """The same stamp gives the same bytes."""
    url = urls(1)[0]
    assert labels.svg(url, SERIAL, HOST) == labels.svg(url, SERIAL, HOST)
    assert labels.png(url, SERIAL, HOST) == labels.png(url, SERIAL, HOST)


@pytest.mark.parametrize("text", ["", "tem.ex\u0430mple.vn", "tem\n.vn", "x\x7f"])
def test_only_printable_ascii_is_printed(text: str) -> None:
    """A look-alike host, an empty one and control characters are refused."""
    for draw in (labels.svg, labels.png):
        with pytest.raises(LabelError) as caught:
            draw(urls(1)[0], SERIAL, text)
        assert caught.value.code == "text_not_ascii"


@pytest.mark.parametrize(
    "url", ["", "12", "https://h/s/", "https://h/s/12a", "https://h/s/\u0661", "h/" + "1" * 9000]
)
def test_only_urls_of_stamps_are_drawn(url: str) -> None:
    """What does not end in a slash and ASCII digits is no stamp's URL."""
    for act in (labels.symbol_matrix, labels.split_url):
        with pytest.raises(LabelError) as caught:
            act(url)
        assert caught.value.code == "not_a_stamp_url"


@pytest.mark.parametrize("module_px", [-1, 0, 1, 41, 10**9])
def test_png_size_is_bounded(module_px: int) -> None:
    """A module is 2 to 40 pixels: a request cannot ask for a gigabyte."""
    with pytest.raises(LabelError) as caught:
        labels.png(urls(1)[0], SERIAL, HOST, module_px)
    assert caught.value.code == "module_px_out_of_range"


@pytest.mark.parametrize("draw", [labels.svg, labels.png])
def test_a_single_stamp_that_reads_otherwise_is_not_handed_out(
    monkeypatch: pytest.MonkeyPatch, draw: object
) -> None:
    """A drawing of another URL is refused, and the error names the serial but no URL."""
    url, other = urls(2)
    honest = labels._qrcode
    monkeypatch.setattr(labels, "_qrcode", lambda _url, *size: honest(other, *size))
    assert callable(draw)
    with pytest.raises(LabelError) as caught:
        draw(url, SERIAL, HOST)
    assert caught.value.code == "symbol_unreadable"
    assert SERIAL in caught.value.detail
    assert url not in str(caught.value)


def test_nothing_is_read_from_white() -> None:
    """An empty image has no symbol."""
    assert labels.read_symbol(np.full((200, 200), 255, dtype=np.uint8)) is None
