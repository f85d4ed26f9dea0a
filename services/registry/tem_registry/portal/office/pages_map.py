"""The office's maps: communes by their stamps, and points of sale, from our own coordinates."""

from typing import Any

from flask import Response, request

from tem.vocabulary import Role
from tem_registry.portal.charts.drawing import Chart
from tem_registry.portal.charts.geography import centres
from tem_registry.portal.charts.spots import Place, spots
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit
from tem_registry.reports import csv_tables
from tem_registry.reports.csv_answers import download

READERS = (Role.OFFICE, Role.AUDITOR)
COUNTED = ("activated", "quantity")  # of GET /v1/statistics
Record = dict[str, Any]


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/office/figures/map", *READERS)
    def map(at: Visit) -> Response:
        counted, sellers = _counted(), _sellers(at)
        places, nowhere = _communes(at, counted)
        words = dict(_words(at))
        located = [one for one in sellers if one.get("gps")]
        return at.show(
            "office/figures_map.html",
            form=at.form({"of": counted}),
            counts=_words(at),
            communes=_communes_drawn(at, places, words[counted]),
            nowhere=nowhere,
            sellers=_sellers_drawn(at, located),
            unlocated=len(sellers) - len(located),
            counted=counted,
        )

    @portal.page("/office/figures/communes.csv", *READERS)
    def communes_csv(at: Visit) -> Response:
        counted = _counted()
        places, _ = _communes(at, counted)
        head = ("Xã, phường [commune]", "Vĩ độ [lat]", "Kinh độ [lon]", f"Số tem [{counted}]")
        rows = [(one.name, f"{one.lat:.5f}", f"{one.lon:.5f}", one.quantity) for one in places]
        return download(csv_tables.written(head, rows), "communes.csv")

    @portal.page("/office/figures/points-of-sale.csv", *READERS)
    def sellers_csv(at: Visit) -> Response:
        names = {"pos_id": "Mã điểm bán", "name": "Tên", "commune": "Xã, phường"}
        head = [f"{words} [{name}]" for name, words in names.items()]
        rows = [(one["pos_id"], one["name"], _commune(one), *_degrees(one)) for one in _sellers(at)]
        head += ["Vĩ độ [lat]", "Kinh độ [lon]"]
        return download(csv_tables.written(head, rows), "points-of-sale.csv")


def _counted() -> str:
    asked = request.args.get("of", "")
    return asked if asked in COUNTED else COUNTED[0]


def _words(at: Visit) -> list[tuple[str, str]]:
    words = (
        at.t("Tem đã kích hoạt", "Stamps activated"),
        at.t("Tem đã phát hành", "Stamps issued"),
    )
    return list(zip(COUNTED, words, strict=True))


def _communes(at: Visit, counted: str) -> tuple[list[Place], int]:
    """Communes where their producers' coordinates have their middle, the largest first; and how
    many stamps are of communes without any."""
    producers = at.api.every("/v1/producers", limit=500)
    located = [
        (one["address"]["commune_code"], (one["gps"]["lat"], one["gps"]["lon"]))
        for one in producers
        if one.get("gps") and (one.get("address") or {}).get("commune_code")
    ]
    where = centres(located)
    names = {one["code"]: one["name"] for one in at.api.every("/v1/communes", limit=500)}
    rows = at.api.get("/v1/statistics", by="commune")["rows"]
    counts = {row["key"]: row[counted] for row in rows}
    places = [
        Place(names.get(code, code), *point, counts.get(code, 0)) for code, point in where.items()
    ]
    nowhere = sum(count for code, count in counts.items() if code not in where)
    return sorted(places, key=lambda one: (-(one.quantity or 0), one.name)), nowhere


def _communes_drawn(at: Visit, places: list[Place], counted: str) -> Chart:
    title = at.t("Bản đồ tem theo xã, phường", "Map of stamps by commune")
    of = at.t("Xã, phường", "Commune")
    return spots("communes", at.lang, title, of, places, counted)


def _sellers(at: Visit) -> list[Record]:
    return at.api.every("/v1/points-of-sale", limit=500, status="active")


def _sellers_drawn(at: Visit, located: list[Record]) -> Chart:
    places = [Place(one["name"], one["gps"]["lat"], one["gps"]["lon"]) for one in located]
    title = at.t("Bản đồ điểm giới thiệu và bán sản phẩm", "Map of points of sale")
    return spots("sellers", at.lang, title, at.t("Điểm bán", "Point of sale"), places)


def _commune(one: Record) -> str:
    return str((one.get("address") or {}).get("commune") or "")


def _degrees(one: Record) -> tuple[str, str]:
    gps = one.get("gps")
    return (f"{gps['lat']:.5f}", f"{gps['lon']:.5f}") if gps else ("", "")
