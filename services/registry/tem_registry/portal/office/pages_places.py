"""The office's pages of points of sale."""

from flask import Response

from tem.vocabulary import Role
from tem_registry.portal.office.records import addresses, catalogue, choices, forms
from tem_registry.portal.office.records.forms import Sheet
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/points-of-sale", "/v1/points-of-sale"
_ALL = ("Điểm bán", "Points of sale")


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def places(at: Visit) -> Response:
        return show(
            at,
            "office/places.html",
            listed=listed(at, CALL, "q", "commune", "status"),
            communes=choices.communes(at),
            statuses=choices.of_words(at, "pos_status"),
        )

    @portal.form(f"{PAGE}/new", Role.OFFICE)
    def new(at: Visit) -> Response:
        title = ("Thêm điểm bán", "Add a point of sale")
        sheet = Sheet(CALL, PAGE, title, PAGE, _ALL, catalogue.NEW_POINT_OF_SALE, _lists(at))
        return forms.add(at, sheet, "pos_id", {"status": "active"})

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def place(at: Visit, id: str) -> Response:
        return show(
            at,
            "office/place.html",
            place=at.api.get(f"{CALL}/{id}"),
            contracts=at.api.every("/v1/contracts", pos=id, limit=200),
            producers=choices.names_of(choices.producers(at)),
        )

    @portal.form(f"{PAGE}/<id:id>/edit", Role.OFFICE)
    def edit(at: Visit, id: str) -> Response:
        title, page = ("Sửa hồ sơ điểm bán", "Change the record of a point of sale"), f"{PAGE}/{id}"
        back = ("Điểm bán", "The point of sale")
        groups = catalogue.POINT_OF_SALE
        return forms.change(at, Sheet(f"{CALL}/{id}", page, title, page, back, groups, _lists(at)))

    @portal.form(f"{PAGE}/<id:id>/address", Role.OFFICE)
    def address(at: Visit, id: str) -> Response:
        return addresses.change(at, f"{CALL}/{id}", f"{PAGE}/{id}")


def _lists(at: Visit) -> dict[str, list[choices.Choice]]:
    return {
        "pos_type": choices.of_words(at, "pos_type"),
        "pos_status": choices.of_words(at, "pos_status"),
        "communes": choices.communes(at),
    }
