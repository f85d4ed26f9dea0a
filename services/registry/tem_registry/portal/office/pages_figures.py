"""The office's figures: stamps over time and by group, look-ups, fees; drawn, as tables, as CSV."""

from typing import Any
from urllib.parse import urlencode

from flask import Response

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.charts.drawing import Chart
from tem_registry.portal.forms import Form
from tem_registry.portal.office import figures_asked, figures_drawn, not_known
from tem_registry.portal.office.figures_drawn import Rows
from tem_registry.portal.office.figures_names import Known
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit
from tem_registry.reports import csv_tables
from tem_registry.reports.csv_answers import download

READERS = (Role.OFFICE, Role.AUDITOR)


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/figures", *READERS)
    def figures(at: Visit) -> Response:
        form, known = _form(at), Known.of(at.api)
        told: dict[str, Any] = {"known": known, "groups": _groups(at), "shown": None}
        try:
            told["shown"] = _shown(at, form, known)
        except Refused as refused:
            form.refuse(refused)
        keep = figures_asked.without(form, "group")
        return at.again("office/figures.html", form, keep=keep, **told)

    @portal.page("/office/figures/series.csv", *READERS)
    def series_csv(at: Visit) -> Response:
        return _relayed(at, "/v1/statistics/series", figures_asked.series(_form(at)))

    @portal.page("/office/figures/groups.csv", *READERS)
    def groups_csv(at: Visit) -> Response:
        form = _form(at)
        asked = {"by": figures_asked.group(form), **figures_asked.whose(form)}
        return _relayed(at, "/v1/statistics", {**asked, **_days(at, form).issued})

    @portal.page("/office/figures/now.csv", *READERS)
    def now_csv(at: Visit) -> Response:
        form = _form(at)
        of = {**figures_asked.whose(form), **_days(at, form).issued}
        total = at.api.get("/v1/statistics", by="month", **of)["total"]
        head = ("Mã [state]", "Tem nay ở đâu [words]", "Số tem [stamps]")
        named = zip(figures_drawn.STATES, figures_drawn.states("vi"), strict=True)
        rows = [(state, words, total[state]) for state, words in named]
        return download(csv_tables.written(head, rows), "now.csv")

    @portal.page("/office/figures/fees.csv", *READERS)
    def fees_csv(at: Visit) -> Response:
        form = _form(at)
        asked = {"by": "month", **figures_asked.whose(form), **_days(at, form).issued}
        return _relayed(at, "/v1/fees", asked)

    @portal.page("/office/figures/lookups.csv", *READERS)
    def lookups_csv(at: Visit) -> Response:
        found = at.api.get("/v1/lookups", **_days(at, _form(at)).of_lookups)
        head = ("Ngày [day]", "Lượt tra cứu [count]")
        rows = [(day["day"], day["count"]) for day in found["days"]]
        return download(csv_tables.written(head, rows), "lookups.csv")


def _form(at: Visit) -> Form:
    return at.form({"by": "month", **figures_asked.chosen()})


def _days(at: Visit, form: Form) -> figures_asked.Days:
    """The days of the period that is asked for, also where the API chooses it."""
    found = at.api.get("/v1/statistics/series", **figures_asked.series(form))
    return figures_asked.days(found["rows"])


def _relayed(at: Visit, path: str, asked: dict[str, Any]) -> Response:
    """The API's own table for spreadsheets."""
    given = {name: value for name, value in asked.items() if value}
    answer = at.api.ask("GET", f"{path}?{urlencode({**given, 'format': 'csv'})}")
    kept = ("Content-Type", "Content-Disposition")
    return Response(answer.content, headers={name: answer.headers[name] for name in kept})


def _groups(at: Visit) -> list[tuple[str, str]]:
    """By what the stamps can be grouped, in words."""
    words = (
        at.t("Xã, phường", "Commune"),
        at.t("Sản phẩm", "Product"),
        at.t("Cơ sở", "Producer"),
        at.t("Đợt tem", "Batch"),
        at.t("Tháng phát hành", "Month of issue"),
    )
    return list(zip(figures_asked.GROUPS, words, strict=True))


def _shown(at: Visit, form: Form, known: Known) -> dict[str, Any]:
    """Every chart of the page. Raises Refused where the period cannot be told."""
    series = at.api.get("/v1/statistics/series", **figures_asked.series(form))
    days, group = figures_asked.days(series["rows"]), figures_asked.group(form)
    of = {**figures_asked.whose(form), **days.issued}
    by_group = at.api.get("/v1/statistics", by=group, **of)
    fees = at.api.get("/v1/fees", by="month", **of)
    return {
        "days": days,
        "total": series["total"],
        "fees_total": fees["total"],
        "group": group,
        "of": dict(_groups(at))[group].lower(),
        **_drawn(at, series["rows"], by_group["total"], fees["rows"]),
        "by_group": _grouped(at, group, known, by_group["rows"]),
        "lookups": _lookups(at, days),
    }


def _drawn(at: Visit, rows: Rows, issued: dict[str, int], fees: Rows) -> dict[str, Chart]:
    """The charts of stamps over time, of where they are, and of fees."""
    lang, t = at.lang, at.t
    titles = {
        "time": t("Phát hành và kích hoạt theo thời gian", "Issued and activated over time"),
        "stock": t("Tem chưa kích hoạt, cộng dồn", "Stamps not activated, in all"),
        "now": t("Tem phát hành trong kỳ: nay ở đâu", "Stamps issued in the period, today"),
        "fees": t("Tiền phôi tem theo tháng, đồng", "Fees by month, VND"),
    }
    return {
        "time": figures_drawn.over_time(lang, titles["time"], rows),
        "stock": figures_drawn.at_hand(lang, titles["stock"], rows),
        "now": figures_drawn.whole(lang, titles["now"], issued),
        "fees": figures_drawn.fees(lang, titles["fees"], fees),
    }


def _grouped(at: Visit, group: str, known: Known, rows: Rows) -> Chart:
    """The largest groups first; batches and months by their age."""
    if group in ("batch", "month"):
        rows = rows[::-1]
    else:
        rows = sorted(rows, key=lambda row: -row["quantity"])
    of = dict(_groups(at))[group]
    title = at.t("Tem phát hành trong kỳ theo", "Stamps issued in the period by") + f" {of.lower()}"
    names = known.names(at, group, rows)
    return figures_drawn.grouped(at.lang, title, of, names, rows)


def _lookups(at: Visit, days: figures_asked.Days) -> dict[str, Any]:
    """Look-ups by the day, or in words why they are not known."""
    try:
        found = at.api.get("/v1/lookups", **days.of_lookups)
    except Refused as refused:
        return {"why_not": not_known.why(at, refused), "chart": None}
    title = at.t("Lượt tra cứu tem mỗi ngày", "Look-ups per day")
    chart = figures_drawn.looked_up(at.lang, title, found["days"])
    first = found["days"][0]["day"] if found["days"] else ""
    return {"why_not": "", "chart": chart, "total": found["total"], "first": first}
