"""The producer reports stamps that are damaged, misprinted, lost or stolen, and follows it."""

from flask import Response, request

from tem import pictures
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal import paging, typed_range
from tem_registry.portal.forms import Form
from tem_registry.portal.my import range_address
from tem_registry.portal.portal import Portal
from tem_registry.portal.typed_range import Range
from tem_registry.portal.visits import Visit

ROWS = 30
# More than the API takes: a photo that is too large is then refused in words, on its form.
MOST_BYTES = 12 * 1024 * 1024


def add(portal: Portal) -> None:
    """Add the pages."""

    @portal.page("/my/reports", Role.PRODUCER)
    def reports(at: Visit) -> Response:
        chosen = paging.filters("state")
        after = request.args.get("after")
        found = at.api.get("/v1/void-reports", **chosen, after=after, order="newest", limit=ROWS)
        return at.show(
            "my/reports.html",
            reports=found["items"],
            chosen=at.form(chosen),
            more=paging.next_page(chosen, found),
        )

    @portal.form("/my/reports/new", Role.PRODUCER, most_bytes=MOST_BYTES, camera=True)
    def new(at: Visit) -> Response:
        form = at.form(range_address.proposed(request.args))
        if request.method == "POST" and not form.ticked("mend"):
            try:
                stamps = _read(at, form)
                _keep_photo(at, form)
                if stamps is not None and not form.is_refused:
                    act = _sent if form.ticked("seen") else _seen
                    return act(at, form, stamps)
            except Refused as refused:
                form.refuse(refused)
        return at.again("my/report_new.html", form)

    @portal.page("/my/reports/<id:id>", Role.PRODUCER)
    def report(at: Visit, id: str) -> Response:
        return at.show("my/report.html", report=at.api.get(f"/v1/void-reports/{id}"))


def _read(at: Visit, form: Form) -> Range | None:
    """The range that is reported; one stamp alone is named once. Kind and reason are asked for."""
    if not form.text("last"):
        form.values["last"] = form.text("first")
    if not form.text("kind"):
        form.fault("kind", "Hãy chọn tem bị làm sao.", "Choose what happened to the stamps.")
    if not form.text("reason"):
        form.fault("reason", "Hãy ghi lý do.", "Say what happened.")
    return typed_range.read(at, form)


def _keep_photo(at: Visit, form: Form) -> None:
    """Send a chosen photo on at once; the form then names it, and it is not chosen again."""
    sent = request.files.get("photo")
    content = sent.read() if sent is not None else b""
    if sent is None or not content:
        return
    kind = pictures.type_of(content) or "image/jpeg"  # the API says what is wrong with others
    try:
        form.values["photo_id"] = at.api.send("/v1/files", content, kind)["file_id"]
    except Refused as refused:
        form.refuse(refused)
        form.faults["photo"], form.refusal = form.refusal, ""


def _seen(at: Visit, form: Form, stamps: Range) -> Response:
    return at.show("my/report_check.html", form=form, stamps=stamps)


def _sent(at: Visit, form: Form, stamps: Range) -> Response:
    body = {
        **form.body("kind", "reason", photo=form.text("photo_id") or None),
        "first": stamps.first,
        "last": stamps.last,
    }
    made = at.api.post(f"/v1/batches/{stamps.batch}/void-reports", body, key=form.key)
    return at.go(f"/my/reports/{made['report_id']}", done="report_sent")
