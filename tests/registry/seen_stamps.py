"""What a telephone's camera sees of a stamp: drawn, tilted, blurred, in bad light, on video."""

import math
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from tem.stampcode import body, text_of

Grey = NDArray[np.uint8]
VIDEO = (640, 480)


def address(batch: int, index: int) -> str:
    """The text of a stamp's symbol. Nobody signed it: that is the registry's to find out."""
    return "https://tem.hatinh.example/s/" + text_of(body(batch, index) + bytes(range(3, 67)))


def symbol(text: str) -> Grey:
    """A symbol of version 6 as it is printed, with its quiet zone, 12 pixels a module."""
    drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return np.asarray(drawn.to_image(scale=12, add_quiet_zones=True), dtype=np.uint8)


def seen(
    text: str,
    size: tuple[int, int] = VIDEO,
    *,
    module_px: float = 5,
    turned: float = 0.1,
    tilted: float = 0.2,
    blur: float = 0.8,
    light: float = 1.0,
    noise: float = 3,
) -> Grey:
    """A picture of the symbol on a dark table; angles in radians, ``blur`` in pixels."""
    printed, (width, height) = symbol(text), size
    side, half = len(printed), len(printed) * module_px / 24
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    turn = np.array([[math.cos(turned), -math.sin(turned)], [math.sin(turned), math.cos(turned)]])
    x, y = (corners @ turn.T).T
    away = 1 + y * math.sin(tilted) / (6 * half)  # the far edge is smaller
    place = np.stack((width / 2 + x / away, height / 2 + y * math.cos(tilted) / away), axis=1)
    flat = np.array([[0, 0], [side, 0], [side, side], [0, side]], dtype=np.float32)
    sharp = cv2.GaussianBlur(printed, (0, 0), max(0.3, 4 / module_px))
    warp = cv2.getPerspectiveTransform(flat, place.astype(np.float32))
    picture = cv2.warpPerspective(sharp, warp, size, borderValue=70)
    grain = np.random.default_rng(6).normal(0, noise, (height, width))
    shown = cv2.GaussianBlur(picture, (0, 0), blur) * light + 8 + grain
    return np.clip(shown, 0, 255).astype(np.uint8)


def jpeg(picture: Grey) -> bytes:
    """The picture as a telephone keeps it."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


def write_video(file: Path, pictures: list[Grey]) -> None:
    """A grey YUV4MPEG2 film of these pictures, ten a second, which Chromium plays as a camera."""
    width, height = VIDEO
    colourless = b"\x80" * (width * height // 2)
    with file.open("wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode())
        for picture in pictures:
            film.write(b"FRAME\n" + picture.tobytes() + colourless)
