"""The public pages as text: wording, what is shown, escaping, size, language."""

import copy
import re
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tem.vocabulary import Note, Verdict
from tem_verifier.language import LANGUAGES, Lang, choose_language
from tem_verifier.pages import Pages

PAGES = Pages()
AS_OF = "2026-11-20T18:05:00Z"
PATH = "/s/" + "1" * 174
FORBIDDEN = re.compile(
    r"hàng giả|hàng thật|chính hãng|100\s?%|chưa xác thực|\bfake|genuine|counterfeit", re.IGNORECASE
)
_OURS = re.compile(r"/static/[a-z.]+|/images/[0-9a-f]{64}")
LIMIT = 15_000

TITLES: dict[str, tuple[str, str]] = {
    "OK": ("Tem có trong hệ thống và đã kích hoạt", "This stamp is on record"),
    "PAST_DATE": ("Lô sản phẩm này đã quá hạn sử dụng", "This lot is past its date"),
    "INFO_EXPIRED": ("đã hết thời hạn tra cứu", "is no longer published"),
    "NOT_ACTIVATED": ("Tem chưa được gắn với lô sản xuất", "has not yet been linked"),
    "RECALLED": ("đang có thông báo thu hồi", "subject to a recall notice"),
    "STAMP_REVOKED": ("không còn giá trị", "This stamp has been withdrawn"),
    "VOID": ("ghi nhận là hỏng, in lỗi hoặc mất", "damaged, misprinted or lost"),
    "UNKNOWN": ("Không tìm thấy mã tem này", "This stamp code was not found"),
    "MALFORMED": ("Chưa đọc được mã tem", "The stamp code could not be read"),
    "UNAVAILABLE": ("Hiện chưa tra cứu được", "We cannot check this right now"),
}
BODIES: dict[str, tuple[str, str]] = {
    "OK": ("Vui lòng so sánh tên sản phẩm, số lô", "Please compare the product name"),
    "PAST_DATE": (
        "lô L-2409 là hết ngày 20/11/2026",
        "Lot L-2409 was to be used by the end of 20/1",
    ),
    "INFO_EXPIRED": ("đến hết 1 tháng sau hạn sử dụng", "until one month after the expiry date"),
    "NOT_ACTIVATED": ("Có thể cơ sở chưa kịp cập nhật", "may simply not have updated it yet"),
    "RECALLED": ("Ngày 16/03/2026, Cơ quan A thông báo", "On 16/03/2026, Cơ quan A announced"),
    "STAMP_REVOKED": ("thu hồi tem này ngày 17/03/2026", "withdrew it on 17/03/2026"),
    "VOID": ("không dùng để dán lên sản phẩm", "not meant to be on a product"),
    "UNKNOWN": ("tem do đơn vị khác phát hành", "may come from another issuer"),
    "MALFORMED": ("không chứa đủ mã của một con tem", "does not hold the whole code"),
    "UNAVAILABLE": ("không nói lên điều gì về sản phẩm", "says nothing about the product"),
}
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

