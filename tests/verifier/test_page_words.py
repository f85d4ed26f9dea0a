"""The words of the pages: verdicts, special cases, notes."""

import re
from typing import Any

import pytest
from tests.verifier.page_reading import FULL, PAGES, PATH, TITLES, answer, bare, read

from tem.language import LANGUAGES, Lang
from tem.vocabulary import Verdict

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
