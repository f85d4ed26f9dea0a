"""The office's pages of recalls: the notice, what shoppers will read, and its end."""

from typing import Any

from flask import Response, request

from tem.dates import vietnam_day
from tem.http.inside import Refused
from tem.vocabulary import Role
from tem_registry.portal.forms import Form
from tem_registry.portal.office.records import choices, fields, recall_notice
from tem_registry.portal.office.records.shown import again, show
from tem_registry.portal.portal import Portal
from tem_registry.portal.visits import Visit

PAGE, CALL = "/office/lots", "/v1/lots"
OFFICE_ITSELF = "Văn phòng Điều phối nông thôn mới tỉnh Hà Tĩnh"
MOST_SHOPS = 20_000  # in the province: a recall must miss none
_TEXTS = ("kind", "ordered_by", "decision_no", "reason_public")


def add(portal: Portal) -> None:
    """Add the pages."""
    clock = portal.wiring.clock

    @portal.form(f"{PAGE}/<id:id>/recall", Role.OFFICE)
    def recall(at: Visit, id: str) -> Response:
        return _recall(at, id, vietnam_day(clock()).isoformat())

    @portal.form(f"{PAGE}/<id:id>/recall/lift", Role.OFFICE)
    def lift(at: Visit, id: str) -> Response:
        form = at.form()
        if request.method == "POST":
            try:
                at.api.post(f"{CALL}/{id}/recall/lift", form.body("reason"), key=form.key)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(f"{PAGE}/{id}", done="recall_lifted")
        found = at.api.get(f"{CALL}/{id}")
        product = at.api.get(f"/v1/products/{found['product_id']}")
        return again(at, "office/recall_lift.html", form, lot=found, product=product)


def _recall(at: Visit, id: str, today: str) -> Response:
    """Three steps: the notice, what shoppers will read of it, and the recall itself."""
    lot = at.api.get(f"{CALL}/{id}")
    form = at.form({"ordered_by": OFFICE_ITSELF})
    if request.method == "POST" and form.text("step") != "again":
        notice = _notice(form)
        if not form.is_refused and form.text("step") == "confirm":
            try:
                at.api.post(f"{CALL}/{id}/recall", notice, key=form.key)
            except Refused as refused:
                form.refuse(refused)
            else:
                return at.go(f"{PAGE}/{id}", done="lot_recalled")
        elif not form.is_refused:
            told = {"ordered_on": today, "ordered_by": OFFICE_ITSELF, **notice}
            return show(
                at,
                "office/recall_preview.html",
                form=form,
                lot=lot,
                product=at.api.get(f"/v1/products/{lot['product_id']}"),
                notices=[
                    recall_notice.read_by(lang, told, lot["lot_code"]) for lang in ("vi", "en")
                ],
                shops=shops_of(at, lot),
            )
    product = at.api.get(f"/v1/products/{lot['product_id']}")
    kinds = [(one.value, one.words) for one in choices.of_words(at, "recall_kind")]
    return again(at, "office/recall.html", form, lot=lot, product=product, kinds=kinds)


def _notice(form: Form) -> dict[str, Any]:
    """The body of the call; what it needs is marked here, so that the preview is a whole one."""
    needed = {
        "kind": ("Hãy chọn hình thức thu hồi lô.", "Choose the kind of recall."),
        "reason_public": (
            "Hãy ghi lý do. Người mua hàng sẽ đọc câu này.",
            "Give the reason. Shoppers will read it.",
        ),
    }
    for name, told in needed.items():
        if not form.text(name):
            form.fault(name, *told)
    return form.body(*_TEXTS, ordered_on=fields.day_of(form, "ordered_on"))


def shops_of(at: Visit, lot: dict[str, Any]) -> list[dict[str, Any]]:
    """The open points of sale that have the lot's product under a contract in force."""
    contracts = at.api.every(
        "/v1/contracts", producer=lot["producer_id"], status="valid", limit=200
    )
    ids = {one["pos_id"] for one in contracts if lot["product_id"] in one["product_ids"]}
    shops = at.api.every("/v1/points-of-sale", limit=500, most=MOST_SHOPS) if ids else []
    return [one for one in shops if one["pos_id"] in ids and one["status"] != "closed"]
