"""Pictures of products: drawn anew, published with the card, gone with the last card."""

import hashlib
import io
from collections.abc import Callable

import pytest
from PIL import Image
from tests.registry.pictures import GPS_NEEDLE, encoded, photo_with_place, picture
from tests.registry.records import OFFICE, Register

from tem import demo_picture, pictures
from tem.databases import published
from tem_registry import publication
from tem_registry.files import files
from tem_registry.files.files import SHOWN

RED, BLUE = (Image.new("RGB", (40, 30), colour) for colour in ("red", "blue"))


def opened(content: bytes) -> Image.Image:
    """A drawn picture, decoded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def keep(register: Register, content: bytes, content_type: str = "image/jpeg") -> str:
    """Store a file; its id."""
    file = files.read(content, content_type)
    with register.write() as connection:
        files.store(connection, register.clock(), OFFICE, file, None)
    return file.id


# Drawn only by the test that wants it: every process of a test run imports this file.
PICTURES: list[tuple[Callable[[], bytes], str, tuple[int, int] | None]] = [
    (lambda: picture("JPEG", (64, 48)), "image/jpeg", (64, 48)),
    (lambda: picture("PNG", (3000, 1500)), "image/png", (1200, 600)),
    (lambda: picture("WEBP", (1500, 3000)), "image/webp", (600, 1200)),
    (lambda: picture("PNG", (1, 5000)), "image/png", (1, 1200)),
    (lambda: encoded(Image.new("CMYK", (40, 30)), "JPEG"), "image/jpeg", (40, 30)),
    (lambda: encoded(Image.new("I;16", (40, 30), 40000), "PNG"), "image/png", (40, 30)),
    (lambda: encoded(Image.new("1", (40, 30)), "PNG"), "image/png", (40, 30)),
    (lambda: encoded(Image.new("P", (40, 30)), "PNG", transparency=0), "image/png", (40, 30)),
    (lambda: encoded(Image.new("LA", (40, 30)), "PNG"), "image/png", (40, 30)),
    (lambda: photo_with_place((64, 48)), "image/jpeg", (48, 64)),
    (lambda: encoded(RED, "WEBP", save_all=True, append_images=[BLUE]), "image/webp", (40, 30)),
    (lambda: encoded(RED, "MPO", save_all=True, append_images=[BLUE]), "image/jpeg", (40, 30)),
    (demo_picture.draw, "image/jpeg", (900, 1200)),
    (lambda: encoded(noise(), "PNG"), "image/png", None),
]


def noise() -> Image.Image:
    """What compresses worst."""
    return Image.effect_noise((1600, 1200), 120).convert("RGB")


@pytest.mark.parametrize(("sent", "content_type", "size"), PICTURES)
def test_a_picture_is_small_and_has_nothing_but_pixels(
    sent: Callable[[], bytes], content_type: str, size: tuple[int, int] | None
) -> None:
    """Whatever comes in, a JPEG of at most 1200 pixels and 200 kB comes out, the same each time."""
    content = sent()
    drawn = pictures.draw(content, content_type, SHOWN)
    image = opened(drawn)
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert size is None or image.size == size == pictures.size(drawn)
    assert max(image.size) <= SHOWN.max_side
    assert len(drawn) <= SHOWN.max_bytes
    assert not dict(image.getexif())
    assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & image.info.keys()
    assert pictures.draw(content, content_type, SHOWN) == drawn


def test_the_place_of_a_photo_is_not_drawn() -> None:
    """A phone's photo stands upright, and the place in its EXIF and comment is gone."""
    photo = photo_with_place()
    assert photo.count(GPS_NEEDLE) == 2
    drawn = pictures.draw(photo, "image/jpeg", SHOWN)
    assert GPS_NEEDLE not in drawn
    red, green, blue = opened(drawn).getpixel((24, 8))
    assert red > 200 and green < 60 and blue < 60, "the left half came to the top"


