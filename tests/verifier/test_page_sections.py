"""What the sections of a page show: dates, certificates, pictures, places."""

from typing import Any

import pytest
from tests.verifier.page_reading import FULL, PAGES, PATH, TITLES, Structure, answer, read

from tem.language import LANGUAGES, Lang

# One trace of each part of the answer, and the verdicts that may show it.
TRACES: dict[str, set[str]] = {
    "Nước mắm Sóng Lam": {"OK", "PAST_DATE", "RECALLED", "NOT_ACTIVATED"},
    "Hợp tác xã Sóng Lam": {"OK", "PAST_DATE", "RECALLED"},
    "L-2409": {"OK", "PAST_DATE", "RECALLED"},
    "20/11/2024": {"OK", "PAST_DATE", "RECALLED"},
    "90011/QĐ-UBND": {"OK"},
    "★★★★": {"OK"},
    "Cửa hàng số 5": {"OK"},
    "0001/QĐ-TH": {"RECALLED"},
    "17/03/2026": {"STAMP_REVOKED"},
    "12-7-71": set(TITLES) - {"UNKNOWN", "MALFORMED"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", TITLES)
def test_only_what_the_verdict_shows_is_shown(verdict: str, lang: Lang) -> None:
    """An answer that holds more than its verdict shows does not make the page show more."""
    words = read(PAGES.render(answer(verdict), lang, PATH))
    for trace, verdicts in TRACES.items():
        assert (trace in words) == (verdict in verdicts), trace


@pytest.mark.parametrize(
    ("kind", "lot", "expected", "absent"),
    [
        ("best_before", {}, "Sử dụng tốt nhất trước 20/11/2026", "Hạn sử dụng (HSD)"),
        ("use_by", {}, "Hạn sử dụng (HSD) 20/11/2026", "tốt nhất"),
        ("none", {"best_before": None}, "Hạn sử dụng (HSD) Nhãn không ghi", "tốt nhất"),
        (
            "use_by",
            {"production_date_kind": "packing_date"},
            "Ngày đóng gói 20/11/2024",
            "Ngày sản xuất (NSX)",
        ),
    ],
)
def test_dates_carry_the_words_of_the_label(
    kind: str, lot: dict[str, Any], expected: str, absent: str
) -> None:
    """Each date has the name it has on the package."""
    asked = answer(product=FULL["product"] | {"date_kind": kind}, lot=FULL["lot"] | lot)
    html = PAGES.render(asked, "vi", PATH).replace("</dt><dd>", "</dt> <dd>")
    assert expected in read(html)
    assert absent not in read(html)


def test_stars_are_shown_only_if_the_answer_has_them() -> None:
    """Stars are words for a screen reader; without them in the answer there are none."""
    html = PAGES.render(answer(), "vi", PATH)
    assert 'role="img" aria-label="4 sao">4 sao <span>★★★★</span>' in html
    lapsed = {name: value for name, value in FULL["certificate"].items() if name != "stars"}
    words = read(PAGES.render(answer(certificate=lapsed), "vi", PATH))
    assert "★" not in words
    assert "90011/QĐ-UBND" in words


def test_a_withdrawn_certificate_claims_no_term() -> None:
    """Its validity is not told beside its end, and the withdrawal has the glossary's name."""
    ended = {name: value for name, value in FULL["certificate"].items() if name != "stars"}
    ended |= {"revoked_on": "2026-11-01", "revocation_decision_no": "7/QĐ (mẫu)"}
    for lang, term, words in (
        ("vi", "<dt>Hiệu lực</dt>", "Thu hồi quyết định công nhận từ ngày"),
        ("en", "<dt>Valid</dt>", "No longer recognised since"),
    ):
        html = PAGES.render(answer(certificate=ended), lang, PATH)  # type: ignore[arg-type]
        assert words in read(html)
        assert term not in html
    assert "<dt>Hiệu lực</dt>" in PAGES.render(answer(), "vi", PATH)


def test_a_month_on_the_label_is_shown_as_printed() -> None:
    """The month can be compared with the package; its last day stands beside it."""
    month = FULL["lot"] | {"best_before": "2027-12-31", "precision": "month"}
    for lang, words in (
        ("vi", "12/2027 (đến hết ngày 31/12/2027)"),
        ("en", "12/2027 (to the end of 31/12/2027)"),
    ):
        assert words in read(PAGES.render(answer(lot=month), lang, PATH))  # type: ignore[arg-type]
    day = read(PAGES.render(answer(lot=FULL["lot"] | {"precision": "day"}), "vi", PATH))
    assert "đến hết ngày 31/12" not in day.split("Thông tin được công bố")[0]


def test_certificate_at_production_and_today_stand_apart() -> None:
    """After a re-evaluation both certificates are shown, the newer under its own heading."""
    newer = {"stars": 5, "decision_no": "NEW-1", "valid_from": "2027-10-16"}
    html = PAGES.render(answer(certificate=FULL["certificate"] | {"current": newer}), "en", PATH)
    assert html.index("90011") < html.index("<h3>Certificate today</h3>") < html.index("NEW-1")


def test_more_than_three_points_of_sale_are_folded() -> None:
    """Three are in sight; the others are one touch away, without a script."""
    html = PAGES.render(answer(product=None, lot=None), "vi", PATH)
    places = [html.index(f"Cửa hàng số {number}") for number in range(1, 6)]
    assert places[2] < html.index("<details>") < places[3]
    assert "Điểm bán khác (2)" in html
    few = PAGES.render(
        answer(product=None, lot=None, points_of_sale=FULL["points_of_sale"][:3]), "vi", PATH
    )
    assert "<details>" not in few


PHOTO = {"url": "/images/" + "a" * 64, "width": 300, "height": 400}


def with_image(image: Any) -> dict[str, Any]:
    """The full answer with another image."""
    return answer(product=FULL["product"] | {"image": image})


@pytest.mark.parametrize("verdict", ["OK", "PAST_DATE", "RECALLED", "NOT_ACTIVATED"])
def test_the_product_is_shown_in_a_picture(verdict: str) -> None:
    """With its size, so that nothing jumps, its words for those who cannot see it, and at once."""
    images = Structure(PAGES.render(answer(verdict), "vi", PATH)).all("img")
    (photo,) = [image for image in images if image.get("class") == "photo"]
    assert photo == {
        "class": "photo",
        "src": "/images/" + "5" * 64,
        "alt": "Ảnh sản phẩm: Nước mắm Sóng Lam 40°N",
        "width": "1200",
        "height": "900",
    }


@pytest.mark.parametrize(
    ("image", "there"),
    [
        (PHOTO, True),
        (None, False),
        ({}, False),
        (PHOTO | {"url": "https://elsewhere.example/x.jpg"}, False),
        (PHOTO | {"url": "//elsewhere.example/" + "a" * 64}, False),
        (PHOTO | {"url": PHOTO["url"] + "?x"}, False),
        (PHOTO | {"url": "/images/" + "A" * 64}, False),
        (PHOTO | {"width": "300"}, False),
        ({"url": PHOTO["url"]}, False),
    ],
)
def test_only_pictures_of_our_own_are_shown(image: Any, there: bool) -> None:
    """An address that is not one of our pictures, or one without a size, leaves the page whole."""
    images = Structure(PAGES.render(with_image(image), "vi", PATH)).all("img")
    assert ("photo" in [one.get("class") for one in images]) is there


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_ten_data_and_the_places_are_on_the_page(lang: Lang) -> None:
    """Brand, model, standard, every test, representative, and when a shop is open."""
    words = read(PAGES.render(answer(), lang, PATH))
    told = (
        "Sóng Lam",
        "SL-40",
        "TCCS 01:2024",
        "KN-001, Phòng A, 24/09/2024",
        "KN-002, Phòng B, 24/09/2025",
        "Trần Thị Mẫu",
        "07:30–20:30",
    )
    assert [part for part in told if part not in words] == []


def test_a_test_told_twice_stands_once() -> None:
    """A report that is both the test and one of the tests is one line."""
    product = FULL["product"] | {"quality_tests": [FULL["product"]["quality_test"], None]}
    assert read(PAGES.render(answer(product=product), "vi", PATH)).count("KN-001") == 1


def map_links(asked: dict[str, Any]) -> list[dict[str, str | None]]:
    """The links of a page that lead to a map."""
    found = Structure(PAGES.render(asked, "vi", PATH)).all("a")
    return [link for link in found if "openstreetmap" in str(link.get("href"))]


def test_maps_open_by_a_plain_link_and_tell_nobody_before() -> None:
    """Producer and shops each have one; it names the place to the map and the page to nobody."""
    links = map_links(answer())
    assert len(links) == 1 + len(FULL["points_of_sale"])
    assert links[0]["href"] == (
        "https://www.openstreetmap.org/?mlat=18.118582&mlon=106.322166#map=17/18.118582/106.322166"
    )
    for link in links:
        assert link["referrerpolicy"] == "no-referrer"
        assert {"noopener", "noreferrer", "external"} <= set(str(link["rel"]).split())
        assert set(link) == {"href", "rel", "referrerpolicy"}


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {"lat": 18.1},
        {"lat": "18.1", "lon": "106.3"},
        {"lat": 91, "lon": 106.3},
        {"lat": 18.1, "lon": 181},
        {"lat": float("nan"), "lon": 1.0},
        {"lat": True, "lon": None},
    ],
)
def test_what_is_no_place_has_no_map(gps: Any) -> None:
    """A place that cannot be on a map leaves no link and breaks nothing."""
    asked = answer(producer=FULL["producer"] | {"gps": gps}, points_of_sale=None)
    assert map_links(asked) == []


