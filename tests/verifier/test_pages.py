"""Every public page as a whole: marks, size, footnotes, links, the count of views."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest
from tests.verifier.page_reading import AS_OF, PAGES, PATH, TITLES, Structure, answer, bare, read

from tem.language import LANGUAGES, Lang
from tem.vocabulary import Note
from tem_verifier.pages import Pages
from tem_verifier.pieces import fill

FORBIDDEN = re.compile(
    r"hàng giả|hàng thật|chính hãng|100\s?%|chưa xác thực|\bfake|genuine|counterfeit", re.IGNORECASE
)
_OURS = re.compile(r"/static/[a-z.]+|/images/[0-9a-f]{64}|/s/[0-9]{174}/seen")
LIMIT = 26_000


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
        pages.append((f"about-{lang}", lang, PAGES.about(lang, "tem.example")))
        pages.append((f"not-found-{lang}", lang, PAGES.not_found(lang)))
    return pages


@pytest.fixture(params=every_page(), ids=lambda page: page[0])
def page(request: pytest.FixtureRequest) -> tuple[Lang, str]:
    """Each page in turn, with its language."""
    _, lang, html = request.param
    return lang, html


def test_no_page_has_an_unfilled_blank_or_a_forbidden_word(page: tuple[Lang, str]) -> None:
    """No braces are left over, and no page passes judgement on the goods."""
    words = read(page[1])
    assert not re.search(r"[{}]|\bNone\b|Undefined", words)
    assert not FORBIDDEN.search(words)


def test_every_page_is_small_with_its_stylesheet_and_icon(page: tuple[Lang, str]) -> None:
    """A page with everything it loads stays far below the 50 kB of the issue."""
    static = files("tem_verifier").joinpath("static")
    loaded = [static.joinpath(name).read_bytes() for name in ("stamp.css", "stamp.svg")]
    assert len(page[1].encode()) + sum(map(len, loaded)) < LIMIT


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
        "không lưu địa chỉ mạng của bạn",
        "Văn phòng Điều phối nông thôn mới tỉnh Hà Tĩnh",
        "Thông tin cập nhật đến 21/11/2026 01:05",
    )
    en = (
        "does not replace a quality inspection",
        "never asks you to log in",
        "your network address is not kept",
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
    assert [one for one in links if "hreflang" in one] == [
        {"href": link, "lang": "en", "hreflang": "en", "rel": "nofollow"}
    ]


def beacons(html: str) -> list[dict[str, str | None]]:
    """The pictures by which views are counted."""
    return [image for image in Structure(html).all("img") if "/seen" in str(image["src"])]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", TITLES)
def test_a_page_that_knows_its_stamp_is_counted_once(verdict: str, lang: Lang) -> None:
    """Its last picture names the stamp, is nothing to anybody's eyes or ears, and waits for no
    script and no scrolling; pages about no stamp have none."""
    html = PAGES.render(answer(verdict), lang, PATH)
    known = verdict not in ("UNKNOWN", "MALFORMED")
    seen = {"class": "seen", "src": PATH + "/seen", "alt": "", "width": "1", "height": "1"}
    assert beacons(html) == [seen] * known
    assert ("/seen" in html.partition("</section>\n</main>")[0]) == known
    assert beacons(PAGES.render(bare(verdict), lang, PATH)) == []


@pytest.mark.parametrize("path", ["/s/1", PATH + "/", PATH[:-1] + "١", "/" + PATH, "/s" + PATH])
def test_under_another_path_than_the_stamps_own_nothing_is_counted(path: str) -> None:
    """What is not exactly /s/ and 174 digits names no stamp."""
    assert beacons(PAGES.render(answer(), "vi", path)) == []


@pytest.mark.parametrize("verdict", TITLES)
def test_a_page_in_pieces_is_the_page(verdict: str) -> None:
    """Filled with a stamp's own, the pieces are what is rendered; an open hole has no bytes."""
    asked = answer(verdict)
    pieces = PAGES.pieces(asked, "vi")
    assert b"" not in pieces
    holes = (AS_OF, "21/11/2026 01:05", '{"batch":12,"index":7}', "12-7-71", PATH[3:])
    told = fill(pieces, [hole.encode() for hole in holes])
    assert told.decode() == PAGES.render(asked, "vi", PATH)


def test_each_page_of_a_sandbox_says_that_its_stamps_are_test_stamps() -> None:
    """Above the verdict, in the page's language; no page of production does."""
    sandbox = Pages(is_sandbox=True)
    told = ("tem thử, không có giá trị", "test stamps, of no value")
    for lang, words, title in zip(LANGUAGES, told, TITLES["OK"], strict=True):
        shown = read(sandbox.render(answer("OK"), lang, PATH))
        main = shown.partition("English" if lang == "vi" else "Tiếng Việt")[2]
        assert main.index(words) < main.index(title)
        assert words in read(sandbox.not_found(lang)) and words in read(sandbox.about(lang, "h"))
        assert words not in read(PAGES.render(answer("OK"), lang, PATH))


def test_home_names_the_only_right_host() -> None:
    """The start page says which host is right, escaped, and what no page of ours asks for."""
    assert "Địa chỉ đúng duy nhất là tem.example." in read(PAGES.home("vi", "tem.example"))
    words = read(PAGES.home("en", "tem.example"))
    assert "The only right address is tem.example." in words
    assert "never asks for a login" in words
    assert "<b>" not in PAGES.home("en", "<b>")