def test_transparent_pictures_stand_on_white() -> None:
    """What shines through is white, not black."""
    clear = encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG")
    assert opened(pictures.draw(clear, "image/png", SHOWN)).getpixel((10, 10)) == (255, 255, 255)


def shown(register: Register, product_id: str = "SP1") -> dict[str, object] | None:
    """The image on a product's published card."""
    with register.read() as connection:
        card = publication.card(connection, "product", product_id) or {}
    return card.get("image")


def test_a_picture_is_published_with_its_card(register: Register) -> None:
    """The card names the drawn picture by its hash, with type and size for the page."""
    id = keep(register, picture("PNG", (2400, 1800)), "image/png")
    register.change("product", "SP1", image=id)
    (row,) = register.rows(published.image)
    assert row["id"] == hashlib.sha256(row["content"]).hexdigest()
    assert shown(register) == {
        "id": row["id"],
        "content_type": "image/jpeg",
        "width": 1200,
        "height": 900,
    }
    assert opened(row["content"]).size == (1200, 900)
    assert register.faults() == []


def test_a_picture_goes_with_the_last_card_that_names_it(register: Register) -> None:
    """Two products may share one; it stays until neither shows it, and comes back if wanted."""
    red, blue = (keep(register, picture(colour=colour)) for colour in ("red", "blue"))
    for product_id in ("SP1", "SP2"):
        register.change("product", product_id, image=red)
    assert len(register.rows(published.image)) == 1
    register.change("product", "SP1", image=blue)
    assert len(register.rows(published.image)) == 2
    register.change("product", "SP2", image=None)
    (left,) = register.rows(published.image)
    assert shown(register) is not None and shown(register)["id"] == left["id"]
    assert shown(register, "SP2") is None
    register.change("product", "SP1", image=None)
    assert register.rows(published.image) == []
    register.change("product", "SP2", image=red)
    assert len(register.rows(published.image)) == 1
    assert register.faults() == []


def test_a_story_that_quotes_a_picture_does_not_keep_it(register: Register) -> None:
    """Only a card's image counts, not its words."""
    register.change("product", "SP1", image=keep(register, picture()))
    quoted = str(shown(register)["id"])
    register.change("product", "SP2", story=f"Ảnh {quoted}")
    register.change("product", "SP1", image=None)
    assert register.rows(published.image) == []


def test_a_change_of_other_fields_leaves_the_picture(register: Register) -> None:
    """Neither a new name nor a new certificate touches it."""
    register.change("product", "SP1", image=keep(register, picture()))
    before = register.rows(published.image)
    register.change("product", "SP1", name="Tên mới")
    register.change("certificate", "CN-SP1", score=71)
    assert register.rows(published.image) == before
    assert shown(register) is not None


def test_test_reports_are_public_without_their_files(register: Register) -> None:
    """The card tells number, laboratory and day; the file itself stays in the office."""
    report = {"report_no": "KN-1", "lab": "A", "file": keep(register, picture())}
    register.change("product", "SP1", quality_test=report)
    with register.read() as connection:
        card = publication.card(connection, "product", "SP1") or {}
    assert card["quality_test"] == {"report_no": "KN-1", "lab": "A"}
    assert register.rows(published.image) == []


def test_damage_is_found(register: Register) -> None:
    """fsck tells of a picture that is missing, changed, or on no card."""
    register.change("product", "SP1", image=keep(register, picture()))
    (row,) = register.rows(published.image)
    with register.write() as connection:
        connection.execute(published.image.update().values(content=b"x"))
    assert register.faults() == [f"the published picture {row['id']} is not the one it is named by"]
    with register.write() as connection:
        connection.execute(published.image.delete())
    assert register.faults() == ["the picture on the published card of product SP1 is missing"]
    with register.write() as connection:
        connection.execute(published.image.insert().values(row))
        publication.put_image(connection, hashlib.sha256(b"y").hexdigest(), "image/jpeg", b"y")
    left = hashlib.sha256(b"y").hexdigest()
    assert register.faults() == [f"the published picture {left} is on no card"]
