"""Charts: numbers in, accessible SVG and a table out, whatever the numbers and names are."""

import random
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tem_registry.portal
from tem.language import Lang
from tem_registry.portal.charts import geography, letters, numbers, placement, times
from tem_registry.portal.charts.bars import Bar, bars
from tem_registry.portal.charts.drawing import Chart, Table, element
from tem_registry.portal.charts.lines import Series, lines
from tem_registry.portal.charts.placement import Box, Spot
from tem_registry.portal.charts.share import Part, share
from tem_registry.portal.charts.spark import spark
from tem_registry.portal.charts.spots import Place, spots

SVG = "{http://www.w3.org/2000/svg}"
STYLES = Path(tem_registry.portal.__file__).parent / "static" / "charts" / "charts.css"
LONG = "Hợp tác xã Chế biến Nước mắm truyền thống Nghi Xuân – Cửa Hội ỄỖỘỮ "
HOSTILE = "<script>alert('1')</script>\"&"
MONTHS = [f"2026-{month:02}" for month in range(1, 13)]
DAYS = [f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
SCATTERED = [(17.9 + n % 37 / 50, 105.1 + n % 53 / 60) for n in range(400)]


def many_lines(lang: Lang, keys: list[str], *values: list[int | None]) -> Chart:
    series = [Series(f"{LONG}{n}", one) for n, one in enumerate(values)]
    return lines("a", lang, HOSTILE, keys, series)


NAMES = [
    *("lines", "one point", "noughts", "many days", "bars", "many bars", "no stamps", "share"),
    *("spark", "one spark", "map", "one place", "same place"),
]


@cache
def chart(name: str) -> Chart:
    """The chart of a name, drawn once."""
    same = [Place(f"{n}", 18.3, 105.9, n) for n in range(9)]
    everywhere = [Place(HOSTILE, *at, 7 * n) for n, at in enumerate(SCATTERED)]
    parts = [Part(LONG * 2, 9_999_999), Part("ít", 1), Part("không", 0)]
    each = [Bar("W" * 90, (n,)) for n in range(400)]
    drawn: dict[str, Callable[[], Chart]] = {
        "lines": lambda: many_lines(
            "vi", MONTHS, [*range(12)], [None, 5, 12_345_678, *[None, 3, 0] * 3]
        ),
        "one point": lambda: many_lines("vi", ["2026-11"], [1_234_567], [0], [None], [2]),
        "noughts": lambda: many_lines("en", MONTHS, [0] * 12),
        "many days": lambda: many_lines("en", DAYS, [*range(len(DAYS))]),
        "bars": lambda: bars(
            "b", "vi", LONG, "Cơ sở", ["a", HOSTILE, "c"], [Bar(LONG * 3, (390_000_000, 1, 0))]
        ),
        "many bars": lambda: bars("c", "en", "x", "Owner", ["a"], each),
        "no stamps": lambda: bars("d", "vi", "x", "Cơ sở", ["a"], [Bar("x", (0,))]),
        "share": lambda: share("e", "vi", "x", parts),
        "spark": lambda: spark("f", "vi", HOSTILE, [3, 1, 2]),
        "one spark": lambda: spark("g", "en", "x", [7]),
        "map": lambda: spots("h", "vi", "x", "Xã", everywhere, "Tem"),
        "one place": lambda: spots("i", "en", "x", "Shop", [Place(LONG * 2, 18.3, 105.9)]),
        "same place": lambda: spots("j", "vi", "x", "Xã", same, "T"),
    }
    return drawn[name]()


def drawings(one: Chart) -> list[ElementTree.Element]:
    """The SVGs of a chart, read as XML: so everything in them is escaped and closed."""
    root = ElementTree.fromstring(f"<r>{one.svg}</r>")
    return list(root.iter(f"{SVG}svg"))


@pytest.mark.parametrize("name", NAMES)
def test_every_drawing_is_an_image_with_a_name_and_a_description(name: str) -> None:
    """role, title and desc; ids are used once on a page; what is named is there."""
    found = drawings(chart(name))
    assert len(found) == (1 if "spark" in name else 2)
    for svg in found:
        ids = {one.get("id"): one for one in svg.iter() if one.get("id")}
        assert svg.get("role") == "img"
        assert ids[svg.get("aria-labelledby")].tag == f"{SVG}title"
        assert ids[svg.get("aria-labelledby")].text
        assert ids[svg.get("aria-describedby")].text
        used = set(re.findall(r"url\(#([^)]+)\)", ElementTree.tostring(svg, "unicode")))
        assert used <= set(ids)
    every = re.findall(r' id="([^"]+)"', str(chart(name).svg))
    assert len(every) == len(set(every))


@pytest.mark.parametrize("name", NAMES)
def test_no_drawing_holds_what_the_security_policy_forbids(name: str) -> None:
    """No style, no script, no handler, nothing from elsewhere; every class is in the styles."""
    known = set(re.findall(r"\.(chart[\w-]*)", STYLES.read_text("utf-8")))
    for svg in drawings(chart(name)):
        for one in svg.iter():
            assert one.tag.removeprefix(SVG) not in ("style", "script", "a", "image", "use")
            assert not {n for n in one.attrib if n.startswith(("on", "style", "href", "{"))}
            assert set((one.get("class") or "").split()) <= known
    assert "<script" not in chart(name).svg


@pytest.mark.parametrize("name", NAMES)
def test_letters_stay_inside_and_apart(name: str) -> None:
    """No text leaves the drawing, and no two texts lie over each other."""
    check_letters(chart(name))


def test_names_of_periods_never_touch() -> None:
    """However many there are, the first and the last one included."""
    days = DAYS[-30:] + [day.replace("2026", "2027") for day in DAYS]
    for count in range(1, 60):
        check_letters(lines("a", "vi", "x", days[:count], [Series("a", [1] * count)]))


def check_letters(one: Chart) -> None:
    for svg in drawings(one):
        _, _, wide, high = map(float, (svg.get("viewBox") or "").split())
        boxes = [text_box(one) for one in svg.iter(f"{SVG}text")]
        for box in boxes:
            assert box.within(Box(-0.6, -0.6, wide + 0.6, high + 0.6)), box
        for left, right in combinations(boxes, 2):
            assert not left.meets(right), (left, right)


def text_box(one: ElementTree.Element) -> Box:
    """Where a text lies: its letters' body, without the room above and below them."""
    x, y, wide = float(one.get("x") or 0), float(one.get("y") or 0), letters.width(one.text or "")
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[one.get("text-anchor") or ""]
    return Box(left, y - 9, left + wide, y)


def test_the_table_has_every_figure() -> None:
    """What is drawn, also what is too much to draw, stands in the table as numbers."""
    assert chart("lines").table.rows[1] == ("02/2026", 1, 5)
    many = chart("many bars").table
    assert many.head == ("Owner", "a", "Total")
    assert [row[1:] for row in many.rows] == [(n, n) for n in range(400)]
    assert chart("map").table.rows[1][1:] == ("17,92°B", "105,1167°Đ", 7)
    assert chart("share").table.rows[1] == ("ít", 1, "<0,1%")


@pytest.mark.parametrize(
    "empty",
    [
        lines("a", "vi", "x", [], [Series("a", [])]),
        lines("a", "vi", "x", ["2026-11"], [Series("a", [None])]),
        bars("a", "vi", "x", "y", ["a"], []),
        share("a", "vi", "x", [Part("a", 0)]),
        spots("a", "vi", "x", "y", []),
        spark("a", "vi", "x", []),
    ],
)
def test_nothing_to_draw_is_said_in_words(empty: Chart) -> None:
    """A sentence in place of an empty frame."""
    assert empty.svg == '<p class="chart-empty">Chưa có số liệu.</p>'
    assert isinstance(empty.table, Table)


def test_more_than_can_be_told_apart_is_refused() -> None:
    """Four series or parts have marks of their own; a missing value is a fault of the caller."""
    with pytest.raises(ValueError, match="four"):
        many_lines("vi", ["2026-11"], *([1],) * 5)
    with pytest.raises(ValueError, match="four"):
        many_lines("vi", ["2026-11"], [1, 2])
    with pytest.raises(ValueError, match="four"):
        bars("a", "vi", "x", "y", ["a"], [Bar("b", (1, 2))])
    with pytest.raises(ValueError, match="four"):
        share("a", "vi", "x", [Part("a", 1)] * 5)


@pytest.mark.parametrize(
    ("top", "wanted"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 20, 40, 60, 80, 100]),
        (101, [0, 50, 100, 150]),
        (62_200, [0, 20_000, 40_000, 60_000, 80_000]),
    ],
)
def test_an_axis_begins_at_nought_and_steps_by_1_2_5(top: int, wanted: list[int]) -> None:
    """Whole numbers of stamps, the last mark not below the highest."""
    assert numbers.ticks(top) == wanted


