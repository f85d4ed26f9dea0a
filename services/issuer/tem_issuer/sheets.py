"""Stamps as A4 sheets for a print shop: PDF with vector symbols.

The content streams are our own and pikepdf is only the container around them. Before a file is
handed out, every page's stream is read back: the rectangles in it are painted, decoded, and
compared with the URL that belongs there.
"""

import io
import math
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
import pikepdf
from pikepdf import Dictionary, Name

from tem_issuer import labels
from tem_issuer.labels import LabelError

MAX_PER_SHEET_FILE = 10_000  # some 9 MB and a hundred pages
PAGE_MM = (210.0, 297.0)
MARGIN_MM = 5.0  # what office printers cannot reach: nothing but cut marks stands in it
MIN_MODULE_MM = 0.25  # the least an office printer renders cleanly; a till needs 0.396

_HEADER_MM = 6.0
_ROOM_MM = (PAGE_MM[0] - 2 * MARGIN_MM, PAGE_MM[1] - 2 * MARGIN_MM - _HEADER_MM)
_MAX_GAP_MM = 4.0  # between stamps: room for a cut that is a little off, not more paper
_TEXT_INSET_MM = 0.5
_LINE_EM = 1.2
_HEADER_PT = 7.0
_MIN_TEXT_PT = 3.0  # below this a host is no longer read, and reading it is its purpose
_SMALLEST_SYMBOL = 41  # version 6: 174 digits do not fit a smaller one at level M
_MM = 72 / 25.4  # points

Stamp = tuple[str, str]  # the serial printed beside a stamp, the URL in its symbol


@dataclass(frozen=True)
class Template:
    """How stamps lie on an A4 page; `size_mm` is the symbol's side with its quiet zone.

    Raises LabelError `template_malformed`, `template_does_not_fit`, or `module_too_small` when
    even the smallest symbol of a stamp would fall below MIN_MODULE_MM.
    """

    rows: int
    columns: int
    size_mm: float

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or not math.isfinite(self.size_mm):
            raise LabelError("template_malformed", "a sheet has rows, columns and a stamp size")
        self.require_module(_SMALLEST_SYMBOL)
        width, height = self.columns * self.size_mm, self.rows * self.cell_height_mm
        if width > _ROOM_MM[0] or height > _ROOM_MM[1]:
            need, room = f"{width:.1f} x {height:.1f} mm", "{:g} x {:g} mm".format(*_ROOM_MM)
            raise LabelError("template_does_not_fit", f"the stamps take {need}, a page has {room}")

    @classmethod
    def parse(cls, grid: str, size_mm: float) -> Self:
        """Read 'ROWSxCOLUMNS', for instance '11x9'."""
        match = re.fullmatch(r"([0-9]{1,3})x([0-9]{1,3})", grid)
        if match is None:
            raise LabelError("template_malformed", "a grid is written ROWSxCOLUMNS, like 11x9")
        return cls(int(match[1]), int(match[2]), size_mm)

    @property
    def per_page(self) -> int:
        """How many stamps a page takes."""
        return self.rows * self.columns

    @property
    def font_pt(self) -> float:
        """Size of host and serial, before a long one is shrunk: it grows with the stamp."""
        return min(8.0, max(4.0, 0.28 * self.size_mm))

    @property
    def cell_height_mm(self) -> float:
        """Height of a symbol and the two lines under it."""
        return self.size_mm + 2 * _LINE_EM * self.font_pt / _MM + _TEXT_INSET_MM

    @property
    def pitch_mm(self) -> tuple[float, float]:
        """From one stamp to the next, across and down: what is spare goes between them."""
        across = min(_ROOM_MM[0] / self.columns, self.size_mm + _MAX_GAP_MM)
        down = min(_ROOM_MM[1] / self.rows, self.cell_height_mm + _MAX_GAP_MM)
        return across, down

    @property
    def grid_mm(self) -> tuple[float, float]:
        """Left and top edge of the grid, centred in its room, from the page's lower left."""
        (width, height), (across, down) = _ROOM_MM, self.pitch_mm
        left = MARGIN_MM + (width - self.columns * across) / 2
        return left, MARGIN_MM + (height + self.rows * down) / 2

    def corner_mm(self, place: int) -> tuple[float, float]:
        """Upper left corner of the place-th symbol's quiet zone, from the page's lower left."""
        (left, top), (across, down) = self.grid_mm, self.pitch_mm
        row, column = divmod(place, self.columns)
        x = left + column * across + (across - self.size_mm) / 2
        return x, top - row * down - (down - self.cell_height_mm) / 2

    def require_module(self, modules: int) -> float:
        """Return the side in mm of one module of a symbol so many modules wide."""
        module = self.size_mm / (modules + 2 * labels.QUIET_MODULES)
        if module < MIN_MODULE_MM:
            least = f"{module:.3f} mm a module, {MIN_MODULE_MM} mm is the least"
            raise LabelError("module_too_small", f"{self.size_mm:g} mm leave {least}")
        return module


