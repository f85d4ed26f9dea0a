"""The office's pages of producers: list, one with all that is known, forms to add and change."""

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.office.records import addresses, catalogue, choices, fields, forms
from tem_registry.portal.office.records.fields import Field, Group
from tem_registry.portal.office.records.forms import Sheet
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import again, show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/producers", "/v1/producers"
_ALL = ("Cơ sở", "Producers")
_STATUS = (
    Field("status", "Tình trạng", "State", "choice", choices="producer_status"),
    Field("status_since", "Từ ngày", "From", "date"),
)
_CONSENT_NOTE = (
    "Luật 91/2025/QH15: thông tin của một người chỉ được công bố khi người đó đồng ý, và thôi công "
    "bố ngay khi người đó rút lại.",
    "Law 91/2025/QH15: what is a person’s own is published with that person’s consent alone, and "
    "no longer from the moment it is withdrawn.",
)


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def producers(at: Visit) -> Response:
        return show(
            at,
            "office/producers.html",
            listed=listed(at, CALL, "q", "commune", "status"),
            communes=choices.communes(at),
            statuses=choices.of_words(at, "producer_status"),
        )

    @portal.form(f"{PAGE}/new", Role.OFFICE)
    def new(at: Visit) -> Response:
        title = ("Thêm cơ sở", "Add a producer")
        sheet = Sheet(CALL, PAGE, title, PAGE, _ALL, catalogue.NEW_PRODUCER, _lists(at))
        return forms.add(at, sheet, "producer_id")

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def producer(at: Visit, id: str) -> Response:
        return show(
            at,
            "office/producer.html",
            producer=at.api.get(f"{CALL}/{id}"),
            products=at.api.every("/v1/products", producer=id, limit=200),
        )

    @portal.form(f"{PAGE}/<id:id>/edit", Role.OFFICE)
    def edit(at: Visit, id: str) -> Response:
        title = ("Sửa hồ sơ cơ sở", "Change the record of a producer")
        return forms.change(at, _sheet(at, id, title, catalogue.PRODUCER))

    @portal.form(f"{PAGE}/<id:id>/address", Role.OFFICE)
    def address(at: Visit, id: str) -> Response:
        return addresses.change(at, f"{CALL}/{id}", f"{PAGE}/{id}")

    @portal.form(f"{PAGE}/<id:id>/consent", Role.OFFICE)
    def consent(at: Visit, id: str) -> Response:
        title = ("Đồng ý công bố thông tin cá nhân", "Consent to publishing personal data")
        return forms.change(at, _sheet(at, id, title, catalogue.CONSENT, _CONSENT_NOTE))

    @portal.form(f"{PAGE}/<id:id>/status", Role.OFFICE)
    def status(at: Visit, id: str) -> Response:
        return _status(at, id)

    @portal.page(f"{PAGE}/communes", *READERS)
    def communes(at: Visit) -> Response:
        return show(at, "office/communes.html", listed=listed(at, "/v1/communes", "former", "q"))


def _lists(at: Visit) -> dict[str, list[choices.Choice]]:
    return {
        "producer_type": choices.of_words(at, "producer_type"),
        "communes": choices.communes(at),
    }


def _sheet(
    at: Visit,
    id: str,
    title: fields.Both,
    groups: tuple[Group, ...],
    note: fields.Both = forms.NO_NOTE,
) -> Sheet:
    page = f"{PAGE}/{id}"
    return Sheet(
        f"{CALL}/{id}", page, title, page, ("Cơ sở", "The producer"), groups, _lists(at), note
    )


def _status(at: Visit, id: str) -> Response:
    """A turn is stated as a whole: a status and its day, today if none is given."""
    call, page = f"{CALL}/{id}", f"{PAGE}/{id}"
    found = at.api.ask("GET", call)
    form = at.form({"status": found.json["status"], "etag": found.etag})
    if request.method == "POST":
        told = fields.members(_STATUS, form)
        if not form.is_refused:
            given = {name: value for name, value in told.items() if value is not None}
            try:
                forms.send(at, call, given, form)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(page, done="record_saved")
    lists = {"producer_status": choices.of_words(at, "producer_status")}
    group = Group("Tình trạng", "State", _STATUS)
    title = ("Đổi tình trạng", "Change the state")
    sheet = Sheet(call, page, title, page, _ALL, (group,), lists)
    return again(
        at,
        "office/producer_status.html",
        form,
        producer=found.json,
        statuses=[(one.value, one.words) for one in lists["producer_status"]],
        **forms.meanwhile(at, sheet, form, found.json, found.etag),
    )