def test_shares_add_up_to_a_hundred() -> None:
    """Whole tenths of a per cent, whatever is left by rounding."""
    assert numbers.shares([1, 1, 1]) == [Fraction(334, 10), Fraction(333, 10), Fraction(333, 10)]
    chance = random.Random(1)
    for _ in range(50):
        values = [chance.randint(0, 10 ** chance.randint(0, 7)) for _ in range(4)] + [1]
        found = numbers.shares(values)
        assert sum(found) == 100
        exact = (Fraction(100 * value, sum(values)) for value in values)
        assert all(abs(a - b) < Fraction(1, 10) for a, b in zip(found, exact, strict=True))


@pytest.mark.parametrize(
    ("value", "places", "vi", "en"),
    [
        (1_234_567, 0, "1.234.567", "1,234,567"),
        (999, 0, "999", "999"),
        (1234.56, 1, "1.234,6", "1,234.6"),
        (None, 0, "–", "–"),
    ],
)
def test_numbers_are_written_as_the_reader_does(
    value: float | None, places: int, vi: str, en: str
) -> None:
    """Point and comma change places between the languages."""
    assert (numbers.written(value, "vi", places), numbers.written(value, "en", places)) == (vi, en)


def test_periods_are_named_for_the_eye() -> None:
    """Days as dd/mm/yyyy, weeks by number and days, on an axis by their Monday."""
    assert times.told("2026-11-20", "vi") == "20/11/2026"
    assert times.told("2026-W53", "vi") == "Tuần 53/2026 (28/12–03/01)"
    assert times.told("2026-11", "en") == "11/2026"
    assert times.short(["2026-11-20", "2026-11-21"]) == ["20/11", "21/11"]
    assert times.short(["2026-12-31", "2027-01-01"]) == ["31/12/26", "01/01/27"]
    assert times.short(["2026-W47", "2026-W48"]) == ["16/11", "23/11"]
    assert times.short(["2026-11", "2026-12"]) == ["11/2026", "12/2026"]


