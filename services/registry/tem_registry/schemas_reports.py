"""The wire of those who count."""

from marshmallow import fields, validate

from tem.wire import Strict
from tem_registry.fields import Day


class StatisticsQuery(Strict):
    """Query of the statistics: how to group, and which months or days of issue."""

    by = fields.String(
        load_default="batch",
        validate=validate.OneOf(["batch", "product", "producer", "commune", "month"]),
    )
    issued_from = Day()
    issued_until = Day()
