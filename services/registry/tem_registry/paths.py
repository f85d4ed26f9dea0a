"""What may stand in a path where an id or a batch's number belongs; anything else is not found."""

from typing import Any

from flask import Flask
from flask_smorest import Api
from werkzeug.routing import BaseConverter, ValidationError

from tem_registry.fields import MAX_BATCH


class IdInPath(BaseConverter):
    """An id: text that no database has to see unless it could be one."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}"


class NumberInPath(BaseConverter):
    """A batch's number, in its one spelling."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """The number. Raises ValidationError (not found) if no batch can have it."""
        if int(value) > MAX_BATCH:
            raise ValidationError
        return int(value)


def register(app: Flask, rest: Api) -> None:
    """Make ``<id:…>`` and ``<number:…>`` known to routes and to the OpenAPI document."""
    kinds: dict[type[BaseConverter], tuple[str, dict[str, Any]]] = {
        IdInPath: ("id", {"type": "string", "pattern": f"^{IdInPath.regex}$"}),
        NumberInPath: ("number", {"type": "integer", "minimum": 1, "maximum": MAX_BATCH}),
    }
    for converter, (name, described) in kinds.items():
        app.url_map.converters[name] = converter
        rest.register_converter(converter, lambda _, described=described: described)
