"""The wire of packs: what is asked for."""

from marshmallow import validate

from tem.http.wire import QueryNumber, Strict

MAX_SEQUENCE = 2**53 - 1


class LatestQuery(Strict):
    """Query of GET /v1/packs/latest."""

    have = QueryNumber(
        validate=validate.Range(0, MAX_SEQUENCE),
        metadata={"description": "`sequence` of the full frame you have: only what is new comes"},
    )
