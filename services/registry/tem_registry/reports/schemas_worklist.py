"""The wire of the list of work."""

from marshmallow import fields

from tem.http.wire import Strict, WholeNumber
from tem_registry.fields import Day
from tem_registry.reports.worklist_words import OFFICE, PRODUCER

CODES = sorted({*OFFICE, *PRODUCER})
KINDS = sorted({group.kind for group in (*OFFICE.values(), *PRODUCER.values())})


class SaidShown(Strict):
    """A sentence in both languages."""

    vi = fields.String(required=True)
    en = fields.String(required=True)


def _text(description: str, example: str) -> fields.String:
    return fields.String(metadata={"description": description, "example": example})


class WorkItem(Strict):
    """One thing to do; what does not apply is absent."""

    id = fields.String(required=True, metadata={"description": "of the group's kind"})
    since = Day(metadata={"description": "the day in Vietnam on which it began to wait"})
    days = WholeNumber(metadata={"description": "how long it has waited", "example": 3})
    due = Day(metadata={"description": "the last day for it"})
    days_left = WholeNumber(metadata={"description": "0 on the last day", "example": 41})
    product_id = fields.String()
    product_name = fields.String()
    producer_id = fields.String()
    producer_name = fields.String()
    batch = WholeNumber(metadata={"example": 8})
    first = WholeNumber()
    last = WholeNumber()
    stamps = WholeNumber(metadata={"description": "how many stamps it is about"})
    quantity = WholeNumber(metadata={"description": "stamps of an order, units of a lot"})
    state = _text("of an order", "requested")
    approved_by = _text("the one person who has approved an order", "Lan")
    lot_code = _text("of a lot", "NM-261020")
    best_before = Day(metadata={"description": "of a lot"})
    note = _text("reason, kind, decision or name of the file", "damaged")


class WorkGroup(Strict):
    """Things of one kind that wait for the same."""

    code = fields.String(
        required=True,
        metadata={"enum": sorted({*OFFICE, *PRODUCER}), "example": "order_to_approve"},
    )
    kind = fields.String(required=True, metadata={"enum": KINDS, "description": "what ids name"})
    title = fields.Nested(SaidShown, required=True)
    to_do = fields.Nested(SaidShown, required=True)
    count = WholeNumber(required=True, metadata={"description": "of all, shown or not"})
    items = fields.List(
        fields.Nested(WorkItem), required=True, metadata={"description": "the first 20"}
    )


class WorklistShown(Strict):
    """What needs the asker today; the groups are always the same, in order of urgency."""

    today = Day(required=True)
    count = WholeNumber(required=True, metadata={"description": "of all groups"})
    groups = fields.List(fields.Nested(WorkGroup), required=True)
