"""The office's pages of distribution contracts between points of sale and producers."""

from flask import Response, request

from tem.vocabulary import Role
from tem_registry.portal.office.records import catalogue, choices, forms
from tem_registry.portal.office.records.fields import Group
from tem_registry.portal.office.records.forms import Sheet
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/contracts", "/v1/contracts"
_ALL = ("Hợp đồng phân phối", "Distribution contracts")


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def contracts(at: Visit) -> Response:
        places, producers = choices.points_of_sale(at), choices.producers(at)
        return show(
            at,
            "office/contracts.html",
            listed=listed(at, CALL, "pos", "producer", "status"),
            places=places,
            place_names=choices.names_of(places),
            producers=producers,
            producer_names=choices.names_of(producers),
            statuses=choices.of_words(at, "contract"),
        )

    @portal.form(f"{PAGE}/new", Role.OFFICE)
    def new(at: Visit) -> Response:
        producer = request.args.get("producer", "")
        producers = choices.producers(at)
        name = choices.names_of(producers).get(producer)
        if name is None:
            pos = request.args.get("pos", "")
            return show(at, "office/contract_producer.html", producers=producers, pos=pos)
        title = (f"Thêm hợp đồng với {name}", f"Add a contract with {name}")
        groups = (Group("Hợp đồng", "Contract", (catalogue.CONTRACT_WITH, *catalogue.CONTRACT)),)
        lists = {
            "points_of_sale": choices.points_of_sale(at),
            "products": choices.products(at, producer),
        }
        sheet = Sheet(CALL, PAGE, title, PAGE, _ALL, groups, lists)
        chosen = {"pos_id": request.args.get("pos")}
        return forms.add(at, sheet, "contract_id", chosen, {"producer_id": producer})

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def contract(at: Visit, id: str) -> Response:
        found = at.api.get(f"{CALL}/{id}")
        products = choices.products(at, found["producer_id"])
        return show(
            at,
            "office/contract.html",
            contract=found,
            place=at.api.get(f"/v1/points-of-sale/{found['pos_id']}"),
            producer=at.api.get(f"/v1/producers/{found['producer_id']}"),
            products=choices.names_of(products),
        )

    @portal.form(f"{PAGE}/<id:id>/edit", Role.OFFICE)
    def edit(at: Visit, id: str) -> Response:
        found = at.api.get(f"{CALL}/{id}")
        lists = {"products": choices.products(at, found["producer_id"])}
        title, page = ("Sửa hợp đồng", "Change a contract"), f"{PAGE}/{id}"
        groups = (Group("Hợp đồng", "Contract", catalogue.CONTRACT),)
        back = ("Hợp đồng", "The contract")
        return forms.change(at, Sheet(f"{CALL}/{id}", page, title, page, back, groups, lists))
