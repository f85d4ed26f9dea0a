"""A picture of the demo's product, drawn on the spot: a bottle of fish sauce, marked as sample."""

import io

from PIL import Image, ImageDraw, ImageFont

SIZE = (1500, 2000)
_GROUND, _SHADE, _TABLE = (238, 233, 222), (206, 197, 178), (176, 148, 112)
_GLASS, _SAUCE, _LIGHT = (120, 62, 22), (150, 74, 20), (206, 132, 62)
_CAP, _PAPER, _INK, _SEA = (126, 28, 30), (250, 246, 232), (60, 40, 24), (28, 92, 112)


def draw() -> bytes:
    """A JPEG as a camera would send it."""
    image = Image.new("RGB", SIZE, _GROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 1640, 1500, 2000), fill=_TABLE)
    pen.ellipse((390, 1660, 1250, 1790), fill=(150, 124, 92))
    _bottle(pen)
    _label(pen)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _bottle(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((240, 240, 1260, 1260), fill=_SHADE)
    pen.rounded_rectangle((480, 640, 1020, 1730), 90, fill=_GLASS)
    pen.polygon([(480, 760), (660, 500), (840, 500), (1020, 760)], fill=_GLASS)
    pen.rectangle((660, 300, 840, 540), fill=_GLASS)
    pen.rounded_rectangle((510, 790, 990, 1700), 70, fill=_SAUCE)
    pen.rounded_rectangle((540, 820, 580, 1660), 20, fill=_LIGHT)
    pen.rounded_rectangle((640, 190, 860, 350), 24, fill=_CAP)
    for x in range(664, 850, 28):
        pen.line((x, 210, x, 330), fill=(96, 18, 22), width=6)


def _label(pen: ImageDraw.ImageDraw) -> None:
    """A fish over waves; no words that Pillow's own font has no letters for."""
    pen.rectangle((500, 960, 1000, 1500), fill=_PAPER, outline=_CAP, width=8)
    pen.polygon([(820, 1090), (930, 1020), (930, 1160)], fill=_SEA)
    pen.ellipse((570, 1010, 860, 1170), fill=_SEA)
    pen.ellipse((620, 1066, 650, 1096), fill=_PAPER)
    for row, y in enumerate(range(1200, 1300, 40)):
        for x in range(540 + 40 * (row % 2), 900, 80):
            pen.arc((x, y, x + 60, y + 40), 180, 360, fill=_SEA, width=7)
    for text, y, size in (("40°N · 500 ml", 1330, 56), ("(sample)", 1416, 44)):
        pen.text((750, y), text, fill=_INK, font=ImageFont.load_default(size), anchor="ma")
