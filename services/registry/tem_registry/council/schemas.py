"""The wire of council results: ``docs/council-results.md`` shows a whole file."""

from typing import Any

from marshmallow import fields, validate

from tem.http.wire import Strict, WholeNumber
from tem_registry.fields import Day, Id, Page, Words

_POINTS = validate.Range(0, 100)


class Points(fields.Float):
    """A JSON number: no text, no true."""

    def _validated(self, value: Any) -> float:
        if type(value) not in (int, float):
            raise self.make_error("invalid", input=value)
        return float(super()._validated(value) or 0)


class Council(Strict):
    """Who evaluated, when, and the decision that recognises what was found."""

    name = Words(200, required=True, metadata={"example": "Hội đồng đánh giá OCOP tỉnh"})
    session_date = Day(required=True, metadata={"description": "the day of the scoring"})
    decision_no = Words(100, required=True, metadata={"example": "2394/QĐ-UBND"})
    decision_date = Day(required=True)
    issuing_authority = Words(
        200, metadata={"description": "as printed; left out: by the rule of the decision's date"}
    )


class LabReport(Strict):
    """The independent test of the product."""

    report_no = Words(100, required=True)
    lab = Words(200)
    tested_on = Day()


class Inspection(Strict):
    """The visit to the place of production."""

    report_no = Words(100, required=True)
    inspected_on = Day()
    conclusion = Words(500)


class ScoredProduct(Strict):
    """What the council found about one product."""

    product_id = Id(required=True)
    members = WholeNumber(required=True, validate=validate.Range(1, 99))
    scores = fields.List(
        Points(validate=_POINTS),
        required=True,
        validate=validate.Length(1, 99),
        metadata={"description": "one per member, without their names", "example": [72, 74.5, 71]},
    )
    mean = Points(
        required=True,
        validate=_POINTS,
        metadata={"description": "of the scores, to two decimals", "example": 72.5},
    )
    stars = WholeNumber(required=True, validate=validate.Range(1, 5))
    lab_report = fields.Nested(LabReport, allow_none=True)
    inspection = fields.Nested(Inspection, allow_none=True)


class CouncilResult(ScoredProduct):
    """One row of what a council delivers."""

    certificate_id = Id(metadata={"description": "left out: made from decision and product"})


class CouncilResults(Strict):
    """Body of POST /v1/council-results, and the file of ``tem registry council-results``."""

    council = fields.Nested(Council, required=True)
    results = fields.List(
        fields.Nested(CouncilResult), required=True, validate=validate.Length(1, 200)
    )


class CouncilResultTaken(Strict):
    """What became of one row."""

    council_result_id = Id(required=True)
    product_id = Id(required=True)
    stars = WholeNumber(required=True)
    certificate_id = fields.String(
        required=True, allow_none=True, metadata={"description": "null below three stars"}
    )
    outcome = fields.String(required=True, validate=validate.OneOf(["recorded", "unchanged"]))


class CouncilResultsTaken(Strict):
    """What became of all rows; a refused one would have stopped them all."""

    recorded = WholeNumber(required=True)
    unchanged = WholeNumber(required=True)
    certificates = WholeNumber(required=True, metadata={"description": "made by this call"})
    results = fields.List(fields.Nested(CouncilResultTaken), required=True)


class CouncilResultShown(ScoredProduct):
    """A result on record."""

    council_result_id = Id(required=True)
    council = fields.Nested(Council, required=True)
    certificate_id = fields.String(required=True, allow_none=True)


class CouncilResultQuery(Page):
    """Query of the results on record."""

    product = Id(metadata={"description": "one product's only"})


class CouncilResultList(Strict):
    """Results in order of their ids."""

    items = fields.List(fields.Nested(CouncilResultShown), required=True)
    next = fields.String()
