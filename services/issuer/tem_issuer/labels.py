"""Stamps as pictures: the QR symbol, and one stamp as SVG or PNG.

Everything here is a pure function of its arguments. Symbols come from two writers: zxing-cpp
(0.4 ms each) for sheets of thousands, `qrcode` (some 15 ms) for single stamps. Whatever is
drawn is read back from the drawing before it is handed out.
"""

import io
import re
from xml.sax.saxutils import escape

import numpy as np
import qrcode
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage
from qrcode.util import MODE_8BIT_BYTE, MODE_NUMBER, QRData

from tem.errors import Invalid

Modules = NDArray[np.bool_]
"""A symbol without its quiet zone, shape (n, n), row 0 on top, True is dark."""

Pixels = NDArray[np.uint8]
"""A grey image, shape (height, width), 0 is black and 255 white."""

QUIET_MODULES = 4
"""Width of the white border a reader may count on (ISO/IEC 18004)."""

MODULE_MM = 0.396
"""Side of one module that GS1 asks of a point of sale (docs: the stamp code)."""

MODULE_PX_RANGE = range(2, 41)
"""Pixels a module that `png` accepts: fewer cannot be read, more is only a larger file."""

_MAX_URL = 512  # far more than a stamp needs, far less than the largest symbol holds
_TEXT_MODULES = 5.0  # font size under a single stamp: 1.98 mm, or 5.6 pt, at MODULE_MM
_LINE_MODULES = 6.0
_TEXT_INSET_MODULES = 2.0  # white left and right of the longest line

# Advance widths of Helvetica in 1/1000 em for U+0020 to U+007E (Adobe's AFM, WinAnsi encoding).
# fmt: off
_HELVETICA = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)
# fmt: on


class LabelError(Invalid):
    """A stamp or sheet that cannot be drawn; `code` is stable, `detail` is for people.

    The detail names a stamp by its serial, never by its URL, which is a bearer secret.
    """


def split_url(url: str) -> tuple[str, str]:
    """Return the prefix up to the last slash and the digits after it.

    Raises LabelError `not_a_stamp_url` unless the URL is ASCII and ends in a slash and digits.
    """
    prefix, slash, digits = url.rpartition("/")
    if not (slash and url.isascii() and digits.isdigit() and len(url) <= _MAX_URL):
        raise LabelError("not_a_stamp_url", "a stamp's URL is ASCII and ends in / and digits")
    return prefix + slash, digits


def symbol_matrix(url: str) -> Modules:
    """Return the QR symbol of a stamp's URL at error correction M, in the smallest version.

    zint, the writer inside zxing-cpp, chooses segments by length in bits, so the prefix goes
    into a byte segment and the digits into a numeric one: 32 characters and 174 digits take
    862 of the 864 bits of version 6. Raises LabelError `not_a_stamp_url`.
    """
    split_url(url)
    symbol = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)
    return np.asarray(image == 0)