# What a module measures, and the white between stamps to cut in; a till asks for 0.396 mm.
# A reader of whole pages meets three corner marks a symbol and must guess which belong together;
# zxing-cpp weighs 256 guesses an image. Up to 72 symbols that are 20 modules apart downwards it
# found all of every page; of 99 at the spacing of "close", 50 to 80. One by one, all are read.
PRESETS = {
    "standard": Template(9, 8, 20.0),  # 72 a page, 0.408 mm, gaps of 4 mm
    "close": Template(11, 9, 20.0),  # 99 a page, 0.408 mm, gaps of 2.2 mm and less
    "dense": Template(11, 10, 19.5),  # 110 a page, 0.398 mm, gaps of 0.5 mm
    "large": Template(8, 6, 27.5),  # 48 a page, 0.561 mm: rough surfaces, long host names
}
DEFAULT = PRESETS["standard"]


def sheet_pdf(stamps: Iterable[Stamp], host: str, template: Template, title: str) -> bytes:
    """Return stamps in roll order, row by row, as a PDF; the same stamps give the same bytes.

    Raises LabelError `range_empty`, `range_too_large`, `symbol_unreadable`, `module_too_small`,
    `text_not_ascii`, `text_too_long`, `not_a_stamp_url`.
    """
    kept = list(islice(stamps, MAX_PER_SHEET_FILE + 1))
    if not kept:
        raise LabelError("range_empty", "a sheet has at least one stamp")
    if len(kept) > MAX_PER_SHEET_FILE:
        raise LabelError("range_too_large", f"at most {MAX_PER_SHEET_FILE} stamps a file")
    pdf, resources = _empty_pdf(title)
    for content in _pages(kept, host, template, title):
        _add_page(pdf, resources, content)
    file = io.BytesIO()
    # The file's id is a digest of its content, and there are no dates: a reprint is identical.
    pdf.save(file, deterministic_id=True)
    return file.getvalue()


def _pages(stamps: list[Stamp], host: str, template: Template, title: str) -> Iterator[bytes]:
    """Yield the content stream of each page, every symbol in it read back."""
    count = math.ceil(len(stamps) / template.per_page)
    marks = _cut_marks(template)
    for number in range(count):
        on_page = stamps[number * template.per_page : (number + 1) * template.per_page]
        cells = (_cell(stamp, host, template, place) for place, stamp in enumerate(on_page))
        content = b"".join((_header(title, number + 1, count), marks, *cells))
        _require_readable_page(content, on_page)
        yield content


def _cell(stamp: Stamp, host: str, template: Template, place: int) -> bytes:
    """Draw one symbol with the host and its serial under it."""
    serial, url = stamp
    left, top = template.corner_mm(place)
    matrix = labels.symbol_matrix(url)
    drawn = [_symbol(matrix, left, top, template.require_module(len(matrix)))]
    for line, text in enumerate((host, serial), start=1):
        size = _fitting_pt(text, template)
        x = (left + template.size_mm / 2) * _MM - labels.text_width(text) * size / 2
        # The first line hangs below the quiet zone: a baseline one em down clears it.
        y = (top - template.size_mm) * _MM - (line * _LINE_EM - 0.3) * template.font_pt
        drawn.append(_text(text, x, y, size))
    return b"".join(drawn)


def _symbol(matrix: labels.Modules, left: float, top: float, module: float) -> bytes:
    """Draw the dark runs as rectangles on a grid of modules, rows downwards, in one fill."""
    side, x = module * _MM, (left + labels.QUIET_MODULES * module) * _MM
    y = (top - labels.QUIET_MODULES * module) * _MM
    runs = labels.dark_runs(matrix)
    rectangles = b"%d %d %d 1 re\n" * len(runs) % tuple(runs.ravel().tolist())
    return b"q %.5f 0 0 -%.5f %.4f %.4f cm\n%bf\nQ\n" % (side, side, x, y, rectangles)


_DRAWN_SYMBOL = re.compile(rb"q \S+ 0 0 -\S+ \S+ \S+ cm\n((?:\d+ \d+ \d+ \d+ re\n)+)f\nQ\n")