FULL: dict[str, Any] = {
    "verdict": "OK",
    "notes": [],
    "reason": "activated",
    "as_of": AS_OF,
    "stamp": {"batch": 12, "index": 7},
    "product": {
        "product_id": "HT-SP001",
        "name": "Nước mắm Sóng Lam 40°N",
        "brand": "Sóng Lam",
        "model": "SL-40",
        "image": {
            "id": "5" * 64,
            "content_type": "image/jpeg",
            "width": 1200,
            "height": 900,
            "url": "/images/" + "5" * 64,
        },
        "packaging": "Chai thủy tinh 500 ml",
        "unit": "chai",
        "gtin": "09521234000013",
        "category_code": "I.4.a",
        "date_kind": "use_by",
        "raw_material_source": "Cá cơm từ vùng biển địa phương. " * 10,
        "process": "Ủ chượp 12 tháng trong thùng gỗ. " * 10,
        "preservation": "Nơi khô ráo, thoáng mát",
        "usage": "Dùng chấm hoặc nêm",
        "story": "Làng nghề bên cửa biển. " * 40,
        "declared_standard": "TCCS 01:2024",
        "quality_test": {"report_no": "KN-001", "lab": "Phòng A", "tested_on": "2024-09-24"},
        "quality_tests": [{"report_no": "KN-002", "lab": "Phòng B", "tested_on": "2025-09-24"}],
    },
    "producer": {
        "producer_id": "HT-P001",
        "name": "Hợp tác xã Sóng Lam",
        "producer_type": "cooperative",
        "address": {
            "full": "Tổ dân phố Tam Hải, Phường Hải Ninh, Tỉnh Hà Tĩnh",
            "before_2025_07_01": "phường Kỳ Ninh, thị xã Kỳ Anh, tỉnh Hà Tĩnh",
        },
        "representative": "Trần Thị Mẫu",
        "phone": "0239 0000 001",
        "email": "lienhe@songlam.example",
        "website": "https://songlam.example/?a=1&b=2",
        "gps": {"lat": 18.118582, "lon": 106.322166},
    },
    "lot": {
        "code": "L-2409",
        "production_date": "2024-11-20",
        "production_date_kind": "production_date",
        "best_before": "2026-11-20",
        "info_expires_on": "2026-12-20",
    },
    "certificate": {
        "stars": 4,
        "decision_no": "90011/QĐ-UBND",
        "decision_date": "2024-10-15",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-10-15",
        "valid_until": "2027-10-15",
    },
    "points_of_sale": [
        {
            "name": f"Cửa hàng số {number}",
            "address": "Phường Thành Sen, Tỉnh Hà Tĩnh",
            "phone": "0239 0001 001",
            "opening_hours": "07:30–20:30",
            "gps": {"lat": 18.326693, "lon": 105.919011},
        }
        for number in range(1, 6)
    ],
    "recall": {
        "kind": "mandatory",
        "ordered_on": "2026-03-16",
        "ordered_by": "Cơ quan A",
        "decision_no": "0001/QĐ-TH",
        "reason_public": "Nhãn ghi thiếu thông tin dị ứng.",
    },
    "revoked_on": "2026-03-17",
}


def answer(verdict: str = "OK", **changes: Any) -> dict[str, Any]:
    """The full answer under another verdict; a part given as None is absent."""
    changed = {**copy.deepcopy(FULL), "verdict": verdict, **changes}
    return {name: part for name, part in changed.items() if part is not None}


def bare(verdict: str, **changes: Any) -> dict[str, Any]:
    """An answer with nothing beside what is always there."""
    return {"verdict": verdict, "notes": [], "reason": "any", "as_of": AS_OF, **changes}


def read(html: str) -> str:
    """The words of a page in one line, without its marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


class Structure(HTMLParser):
    """Collects what the tests ask of the marks: tags, attributes, balance."""

    def __init__(self, html: str) -> None:
        """Reads the whole of ``html``."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag and waits for its end, unless it has none."""
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag that ends in itself, as in SVG."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Every end closes the tag that was opened last."""
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


def every_page() -> list[tuple[str, Lang, str]]:
    """A name, the language and the page, for every page there is."""
    pages = []
    for lang in LANGUAGES:
        for verdict in TITLES:
            for kind, asked in (("full", answer(verdict)), ("bare", bare(verdict))):
                name = f"{verdict}-{kind}-{lang}"
                pages.append((name, lang, PAGES.render(asked, lang, PATH)))
        noted = answer(notes=[str(note) for note in Note])
        pages.append((f"notes-{lang}", lang, PAGES.render(noted, lang, PATH)))
        pages.append((f"home-{lang}", lang, PAGES.home(lang, "tem.example")))
        pages.append((f"not-found-{lang}", lang, PAGES.not_found(lang)))
    return pages


@pytest.fixture(params=every_page(), ids=lambda page: page[0])
def page(request: pytest.FixtureRequest) -> tuple[Lang, str]:
    """Each page in turn, with its language."""
    _, lang, html = request.param
    return lang, html