def test_both_addresses_of_the_producer_are_shown() -> None:
    """The address before the merger of communes stands beside today's."""
    words = read(PAGES.render(answer(), "vi", PATH))
    assert "(trước 01/7/2025: phường Kỳ Ninh, thị xã Kỳ Anh, tỉnh Hà Tĩnh)" in words


def bytes_of(asked: dict[str, Any], lang: Lang) -> set[bytes]:
    """The pieces of a page that are no holes."""
    return {piece for piece in PAGES.pieces(asked, lang) if isinstance(piece, bytes)}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", ["OK", "PAST_DATE", "RECALLED"])
def test_lots_of_a_product_share_all_but_their_own_values(verdict: str, lang: Lang) -> None:
    """Of the page of another lot nothing is new but its number and dates, wherever they stand."""
    other = {
        "code": "<L-1>",
        "production_date": "2025-01-02",
        "production_date_kind": "production_date",
        "best_before": "2027-01-03",
        "info_expires_on": "2027-02-04",
    }
    new = bytes_of(answer(verdict, lot=other), lang) - bytes_of(answer(verdict), lang)
    dates = {b"02/01/2025", b"03/01/2027", b"04/02/2027"}
    assert new == {b"&lt;L-1&gt;"} | dates


def test_each_section_is_a_piece_of_its_own() -> None:
    """Another producer changes the producer's section alone, another certificate its own."""
    for name in ("producer", "certificate", "recall"):
        verdict = "RECALLED" if name == "recall" else "OK"
        changed = FULL[name] | {"name": "X", "decision_no": "X"}
        new = bytes_of(answer(verdict, **{name: changed}), "vi") - bytes_of(answer(verdict), "vi")
        (section,) = new
        assert section.startswith(b"<section")
        assert section.endswith(b"</section>\n")
        assert f'aria-labelledby="{name}"'.encode() in section


