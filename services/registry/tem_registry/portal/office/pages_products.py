"""The office's pages of products: list, one with all that is known, picture, test reports."""

from typing import Any

from flask import Response, request

from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records import catalogue_made, choices, fields, forms, uploads
from tem_registry.portal.office.records.forms import FORM_BYTES, Sheet
from tem_registry.portal.office.records.lists import listed
from tem_registry.portal.office.records.shown import again, show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

READERS = (Role.OFFICE, Role.AUDITOR)
PAGE, CALL = "/office/products", "/v1/products"
_ALL = ("Sản phẩm", "Products")
Record = dict[str, Any]
_DATE_AIS = {"best_before": "15", "use_by": "17"}


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page(PAGE, *READERS)
    def products(at: Visit) -> Response:
        producers = choices.producers(at)
        return show(
            at,
            "office/products.html",
            listed=listed(at, CALL, "q", "producer", "category", "stampable"),
            producers=producers,
            names=choices.names_of(producers),
            categories=choices.categories(at, stems=True),
            stampable=choices.of_words(at, "stampable"),
        )

    @portal.form(f"{PAGE}/new", Role.OFFICE, most_bytes=FORM_BYTES)
    def new(at: Visit) -> Response:
        title = ("Thêm sản phẩm", "Add a product")
        groups = (catalogue_made.PRODUCT_OF, *catalogue_made.PRODUCT)
        lists = _lists(at, producers=True)
        sheet = Sheet(CALL, PAGE, title, PAGE, _ALL, groups, lists, completed=with_date_ai)
        chosen = {
            "producer_id": request.args.get("producer"),
            "production_date_kind": "production_date",
            "stampable": "yes",
        }
        return forms.add(at, sheet, "product_id", chosen)

    @portal.page(f"{PAGE}/<id:id>", *READERS)
    def product(at: Visit, id: str) -> Response:
        found = at.api.get(f"{CALL}/{id}")
        categories = choices.words_of(choices.categories(at, stems=True))
        return show(
            at,
            "office/product.html",
            product=found,
            producer=at.api.get(f"/v1/producers/{found['producer_id']}"),
            category=categories.get(found["category_code"], found["category_code"]),
            certificates=at.api.every("/v1/certificates", product=id, limit=200),
            lots=at.api.get("/v1/lots", product=id, order="newest", limit=5)["items"],
            reports=reports_of(found),
        )

    @portal.form(f"{PAGE}/<id:id>/edit", Role.OFFICE, most_bytes=FORM_BYTES)
    def edit(at: Visit, id: str) -> Response:
        title, page = ("Sửa hồ sơ sản phẩm", "Change the record of a product"), f"{PAGE}/{id}"
        back, lists, groups = ("Sản phẩm", "The product"), _lists(at), catalogue_made.PRODUCT
        call = f"{CALL}/{id}"
        sheet = Sheet(call, page, title, page, back, groups, lists, completed=with_date_ai)
        return forms.change(at, sheet)

    @portal.form(f"{PAGE}/<id:id>/picture", Role.OFFICE, most_bytes=uploads.MOST_BYTES)
    def picture(at: Visit, id: str) -> Response:
        return _picture(at, id)

    @portal.act(f"{PAGE}/<id:id>/picture/removal", Role.OFFICE)
    def no_picture(at: Visit, id: str) -> Response:
        at.api.patch(f"{CALL}/{id}", {"image": None}, key=at.form().key)
        return at.go(f"{PAGE}/{id}", done="record_saved")

    @portal.form(f"{PAGE}/<id:id>/reports/new", Role.OFFICE, most_bytes=uploads.MOST_BYTES)
    def new_report(at: Visit, id: str) -> Response:
        return _report(at, id, None)

    @portal.form(
        f"{PAGE}/<id:id>/reports/<number:place>", Role.OFFICE, most_bytes=uploads.MOST_BYTES
    )
    def report(at: Visit, id: str, place: int) -> Response:
        return _report(at, id, place)