def test_every_verdict_has_a_page() -> None:
    """No verdict of the vocabulary is without words."""
    assert set(TITLES) == set(BODIES) == {str(verdict) for verdict in Verdict}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", TITLES)
def test_verdict_is_said_in_title_heading_and_body(verdict: str, lang: Lang) -> None:
    """The browser's title, the one h1 and the body carry the agreed words of the verdict."""
    html = PAGES.render(answer(verdict), lang, PATH)
    which = LANGUAGES.index(lang)
    title = re.search(r"<title>(.*?)</title>", html)
    heading = re.findall(r"<h1[^>]*>(.*?)</h1>", html)
    assert title is not None
    assert TITLES[verdict][which] in title[1]
    assert len(heading) == 1
    assert TITLES[verdict][which] in heading[0]
    assert BODIES[verdict][which] in read(html)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", TITLES)
def test_only_what_the_verdict_shows_is_shown(verdict: str, lang: Lang) -> None:
    """An answer that holds more than its verdict shows does not make the page show more."""
    words = read(PAGES.render(answer(verdict), lang, PATH))
    for trace, verdicts in TRACES.items():
        assert (trace in words) == (verdict in verdicts), trace


def test_no_page_has_an_unfilled_blank_or_a_forbidden_word(page: tuple[Lang, str]) -> None:
    """No braces are left over, and no page passes judgement on the goods."""
    words = read(page[1])
    assert not re.search(r"[{}]|\bNone\b|Undefined", words)
    assert not FORBIDDEN.search(words)


def test_every_page_is_small_with_its_stylesheet_and_icon(page: tuple[Lang, str]) -> None:
    """A page with everything it loads stays far below the 50 kB of the issue."""
    static = files("tem_verifier").joinpath("static")
    loaded = [static.joinpath(name).read_bytes() for name in ("stamp.css", "stamp.svg")]
    assert len(page[1].encode()) + sum(map(len, loaded)) < LIMIT + 5_000