def test_a_map_is_true_to_shape() -> None:
    """At 18° north a degree of longitude is drawn cos 18° as long as one of latitude."""
    shown = geography.extent([(17.9, 105.1), (18.7, 106.4)], 0.01, 100)
    assert shown.aspect == pytest.approx(1.3 / 0.8 * 0.9498, rel=1e-3)
    for least, most in ((0.5, 0.6), (2, 3)):
        bound = geography.extent([(17.9, 105.1), (18.7, 106.4)], least, most)
        assert least - 1e-9 <= bound.aspect <= most + 1e-9
        assert bound.south < 17.9 and bound.north > 18.7 and bound.west < 105.1
    assert geography.extent([(18.3, 105.9)], 0.5, 2).aspect == pytest.approx(0.949, abs=1e-3)


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    """Two places ten kilometres apart on a meridian are ten times a kilometre apart."""
    north = 18.3 + 10 / geography.KM_PER_DEGREE
    far = spots("a", "vi", "x", "y", [Place("a", 18.3, 105.9), Place("b", north, 105.9)])
    for svg in drawings(far):
        ys = [float(one.get("cy") or 0) for one in svg.iter(f"{SVG}circle")]
        bar = next(re.search(r"v6h([\d.]+)v", one.get("d") or "") for one in svg.iter(f"{SVG}path"))
        (km,) = [one.text for one in svg.iter(f"{SVG}text") if (one.text or "").endswith(" km")]
        assert bar is not None and km is not None
        assert abs(ys[1] - ys[0]) / 10 == pytest.approx(float(bar[1]) / int(km[:-3]), rel=0.01)


