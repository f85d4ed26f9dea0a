"""Pictures and documents for tests, drawn on the spot."""

import io
from typing import Any

from PIL import Image

GPS_NEEDLE = b"18.3555N"


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), colour: str = "red", **options: Any
) -> bytes:
    """A plain picture of one colour."""
    return encoded(Image.new("RGB", size, colour), kind, **options)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """An image in a format."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo_with_place(size: tuple[int, int] = (64, 48), orientation: int = 6) -> bytes:
    """A JPEG as a phone takes it: lying on its side, with the place in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = GPS_NEEDLE.decode()
    exif.get_ifd(0x8825)[1] = "N"
    left_red = Image.new("RGB", size, "blue")
    left_red.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    return encoded(left_red, "JPEG", exif=exif, quality=95, comment=GPS_NEEDLE)


def pdf(body: bytes = b"1 0 obj\n<</Type/Catalog>>\nendobj\n") -> bytes:
    """The smallest document that has the structure of a PDF."""
    start = b"%PDF-1.7\n" + body
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1>>\n"
    return start + table + b"startxref\n%d\n%%%%EOF\n" % len(start)