def _lists(at: Visit, *, producers: bool = False) -> dict[str, list[choices.Choice]]:
    named = ("date_kind", "unit_of_time", "production_date_kind")
    lists = {name: choices.of_words(at, name) for name in named}
    lists["categories"] = choices.categories(at)
    return {**lists, "producers": choices.producers(at)} if producers else lists


def with_date_ai(told: Record) -> Record:
    """The GS1 application identifier follows from what the label says; nobody types it."""
    if "date_kind" not in told:
        return told
    return {**told, "gs1_date_ai": _DATE_AIS.get(told["date_kind"])}


def _picture(at: Visit, id: str) -> Response:
    found = at.api.ask("GET", f"{CALL}/{id}")
    form = at.form({"etag": found.etag})
    if request.method == "POST":
        file_id = uploads.kept(at, form, "picture", uploads.PICTURES)
        if file_id is None and not form.is_refused:
            form.fault("picture", "Hãy chọn một ảnh.", "Choose a picture.")
        if not form.is_refused:
            try:
                forms.send(at, f"{CALL}/{id}", {"image": file_id}, form)
            except Refused as refused:
                form.refuse(refused, {"/image": "picture"})
            else:
                return at.go(f"{PAGE}/{id}", done="record_saved")
        form.values["etag"] = found.etag
    return again(at, "office/product_picture.html", form, product=found.json)


# --- test reports: one or a list, as the sample has them; on pages they are one list ---


def reports_of(product: Record) -> list[Record]:
    """All test reports of a product, the one that stands alone first."""
    alone = product.get("quality_test")
    return [*([alone] if alone else []), *(product.get("quality_tests") or [])]


def reports_with(product: Record, place: int | None, report: Record | None) -> Record:
    """The members that change when a report comes at the end (``place`` None), is written anew
    at its place, counted from 1, or goes (``report`` None)."""
    if place is None:
        return {"quality_tests": [*(product.get("quality_tests") or []), report]}
    alone = 1 if product.get("quality_test") else 0
    if place <= alone:
        return {"quality_test": report}
    listed = list(product.get("quality_tests") or [])
    listed[place - alone - 1 : place - alone] = [report] if report else []
    return {"quality_tests": listed}


def _report(at: Visit, id: str, place: int | None) -> Response:
    found = at.api.ask("GET", f"{CALL}/{id}")
    reports = reports_of(found.json)
    if place is not None and not 1 <= place <= len(reports):
        return at.go(f"{PAGE}/{id}")
    before = reports[place - 1] if place else {}
    form = at.form({**fields.initial(catalogue_made.QUALITY_TEST, before), "etag": found.etag})
    if request.method == "POST":
        report = None if form.text("step") == "remove" else _typed_report(at, form, before)
        if not form.is_refused:
            changed = reports_with(found.json, place, report)
            try:
                forms.send(at, f"{CALL}/{id}", changed, form)
            except Refused as refused:
                form.refuse(refused, _pointers(changed))
            else:
                return at.go(f"{PAGE}/{id}", done="record_saved")
        form.values["etag"] = found.etag
    return again(
        at,
        "office/product_report.html",
        form,
        product=found.json,
        before=before,
        asked=catalogue_made.QUALITY_TEST,
    )


def _typed_report(at: Visit, form: Form, before: Record) -> Record:
    told = fields.members(catalogue_made.QUALITY_TEST, form)
    told["file"] = uploads.kept(at, form, "file", uploads.TYPES) or before.get("file")
    return {name: value for name, value in told.items() if value is not None}


def _pointers(changed: Record) -> dict[str, str]:
    names = [one.name for one in catalogue_made.QUALITY_TEST]
    last = len(changed.get("quality_tests") or []) - 1
    starts = ["/quality_test", *(f"/quality_tests/{n}" for n in range(last + 1))]
    return {f"{start}/{name}": name for start in starts for name in names}