def test_stars_stand_with_the_product_and_are_shared() -> None:
    """The certificate's stars are a piece between the product's two, and only where the answer
    has them; a product of another name shares its other half."""
    rank = '<p class="rank"><span class="stars" aria-hidden="true">★★★★</span> OCOP 4 sao</p>\n'
    pieces = PAGES.pieces(answer(), "vi")
    at = pieces.index(rank.encode())
    before, after = pieces[at - 1], pieces[at + 1]
    assert isinstance(before, bytes) and before.startswith(b'<section class="product"')
    assert isinstance(after, bytes) and after.endswith(b"</section>\n")
    named = bytes_of(answer(product=FULL["product"] | {"name": "X"}), "vi")
    assert {rank.encode(), after} <= named and before not in named
    for asked in (answer("PAST_DATE"), answer(certificate={"stars": 9}), answer(certificate=None)):
        assert not [one for one in bytes_of(asked, "vi") if one.startswith(b'<p class="rank"')]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_date_says_what_to_look_for_on_the_package(lang: Lang) -> None:
    """Beside each line stand the letters that labels print, and how a date may be written."""
    words = read(PAGES.render(answer(), lang, PATH))
    for marks in ("“LSX”", "“MFG”", "“EXP”", "021028"):
        assert marks in words
    packed = read(
        PAGES.render(answer(lot=FULL["lot"] | {"production_date_kind": "packing_date"}), lang, PATH)
    )
    assert "“NĐG”" in packed and "“MFG”" not in packed