def test_a_commune_stands_amid_its_producers() -> None:
    """The mean of their places."""
    found = geography.centres([("a", (18, 105)), ("a", (19, 106)), ("b", (18.5, 105.5))])
    assert found == {"a": (18.5, 105.5), "b": (18.5, 105.5)}


def test_degrees_and_distances_are_round() -> None:
    """A 1-2-5 graticule with the letters of the language."""
    assert geography.graticule(17.93, 18.71) == [18.0, 18.2, 18.4, 18.6]
    assert geography.degrees(18.5, "vi", latitude=True) == "18,5°B"
    assert geography.degrees(-105.75, "vi", latitude=False) == "105,75°T"
    assert geography.degrees(105.0, "en", latitude=False) == "105°E"
    assert [geography.scale_km(room) for room in (0.7, 1, 4.9, 23, 60)] == [0.5, 1, 2, 20, 50]


def test_names_beside_points_cover_neither_names_nor_points() -> None:
    """The first ones find a place; one without room has none."""
    chance = random.Random(2)
    made = [Spot(chance.random() * 300, chance.random() * 300, 5, LONG[:9]) for _ in range(60)]
    inside = Box(0, 0, 300, 300)
    found = placement.placed(made, inside, 40)
    assert 5 < len(found) <= 40
    for _, box in found:
        assert box.within(inside)
        assert not any(box.meets(spot.box) for spot in made)
    assert not any(one[1].meets(other[1]) for one, other in combinations(found, 2))


def test_long_names_are_broken_between_words_and_shortened() -> None:
    """Nothing is wider than its room, marks above letters take none."""
    assert letters.width("Ễ") == letters.width("E")
    for room in (40.0, 100.0, 250.0):
        found = letters.lines(LONG * 2, room, 2)
        assert len(found) == 2 and found[-1].endswith("…")
        assert all(letters.width(one) <= room for one in found)
    assert letters.lines("Xã Kỳ Anh", 300) == ["Xã Kỳ Anh"]
    assert letters.lines("", 300) == [""]


def test_an_element_escapes_what_it_is_given() -> None:
    """Content and attributes, not markup made here."""
    inner = element("b", HOSTILE)
    assert "<script" not in inner and "&lt;script&gt;" in inner
    assert element("g", inner, title=HOSTILE).count("<b>") == 1
    assert element("x", y=-0.04, z=2.0) == '<x y="0" z="2"/>'


def test_marks_differ_beside_their_colour() -> None:
    """Each line has its own dashes and points, each part but the first its own pattern."""
    four = many_lines("vi", MONTHS[:2], *([n, n + 1] for n in range(4)))
    for svg in drawings(four):
        dashes = [one.get("stroke-dasharray") for one in svg.iter(f"{SVG}polyline")]
        assert len(dashes) == len(set(dashes)) == 4
    stacked = bars("b", "vi", "x", "y", ["a", "b", "c"], [Bar("z", (1, 1, 1))])
    for svg in drawings(stacked):
        fills = [one.get("fill") for one in svg.iter(f"{SVG}rect") if one.get("fill")]
        assert len(set(fills)) == 2
