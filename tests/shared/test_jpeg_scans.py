"""JPEGs that would take minutes to draw are told by their markers, before a pixel is decoded."""

import io

import pytest
from PIL import Image

from tem import jpeg_scans, pictures
from tem.errors import Invalid, Unavailable
from tem.jpeg_scans import MOST_SCANS, MOST_SEGMENTS, is_laborious

FRAME = pictures.Frame(max_pixels=10**6, max_side=100, max_bytes=10**5)
SCAN = b"\xff\xda\x00\x02"
END = b"\xff\xd9"


def jpeg(*, progressive: bool = True) -> bytes:
    """A photo as a program writes it."""
    out = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(out, "JPEG", progressive=progressive)
    return out.getvalue()


def repeated(times: int) -> bytes:
    """A photo whose last scan, in which nothing more is told, comes again and again."""
    out = io.BytesIO()
    Image.new("L", (16, 16), 128).save(out, "JPEG", progressive=True)
    photo = out.getvalue()
    last = photo.rindex(b"\xff\xda")
    return photo[:-2] + photo[last:-2] * times + END


def segment(marker: int, content: bytes) -> bytes:
    """A segment with its length."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


@pytest.mark.parametrize(
    ("content", "laborious"),
    [
        (jpeg(), False),
        (jpeg(progressive=False), False),
        (b"\xff\xd8" + SCAN * MOST_SCANS + END, False),
        (b"\xff\xd8" + SCAN * (MOST_SCANS + 1) + END, True),
        (b"\xff\xd8" + SCAN * MOST_SCANS + b"\xff\xff\xff\xda" + END, True),
        (b"\xff\xd8" + b"\xff\xda\x00\x00" * (MOST_SCANS + 1) + END, True),
        # A preview inside the metadata is no scan of the picture; nor is what follows its end.
        (b"\xff\xd8" + segment(0xE1, SCAN * 99) + SCAN + END, False),
        (b"\xff\xd8" + SCAN + END + SCAN * 99, False),
        # What a decoder would search for its place is no place to hide.
        (b"\xff\xd8" + SCAN + b"\xff\x02\x40\x00" + SCAN * 99 + END, True),
        (b"\xff\xd8" + SCAN + b"\xff\xd0\x40\x00" + SCAN * 99 + END, True),
        (b"\xff\xd8" + segment(0xFE, b"") * (MOST_SEGMENTS + 1) + SCAN + END, True),
        (b"\xff\xd8" + b"\xff\xd7\x11" * 9999 + SCAN + END, False),
        (b"\xff\xd8\xff\xe1\xff", False),
        (b"", False),
    ],
    ids=lambda told: str(told) if isinstance(told, bool) else "jpeg",  # noise names no test
)
def test_scans_are_counted_as_a_decoder_finds_them(content: bytes, laborious: bool) -> None:
    """More scans or segments than any program writes are seen, wherever they stand."""
    assert is_laborious(content) is laborious


def test_a_photo_of_many_scans_is_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would draw it, one pass over the pixels for each 40 bytes of the file."""
    photo = repeated(MOST_SCANS)
    with pytest.raises(Invalid) as refused:
        pictures.draw(photo, "image/jpeg", FRAME)
    assert refused.value.code == "file_not_readable"
    monkeypatch.setattr(jpeg_scans, "MOST_SCANS", 999)
    assert pictures.draw(photo, "image/jpeg", FRAME)


def test_nobody_waits_long_for_pictures_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is drawn the next is told to come back, and is taken once it is over."""
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    with pictures.turn(), pytest.raises(Unavailable) as refused:
        pictures.draw(jpeg(), "image/jpeg", FRAME)
    assert refused.value.code == "busy_with_pictures"
    assert pictures.draw(jpeg(), "image/jpeg", FRAME)
