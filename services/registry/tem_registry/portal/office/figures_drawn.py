"""The figures as charts: what the API counted, drawn, with the table beside each drawing. Pure."""

from collections.abc import Sequence
from typing import Any

from tem.language import Lang
from tem_registry.portal import wording
from tem_registry.portal.charts.bars import Bar, bars
from tem_registry.portal.charts.drawing import Chart, Table
from tem_registry.portal.charts.lines import Series, lines
from tem_registry.portal.charts.share import Part, share
from tem_registry.portal.charts.times import told

Rows = Sequence[dict[str, Any]]
STATES = ("activated", "not_activated_usable", "void", "revoked")


def states(lang: Lang) -> tuple[str, ...]:
    """Where issued stamps are: activated, or not and why not."""
    t = wording.chooser(lang)
    return (
        t("Đã kích hoạt", "Activated"),
        t("Chưa kích hoạt, còn dùng được", "Not activated, usable"),
        t("Đã hủy khi chưa kích hoạt", "Void before activation"),
        t("Đã thu hồi tem khi chưa kích hoạt", "Revoked before activation"),
    )


def whole(lang: Lang, title: str, total: dict[str, int]) -> Chart:
    """Where the stamps issued in a period are now."""
    named = zip(states(lang), STATES, strict=True)
    return share("now", lang, title, [Part(name, total[state]) for name, state in named])


def over_time(lang: Lang, title: str, rows: Rows) -> Chart:
    """Stamps issued and activated in each period."""
    t = wording.chooser(lang)
    given = [
        Series(t("Phát hành", "Issued"), [row["issued"] for row in rows]),
        Series(t("Kích hoạt", "Activated"), [row["activated"] for row in rows]),
    ]
    return lines("time", lang, title, [row["key"] for row in rows], given)


def at_hand(lang: Lang, title: str, rows: Rows) -> Chart:
    """All stamps by the end of each period, and those of them not activated."""
    t = wording.chooser(lang)
    given = [
        Series(t("Đã phát hành", "Issued so far"), [row["issued_total"] for row in rows]),
        Series(t("Chưa kích hoạt", "Not activated"), [row["not_activated"] for row in rows]),
    ]
    return lines("stock", lang, title, [row["key"] for row in rows], given)


def grouped(lang: Lang, title: str, of: str, names: Sequence[str], rows: Rows) -> Chart:
    """Where the stamps of each group are now, in the order given."""
    made = [
        Bar(name, tuple(row[state] for state in STATES))
        for name, row in zip(names, rows, strict=True)
    ]
    return bars("groups", lang, title, of, states(lang), made)


def looked_up(lang: Lang, title: str, days: Rows) -> Chart:
    """Look-ups by the day."""
    given = Series(
        wording.chooser(lang)("Lượt tra cứu", "Look-ups"), [one["count"] for one in days]
    )
    return lines("lookups", lang, title, [one["day"] for one in days], [given])


def fees(lang: Lang, title: str, rows: Rows) -> Chart:
    """What producers pay for blanks and the programme adds, by month of issue; đồng."""
    t = wording.chooser(lang)
    parts = (t("Cơ sở trả", "Producers pay"), t("Chương trình hỗ trợ", "The programme pays"))
    month = t("Tháng phát hành", "Month of issue")
    made = [Bar(told(row["key"], lang), (row["fee_vnd"], row["subsidy_vnd"])) for row in rows]
    drawn = bars("fees", lang, title, month, parts, made)
    head = (month, t("Số đơn", "Orders"), t("Số tem", "Stamps"), *parts, t("Cộng", "Total"))
    columns = ("orders", "stamps", "fee_vnd", "subsidy_vnd", "total_vnd")
    table = [(told(row["key"], lang), *(row[name] for name in columns)) for row in rows]
    return Chart(drawn.svg, Table(head, tuple(table)))