def _require_readable_page(content: bytes, stamps: list[Stamp]) -> None:
    """Decode the page's symbols from its stream, in order; raise LabelError on a mismatch."""
    drawn = _DRAWN_SYMBOL.findall(content)
    if len(drawn) != len(stamps):
        raise LabelError("symbol_unreadable", f"{len(drawn)} of {len(stamps)} symbols on a page")
    for block, (serial, url) in zip(drawn, stamps, strict=True):
        numbers = np.fromstring(block.replace(b"re", b""), dtype=np.int64, sep=" ")
        pixels = labels.to_pixels(labels.paint(numbers.reshape(-1, 4)))
        labels.require_readable(pixels, url, serial)


def _fitting_pt(text: str, template: Template) -> float:
    """Return the font size at which a line is no wider than its stamp."""
    width = labels.text_width(labels.require_printable(text)) * template.font_pt
    room = (template.size_mm - 2 * _TEXT_INSET_MM) * _MM
    size = template.font_pt * min(1.0, room / width)
    if size < _MIN_TEXT_PT:
        raise LabelError("text_too_long", f"{text} is too long for {template.size_mm:g} mm")
    return size


def _text(text: str, x: float, y: float, size: float) -> bytes:
    escaped = re.sub(r"([\\()])", r"\\\1", text).encode("ascii")
    return b"BT /F1 %.2f Tf %.3f %.3f Td (%b) Tj ET\n" % (size, x, y, escaped)


def _header(title: str, page: int, pages: int) -> bytes:
    """Draw the page's number and the title above the grid, on one line."""
    # Helvetica has no Vietnamese letters: the line folds them, the file's title keeps them.
    plain = unicodedata.normalize("NFKD", title.replace("đ", "d").replace("Đ", "D"))
    folded = "".join(c for c in plain if c.isascii() and c.isprintable())
    line = f"{page}/{pages}  {folded}"
    size = min(_HEADER_PT, _ROOM_MM[0] * _MM / labels.text_width(line))
    return _text(line, MARGIN_MM * _MM, (PAGE_MM[1] - MARGIN_MM) * _MM - _HEADER_PT, size)


def _cut_marks(template: Template) -> bytes:
    """Draw short grey lines around the grid, between the cells: a guillotine's guides."""
    (left, top), (across, down) = template.grid_mm, template.pitch_mm
    right, bottom = left + template.columns * across, top - template.rows * down
    near, far = 0.5, 2.5  # from the grid's edge: clear of the header and of the paper's edge
    lines: list[bytes] = []
    for x in (left + column * across for column in range(template.columns + 1)):
        lines += _line(x, top + near, x, top + far), _line(x, bottom - near, x, bottom - far)
    for y in (top - row * down for row in range(template.rows + 1)):
        lines += _line(left - near, y, left - far, y), _line(right + near, y, right + far, y)
    return b"q 0.25 w 0.6 G\n%bQ\n" % b"".join(lines)


def _line(x1: float, y1: float, x2: float, y2: float) -> bytes:
    return b"%.3f %.3f m %.3f %.3f l S\n" % (x1 * _MM, y1 * _MM, x2 * _MM, y2 * _MM)


_FONTS = b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>>>>>"


def _empty_pdf(title: str) -> tuple[pikepdf.Pdf, pikepdf.Object]:
    """Return a file that names itself and is to be printed at its own size, and its fonts."""
    pdf = pikepdf.new()
    pdf.docinfo["/Title"] = title
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True, PrintScaling=Name("/None"))
    return pdf, pdf.make_indirect(pikepdf.Object.parse(_FONTS))


def _add_page(pdf: pikepdf.Pdf, resources: pikepdf.Object, content: bytes) -> None:
    stream = pikepdf.Stream(pdf, zlib.compress(content), Filter=Name.FlateDecode)
    box = [0, 0, *(round(side * _MM, 3) for side in PAGE_MM)]
    page = Dictionary(Type=Name.Page, MediaBox=box, Resources=resources, Contents=stream)
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))


def check_count(count: int) -> None:
    """Raises LabelError for more stamps than one file holds."""
    if count > MAX_PER_SHEET_FILE:
        raise LabelError(
            "range_too_large",
            f"A file holds at most {MAX_PER_SHEET_FILE} stamps: give first and last.",
        )


def choose(grid: str | None, size_mm: float | None) -> Template:
    """A template by ROWSxCOLUMNS and size, or the default. Raises LabelError if it cannot fit."""
    if grid is None and size_mm is None:
        return DEFAULT
    grid = grid or f"{DEFAULT.rows}x{DEFAULT.columns}"
    return Template.parse(grid, size_mm=DEFAULT.size_mm if size_mm is None else size_mm)
