"""SVG as text: elements, a drawing with its title and description, a chart with its table. Pure.

Colours, fonts and sizes come from classes (``static/charts/charts.css``): the pages' content
security policy lets no style stand in an attribute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from tem.language import Lang

Cell = str | int | float | None
# A chart is drawn twice and the style sheet shows the one that fits: scaled text would be too
# small on a telephone or too large at a desk. Units are CSS pixels at these widths.
NARROW, WIDE = 320, 720
TEXT = 13  # height of letters, the same in charts.css
NOTHING = ("Chưa có số liệu.", "No figures yet.")


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's figures: the first cell of a row names it, whole numbers stay numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart for a page, and the same figures as a table beside it."""

    svg: Markup
    table: Table


@dataclass(slots=True)
class Canvas:
    """What is drawn so far, ``width`` units wide; ``name`` begins the ids that it uses."""

    name: str
    width: int
    lang: Lang
    height: float = 0
    parts: list[Markup] = field(default_factory=list)

    def add(self, tag: str, content: str | Markup | None = None, **attributes: object) -> None:
        """One element on top of what is there; ``content`` is escaped unless it is markup."""
        self.parts.append(element(tag, content, **attributes))

    def text(
        self, x: float, y: float, words: str, anchor: str = "start", kind: str = "label"
    ) -> None:
        """A line of text; ``anchor`` is start, middle or end, ``kind`` its class."""
        self.add("text", words, x=x, y=y, text_anchor=anchor, class_=f"chart-{kind}")


def element(tag: str, content: str | Markup | None = None, **attributes: object) -> Markup:
    """An SVG element; ``text_anchor`` becomes text-anchor, None is left out."""
    written = "".join(
        f' {_name(name)}="{escape(_value(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if content is None:
        return Markup(f"<{tag}{written}/>")  # noqa: S704 - escaped above, tags are ours
    return Markup(f"<{tag}{written}>{escape(content)}</{tag}>")  # noqa: S704


def _name(name: str) -> str:
    kept = {"viewBox": "viewBox", "patternUnits": "patternUnits"}
    return kept.get(name) or name.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    """Numbers to a tenth of a unit, without needless noughts."""
    if isinstance(value, float):
        return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")  # + 0.0: no -0
    return str(value)


def drawn_twice(
    name: str, lang: Lang, title: str, description: str, draw: Callable[[Canvas], None]
) -> Markup:
    """Both drawings in one box. ``name`` is of a-z, 0-9 and -, and once on its page."""
    both = (("narrow", NARROW), ("wide", WIDE))
    drawings = [
        _finished(Canvas(f"{name}-{kind}", width, lang), kind, title, description, draw)
        for kind, width in both
    ]
    return element("div", Markup("").join(drawings), class_="chart")


def _finished(
    canvas: Canvas, kind: str, title: str, description: str, draw: Callable[[Canvas], None]
) -> Markup:
    draw(canvas)
    return svg(canvas, f"chart-{kind}", title, description)


def svg(canvas: Canvas, class_: str, title: str, description: str) -> Markup:
    """The drawing as an image with a name and a description for those who do not see it."""
    named, told = f"{canvas.name}-title", f"{canvas.name}-desc"
    inside = [element("title", title, id=named), element("desc", description, id=told)]
    return element(
        "svg",
        Markup("").join([*inside, *canvas.parts]),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {canvas.width} {canvas.height:.0f}",
        class_=class_,
        role="img",
        aria_labelledby=named,
        aria_describedby=told,
    )


def nothing(lang: Lang, table: Table) -> Chart:
    """A chart without figures says so."""
    words = NOTHING[0 if lang == "vi" else 1]
    return Chart(element("p", words, class_="chart-empty"), table)


def either(lang: Lang, vi: str, en: str) -> str:
    """The words in the reader's language."""
    return vi if lang == "vi" else en


def is_empty(values: Sequence[object]) -> bool:
    """Whether there is nothing to draw; noughts are something."""
    return all(value is None for value in values)
