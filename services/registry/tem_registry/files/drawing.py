"""Drawing a picture anew: pixels in, a small JPEG out, and nothing else of what was sent.

What a camera writes beside the pixels (place, time, device, a preview of what was cut away) is
gone, and so is whatever a file may hide behind its last pixel. The same input gives the same
bytes for as long as Pillow's coders stay the same, so a picture is drawn once and kept.
"""

import io
import threading

from PIL import Image, ImageOps

from tem.errors import Invalid

MAX_PIXELS = 20_000_000
MAX_SIDE = 1200
MAX_PICTURE_BYTES = 200_000
CONTENT_TYPE = "image/jpeg"
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_ONE_AT_A_TIME = threading.Lock()  # 20 megapixels need some 200 MB for as long as it lasts
_TOO_MANY = f"The image has too many pixels: send at most {MAX_PIXELS // 10**6} megapixels."
_QUALITIES = (82, 74, 66, 56, 44, 30)


def draw(content: bytes, content_type: str) -> bytes:
    """A JPEG of at most 1200 pixels a side and about 200 kB, without metadata.

    Raises Invalid if the image cannot be decoded to its end or has more than 20 megapixels,
    which is checked before a pixel is decoded.
    """
    with _ONE_AT_A_TIME:
        picture = _decoded(content, content_type)
    return _encoded(picture)


def _decoded(content: bytes, content_type: str) -> Image.Image:
    """The image's pixels, no more of them than will be shown. Raises Invalid as :func:`draw`."""
    try:
        _open(content, content_type).verify()
        picture = _opaque(_open(content, content_type))
    except Invalid:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Invalid("image_too_large", _TOO_MANY) from error
    except Exception as error:  # Pillow's decoders have errors of their own kinds
        raise Invalid(
            "file_not_readable", f"This {content_type} cannot be decoded: save it again."
        ) from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return picture


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture drawn here, in pixels."""
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as opened:
        return opened.size


def _open(content: bytes, content_type: str) -> Image.Image:
    """The image with nothing but its header read. Raises Invalid for too many pixels."""
    opened = Image.open(io.BytesIO(content), formats=[_FORMATS[content_type]])
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise Invalid("image_too_large", _TOO_MANY)
    return opened


def _opaque(image: Image.Image) -> Image.Image:
    """The first frame, upright, in RGB, on white where it is transparent."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits of grey
        upright = upright.point(lambda value: value / 256).convert("L")
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        ground = Image.new("RGB", upright.size, "white")
        ground.paste(upright, mask=upright.getchannel("A"))
        return ground
    return upright.convert("RGB")


def _encoded(picture: Image.Image) -> bytes:
    """The best quality that stays small; a picture that never does is made smaller."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            clean = Image.frombytes("RGB", picture.size, picture.tobytes())
            clean.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= MAX_PICTURE_BYTES:
                return out.getvalue()
        picture = picture.reduce(2)
