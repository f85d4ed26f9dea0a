"""Drawing a picture anew: pixels in, a small JPEG out, and nothing else of what was sent.

What a camera writes beside the pixels (place, time, device, a preview of what was cut away) is
gone, and so is whatever a file may hide behind its last pixel. The same input gives the same
bytes for as long as Pillow's coders stay the same, so a picture is drawn once and kept.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps

from tem.errors import Invalid, Unavailable
from tem.jpeg_scans import is_laborious

CONTENT_TYPE = "image/jpeg"
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_ONE_AT_A_TIME = threading.Lock()  # 25 megapixels of a PNG need some 300 MB for as long as it lasts
WAIT_SECONDS = 4.0  # for the one at a time: who would wait longer keeps a thread from others
_QUALITIES = (82, 74, 66, 56, 44, 30)


@dataclass(frozen=True, slots=True)
class Frame:
    """What is let in, and what comes out of it: pixels sent, pixels of a side, bytes."""

    max_pixels: int
    max_side: int
    max_bytes: int


def draw(content: bytes, content_type: str, frame: Frame) -> bytes:
    """A JPEG that fits the frame, without metadata.

    Raises Invalid if the image cannot be decoded to its end, has too many pixels or would take
    far more work than its pixels do, which is checked before a pixel is decoded; Unavailable
    (``busy_with_pictures``) while others are drawn.
    """
    if content_type == CONTENT_TYPE and is_laborious(content):
        raise _not_readable(content_type)
    with turn():
        picture = _decoded(content, content_type, frame)
    return _encoded(picture, frame.max_bytes)


@contextmanager
def turn() -> Iterator[None]:
    """The one that is drawn at present. Raises Unavailable as :func:`draw`."""
    if not _ONE_AT_A_TIME.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(
            "busy_with_pictures", "Other pictures are being drawn: send this one again in a moment."
        )
    try:
        yield
    finally:
        _ONE_AT_A_TIME.release()


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture drawn here, in pixels."""
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as opened:
        return opened.size


def type_of(content: bytes) -> str | None:
    """Which of the types we draw the first bytes are of, whatever they were sent as."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _decoded(content: bytes, content_type: str, frame: Frame) -> Image.Image:
    """The image's pixels, no more of them than will be shown. Raises Invalid as :func:`draw`."""
    try:
        _open(content, content_type, frame).verify()
        opened = _open(content, content_type, frame)
        opened.draft(None, (frame.max_side, frame.max_side))  # a large JPEG is decoded smaller
        opened.load()
        picture = _opaque(opened)
    except Invalid:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(frame) from error
    except Exception as error:  # Pillow's decoders have errors of their own kinds
        raise _not_readable(content_type) from error
    picture.thumbnail((frame.max_side, frame.max_side), Image.Resampling.LANCZOS)
    return picture


def _open(content: bytes, content_type: str, frame: Frame) -> Image.Image:
    """The image with nothing but its header read. Raises Invalid for too many pixels."""
    opened = Image.open(io.BytesIO(content), formats=[_FORMATS[content_type]])
    width, height = opened.size
    if width * height > frame.max_pixels:
        raise _too_many(frame)
    return opened


def _not_readable(content_type: str) -> Invalid:
    return Invalid("file_not_readable", f"This {content_type} cannot be decoded: save it again.")


def _too_many(frame: Frame) -> Invalid:
    most = frame.max_pixels // 10**6
    return Invalid(
        "image_too_large", f"The image has too many pixels: send at most {most} megapixels."
    )


def _opaque(image: Image.Image) -> Image.Image:
    """The first frame, upright, in RGB, on white where it is transparent."""
    upright = image
    ImageOps.exif_transpose(upright, in_place=True)  # it is large: no copy that is not needed
    if upright.mode.startswith("I"):  # 16 bits of grey
        upright = upright.point(lambda value: value / 256).convert("L")
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        ground = Image.new("RGB", upright.size, "white")
        ground.paste(upright, mask=upright.getchannel("A"))
        return ground
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _encoded(picture: Image.Image, max_bytes: int) -> bytes:
    """The best quality that stays small; a picture that never does is made smaller."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            clean = Image.frombytes("RGB", picture.size, picture.tobytes())
            clean.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= max_bytes:
                return out.getvalue()
        picture = picture.reduce(2)