def test_every_page_is_well_formed_and_complete_without_script(page: tuple[Lang, str]) -> None:
    """Tags balance; landmarks are there; no script, no style and nothing from elsewhere."""
    lang, html = page
    structure = Structure(html)
    assert structure.open == []
    assert structure.all("html") == [{"lang": lang}]
    assert [len(structure.all(tag)) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert not structure.all("script")
    assert not structure.all("style")
    assert not structure.all("form")
    assert not [name for _, attrs in structure.tags for name in attrs if name.startswith("on")]
    assert not [attrs for _, attrs in structure.tags if "style" in attrs]
    loaded = [a["href"] for a in structure.all("link")] + [a["src"] for a in structure.all("img")]
    assert all(address and _OURS.fullmatch(address) for address in loaded)
    metas = {attrs.get("name"): attrs.get("content") for attrs in structure.all("meta")}
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert "nofollow" in str(metas["robots"])
    ids = [attrs["id"] for _, attrs in structure.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(a["aria-labelledby"] in ids for a in structure.all("section"))


def test_headings_skip_no_level(page: tuple[Lang, str]) -> None:
    """A reader who goes from heading to heading never falls through a level."""
    levels = [int(level) for level in re.findall(r"<h([1-6])", page[1])]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", TITLES)
def test_footnotes_office_and_time_stand_on_every_answer(verdict: str, lang: Lang) -> None:
    """Each answer says what it is not, what it never asks for, whom to tell and when it was."""
    words = read(PAGES.render(answer(verdict), lang, PATH))
    vi = (
        "không thay cho việc kiểm tra chất lượng sản phẩm",
        "không yêu cầu đăng nhập",
        "Văn phòng Điều phối nông thôn mới tỉnh Hà Tĩnh",
        "Thông tin cập nhật đến 21/11/2026 01:05",
    )
    en = (
        "does not replace a quality inspection",
        "never asks you to log in",
        "Ha Tinh Provincial New Rural Development Coordination Office",
        "Record as of 21/11/2026 01:05",
    )
    assert all(sentence in words for sentence in (vi if lang == "vi" else en))


def test_unknown_pages_differ_in_nothing_but_the_time() -> None:
    """Whatever a look-up knows of a code that is not on record stays off its page."""
    plain = PAGES.render(bare("UNKNOWN"), "vi", "/s/" + "2" * 174)
    assert PAGES.render(answer("UNKNOWN", notes=["MANY_SCANS"]), "vi", PATH) == plain
    later = PAGES.render(bare("UNKNOWN") | {"as_of": "2026-11-21T03:04:00Z"}, "vi", PATH)
    assert later != plain
    again = later.replace("2026-11-21T03:04:00Z", AS_OF).replace("21/11/2026 10:04", "{}")
    assert again.replace("{}", "21/11/2026 01:05") == plain


@pytest.mark.parametrize("verdict", ["UNKNOWN", "MALFORMED"])
def test_advice_for_unread_codes_is_about_scanning(verdict: str) -> None:
    """Nobody typed anything, so nobody is told to type again."""
    vietnamese = read(PAGES.render(bare(verdict), "vi", PATH))
    english = read(PAGES.render(bare(verdict), "en", PATH))
    assert "Lau sạch tem" in vietnamese
    assert "địa chỉ in cạnh mã QR" in vietnamese
    assert not re.search("ký tự|nhập lại|nhập nhầm", vietnamese)
    assert "Clean the stamp" in english
    assert "web address" in english
    assert not re.search("type|character|enter", english)


@pytest.mark.parametrize(
    ("asked", "vi", "en"),
    [
        (
            answer("PAST_DATE", product={"name": "A", "date_kind": "best_before"}),
            "Ngày “sử dụng tốt nhất trước” của lô L-2409 là 20/11/2026.",
            "The “best before” date of lot L-2409 is 20/11/2026.",
        ),
        (
            bare("INFO_EXPIRED", reason="info_window_closed_no_expiry"),
            "thời hạn công bố thông tin trên tem đã qua.",
            "the time for which its information was published has passed.",
        ),
        (
            bare(
                "INFO_EXPIRED",
                reason="info_window_closed_no_expiry",
                info_expires_on="2026-01-31",
            ),
            "được công bố đến hết ngày 31/01/2026.",
            "was published until 31/01/2026.",
        ),
        (bare("STAMP_REVOKED"), "Hà Tĩnh đã thu hồi tem này. Thông", "withdrew it. This"),
        (bare("PAST_DATE"), "Hạn sử dụng của lô này đã qua.", "to be used has passed."),
        (bare("RECALLED"), "Đã có thông báo thu hồi lô", "The recall of this lot has been"),
        (
            answer("RECALLED"),
            "Lý do được công bố: Nhãn ghi thiếu thông tin dị ứng. Vui lòng",
            "Published reason: Nhãn ghi thiếu thông tin dị ứng. Please",
        ),
    ],
)
def test_sentences_fit_what_is_known(asked: dict[str, Any], vi: str, en: str) -> None:
    """Special cases get their own text, and a missing date gives a sentence without it."""
    assert vi in read(PAGES.render(asked, "vi", PATH))
    assert en in read(PAGES.render(asked, "en", PATH))


def test_undated_information_window_never_says_past_its_date() -> None:
    """Goods without a declared date cannot be past it."""
    asked = bare("INFO_EXPIRED", reason="info_window_closed_no_expiry")
    assert "quá hạn" not in read(PAGES.render(asked, "vi", PATH))
    assert "past its date" not in read(PAGES.render(asked, "en", PATH))


def test_notes_stand_in_the_order_given_and_unknown_ones_are_left_out() -> None:
    """Notes come before the product, filled in; one without words does not break the page."""
    certificate = FULL["certificate"] | {
        "revoked_on": "2026-03-16",
        "revocation_decision_no": "8038/QĐ-UBND",
    }
    notes = ["EXPIRES_TODAY", "CERT_REVOKED", "A_NOTE_OF_TOMORROW", "PRODUCER_SUSPENDED"]
    words = read(PAGES.render(answer(notes=notes, certificate=certificate), "vi", PATH))
    parts = [
        "Hôm nay là ngày cuối của hạn sử dụng.",
        "Từ ngày 16/03/2026, sản phẩm không còn được công nhận OCOP (Quyết định 8038/QĐ-UBND).",
        "Cơ sở sản xuất đang tạm dừng",
        "Nước mắm Sóng Lam",
    ]
    places = [words.index(part) for part in parts]
    assert places == sorted(places)
    assert "TOMORROW" not in words


def test_certificate_notes_without_a_certificate_have_words_too() -> None:
    """A note whose date is not known is said without it."""
    notes = ["CERT_REVOKED", "CERT_EXPIRED_AFTER_PRODUCTION"]
    words = read(PAGES.render(bare("OK", notes=notes), "en", PATH))
    assert "This product is no longer recognised as OCOP." in words
    assert "The OCOP certificate of this product is no longer valid." in words


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


@pytest.mark.parametrize(
    ("withdrawn", "words"),
    [
        ("2099-01-01", "Lô này được sản xuất trước ngày đó."),
        ("2000-01-01", "Ngày sản xuất của lô này không trước ngày đó."),
    ],
)
def test_a_withdrawal_before_production_is_told_as_such(withdrawn: str, words: str) -> None:
    """Of a lot made on the day of a withdrawal or later it is not said that it was made before."""
    certificate = FULL["certificate"] | {"revoked_on": withdrawn}
    told = read(PAGES.render(answer(notes=["CERT_REVOKED"], certificate=certificate), "vi", PATH))
    assert words in told


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
    html = PAGES.render(answer(product=None), "vi", PATH)
    places = [html.index(f"Cửa hàng số {number}") for number in range(1, 6)]
    assert places[2] < html.index("<details>") < places[3]
    assert "Điểm bán khác (2)" in html
    few = PAGES.render(answer(product=None, points_of_sale=FULL["points_of_sale"][:3]), "vi", PATH)
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


HOSTILE = [
    "<script>alert(1)</script>",
    "\"' onmouseover=alert(1) x='",
    "</title></bdi><img src=x onerror=alert(1)>",
    "{{ 7*7 }} {% raw %} {lot_code} {0.__class__} %s",
    "W" * 4000,
    "🐟🦐👩‍👩‍👧‍👦 tươi",
    "abc\u202egnaoh\u2069\u2066 \u200f\x00\ud800 xyz",
]


def poisoned(part: Any, text: str) -> Any:
    """The same answer with ``text`` in place of every string that a person wrote."""
    fixed = {"date_kind", "production_date_kind"}
    if isinstance(part, dict):
        return {k: v if k in fixed else poisoned(v, text) for k, v in part.items()}
    if isinstance(part, list):
        return [poisoned(one, text) for one in part]
    return text if isinstance(part, str) else part


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("verdict", TITLES)
def test_whatever_people_wrote_stays_text(verdict: str, text: str) -> None:
    """Marks, quotes, templates, bidi controls and half surrogates end as harmless words."""
    fixed = ("verdict", "notes", "reason", "as_of", "stamp")
    asked = {k: v if k in fixed else poisoned(v, text) for k, v in FULL.items()}
    asked |= {"verdict": verdict, "notes": [str(note) for note in Note]}
    html = PAGES.render(asked, "en", "/s/" + text)
    calm = Structure(PAGES.render(answer(verdict), "en", PATH))
    structure = Structure(html)
    html.encode("utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200f\x00\ud800-\udfff]", html)
    assert {tag for tag, _ in structure.tags} <= {tag for tag, _ in calm.tags} | {"li", "ul", "h2"}
    assert not [name for _, attrs in structure.tags for name in attrs if name.startswith("on")]
    assert "49" not in read(html)
    if verdict == "OK" and "\u202e" not in text:
        assert text in unescape(html)


@pytest.mark.parametrize(
    ("website", "linked"),
    [
        ("https://songlam.example", True),
        ("HTTP://songlam.example/a?b=c", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" data:text/html,x", False),
        ("//songlam.example", False),
        ("songlam.example", False),
        ("https://a b", False),
        ("https://", False),
    ],
)
def test_producers_site_is_a_link_only_over_http(website: str, linked: bool) -> None:
    """Any other scheme is shown as text; a link tells the other side nothing of this page."""
    asked = bare("OK", producer={"name": "A", "website": website})
    links = Structure(PAGES.render(asked, "vi", PATH)).all("a")[1:]
    rel = "noopener nofollow noreferrer"
    assert links == ([{"href": website, "rel": rel}] if linked else [])
    assert website.strip() in unescape(PAGES.render(asked, "vi", PATH))


def test_values_in_attributes_and_numbers_are_escaped_too() -> None:
    """A quote ends no attribute, and a coordinate that is no number is only words."""
    website = 'https://a"onmouseover=alert(1)//'
    gps = {"lat": "<b>1</b>", "lon": "<i>"}
    asked = bare(
        "OK", producer={"website": website, "gps": gps}, points_of_sale=[{"name": "A", "gps": gps}]
    )
    html = PAGES.render(asked, "vi", PATH)
    links = Structure(html).all("a")
    assert links[1] == {"href": website, "rel": "noopener nofollow noreferrer"}
    assert "<b>" not in html
    assert "<i>" not in html


@pytest.mark.parametrize(
    ("path", "link"),
    [
        (PATH, PATH + "?lang=en"),
        ("//evil.example/s/1", "/evil.example/s/1?lang=en"),
        ('/s/"><b>?x#y', "/s/%22%3E%3Cb%3E%3Fx%23y?lang=en"),
    ],
)
def test_language_link_stays_on_this_host(path: str, link: str) -> None:
    """The link to the other language keeps the path and cannot leave the host."""
    links = Structure(PAGES.render(answer(), "vi", path)).all("a")
    assert links[0] == {"href": link, "lang": "en", "hreflang": "en", "rel": "nofollow"}


def test_a_kept_card_gives_the_same_page() -> None:
    """The part that the stamps of a lot share may be made once and used again."""
    card = PAGES.card(answer(), "vi")
    assert PAGES.render(answer(), "vi", PATH, card=card) == PAGES.render(answer(), "vi", PATH)


def test_home_names_the_only_right_host() -> None:
    """The start page says which host is right, escaped, and what no page of ours asks for."""
    assert "Địa chỉ đúng duy nhất là tem.example." in read(PAGES.home("vi", "tem.example"))
    words = read(PAGES.home("en", "tem.example"))
    assert "The only right address is tem.example." in words
    assert "never asks for a login" in words
    assert "<b>" not in PAGES.home("en", "<b>")


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        (None, None, "vi"),
        ("en", "vi", "en"),
        ("VI", "en", "vi"),
        ("fr", "en", "en"),
        ("", "en-GB", "en"),
        (None, "en-US,en;q=0.9,vi;q=0.8", "en"),
        (None, "vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        (None, "en-US, vi;q=0.5", "en"),
        (None, "fr, en;q=0.3, vi;q=0.7", "vi"),
        (None, "de-DE, en ; q=0.1", "en"),
        (None, "de, fr;q=0.9, *;q=0.1", "vi"),
        (None, "en;q=0", "vi"),
        (None, "en;q=nan, vi;q=0.001", "vi"),
        (None, "en;q=1e9, vi;q=0.1", "vi"),
        (None, "en;q=٠.٩", "vi"),
        (None, "english", "vi"),
        (None, ",;=,;q=,q=1;en", "vi"),
    ],
)
def test_language_choice(query: str | None, header: str | None, expected: Lang) -> None:
    """The query decides, then the weights of the header, then Vietnamese."""
    assert choose_language(query, header) == expected


@given(
    st.none() | st.text(),
    st.none()
    | st.text()
    | st.lists(st.sampled_from(["en", "vi", "*", ";", "q=", "0.5", ",", "-", " ", "\x00"])).map(
        "".join
    ),
)
def test_any_query_and_header_give_a_language(query: str | None, header: str | None) -> None:
    """Garbage in either place is answered, never refused."""
    assert choose_language(query, header) in LANGUAGES