def read_symbol(pixels: Pixels) -> str | None:
    """Return the text of the one upright QR symbol in the image, None if it cannot be read."""
    found = zxingcpp.read_barcode(
        pixels,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        # What we read is what we drew: upright, dark on light, at its own size.
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    return found.text if found is not None else None


def require_readable(pixels: Pixels, url: str, serial: str) -> None:
    """Raise LabelError `symbol_unreadable` unless the image reads as exactly this URL."""
    if read_symbol(pixels) != url:
        raise LabelError("symbol_unreadable", f"the symbol drawn for {serial} reads otherwise")


def dark_runs(matrix: Modules) -> NDArray[np.int64]:
    """Return the dark runs as rows (column, row, length) in modules, shape (k, 3).

    One rectangle a run instead of one a module: a third of the bytes, and no hairlines between
    neighbours in viewers that smooth edges.
    """
    edges = np.diff(np.pad(matrix.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    return np.stack((starts, rows, ends - starts), axis=1)


def paint(rectangles: NDArray[np.int64]) -> Modules:
    """Return the square of modules that rectangles (x, y, width, height) cover, shape (n, n).

    n is where the outermost rectangle ends: a whole symbol reaches all four sides.
    """
    x, y, width, height = rectangles.T
    side = int(max((x + width).max(), (y + height).max()))
    corners = np.zeros((side + 1, side + 1), dtype=np.int64)
    for rows, columns, step in (
        (y, x, 1), (y, x + width, -1), (y + height, x, -1), (y + height, x + width, 1)
    ):  # fmt: skip
        np.add.at(corners, (rows, columns), step)
    covered = corners.cumsum(axis=0).cumsum(axis=1)[:side, :side]
    return np.asarray(covered > 0)


def to_pixels(matrix: Modules, module_px: int = 3) -> Pixels:
    """Return a symbol as a grey image with its quiet zone around it."""
    grey = np.where(np.pad(matrix, QUIET_MODULES), 0, 255).astype(np.uint8)
    return grey.repeat(module_px, axis=0).repeat(module_px, axis=1)


def require_printable(text: str) -> str:
    """Return the text, or raise LabelError `text_not_ascii`.

    A host in other letters is the look-alike attack that printing it is meant to prevent.
    """
    if not (text and text.isascii() and text.isprintable()):
        raise LabelError("text_not_ascii", f"{text!a} cannot be printed on a stamp")
    return text


def text_width(text: str) -> float:
    """Return the width of printable ASCII text in Helvetica, in em."""
    return sum(_HELVETICA[ord(character) - 0x20] for character in text) / 1000


def svg(url: str, serial: str, host: str) -> bytes:
    """Return one stamp as SVG: symbol, quiet zone, then host and serial as text.

    Width and height are in mm at MODULE_MM; one unit of the view box is one module. Raises
    LabelError `not_a_stamp_url`, `text_not_ascii`, `symbol_unreadable`.
    """
    matrix = np.array(_qrcode(url).get_matrix(), dtype=np.bool_)
    side = len(matrix)
    height = side + 2 * _LINE_MODULES + 1
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in dark_runs(matrix).tolist())
    require_readable(to_pixels(paint(_rectangles(path))), url, serial)
    texts = "".join(
        _svg_text(require_printable(text), side, side + line * _LINE_MODULES)
        for line, text in enumerate((host, serial), start=1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * MODULE_MM:.3f}mm"'
        f' height="{height * MODULE_MM:.3f}mm" viewBox="0 0 {side} {height:g}" role="img">'
        f"<title>{escape(f'Stamp {serial} ({host})')}</title>"
        f'<rect width="{side}" height="{height:g}" fill="#fff"/>'
        f'<path d="{path}" shape-rendering="crispEdges"/>'
        f'<g font-family="Helvetica, Arial, sans-serif" text-anchor="middle">{texts}</g></svg>\n'
    ).encode("ascii")


def png(url: str, serial: str, host: str, module_px: int = 5) -> bytes:
    """Return one stamp as a grey PNG, `module_px` pixels a module, at MODULE_MM when printed.

    Five pixels are 320 dots an inch, and the size at which OpenCV's classic detector, the least
    able of the readers we tried, failed on 1 in 200 clean symbols; from 6 it is 1 in 40. Raises
    LabelError `not_a_stamp_url`, `text_not_ascii`, `symbol_unreadable`, and
    `module_px_out_of_range` outside MODULE_PX_RANGE.
    """
    if module_px not in MODULE_PX_RANGE:
        raise LabelError("module_px_out_of_range", "between 2 and 40 pixels a module")
    symbol = _qrcode(url, module_px).make_image(image_factory=PilImage).get_image()
    side = symbol.width
    line_px = round(_LINE_MODULES * module_px)
    canvas = Image.new("L", (side, side + 2 * line_px + module_px), 255)
    canvas.paste(symbol, (0, 0))
    for line, text in enumerate((host, serial), start=1):
        _draw_text(canvas, require_printable(text), side + line * line_px, module_px)
    require_readable(np.asarray(canvas), url, serial)
    file = io.BytesIO()
    dots_per_inch = module_px * 25.4 / MODULE_MM
    canvas.save(file, "PNG", optimize=True, dpi=(dots_per_inch, dots_per_inch))
    return file.getvalue()


def _qrcode(url: str, module_px: int = 1) -> qrcode.QRCode:
    """Return the symbol as `qrcode` makes it, with explicit segments: it splits less well."""
    prefix, digits = split_url(url)
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES, box_size=module_px)
    code.add_data(QRData(prefix.encode("ascii"), mode=MODE_8BIT_BYTE), optimize=0)
    code.add_data(QRData(digits.encode("ascii"), mode=MODE_NUMBER), optimize=0)
    code.make(fit=True)
    return code


def _rectangles(path: str) -> NDArray[np.int64]:
    """Read (x, y, width, height) back out of a path of `M x y h w v 1 h -w z` boxes."""
    boxes = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path)
    return np.array(boxes, dtype=np.int64) - (QUIET_MODULES, QUIET_MODULES, 0, 0)


def _svg_text(text: str, side: int, baseline: float) -> str:
    """Return one centred line no wider than the stamp, whatever font the viewer has.

    `textLength` makes a viewer without Helvetica squeeze its own font into the same width.
    """
    width = text_width(text)
    size = min(_TEXT_MODULES, (side - 2 * _TEXT_INSET_MODULES) / width)
    return (
        f'<text x="{side / 2:g}" y="{baseline - 1:g}" font-size="{size:.2f}"'
        f' textLength="{width * size:.2f}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _draw_text(canvas: Image.Image, text: str, bottom: int, module_px: int) -> None:
    """Draw one centred line whose baseline is a module above `bottom`, shrunk until it fits."""
    room = canvas.width - 2 * _TEXT_INSET_MODULES * module_px
    size = _TEXT_MODULES * module_px
    natural = ImageFont.load_default(size).getlength(text)
    font = ImageFont.load_default(size * min(1.0, room / natural))
    place = (canvas.width / 2, bottom - module_px)
    ImageDraw.Draw(canvas).text(place, text, fill=0, font=font, anchor="ms")
