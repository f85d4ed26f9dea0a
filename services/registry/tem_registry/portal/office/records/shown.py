"""Records as templates read them: a member that is not there is None, and no mistake."""

from typing import Any

from flask import Response

from tem_registry.portal.forms import Form
from tem_registry.portal.office.records.words import WORDS
from tem_registry.portal.visits import Visit


class Shown(dict[str, Any]):
    """A record of the API, which leaves out what nobody told."""

    def __missing__(self, name: str) -> None:
        """Absent: nothing was told."""


def shown(value: Any) -> Any:
    """A value of JSON with every object in it a :class:`Shown`."""
    if isinstance(value, dict):
        return Shown({name: shown(member) for name, member in value.items()})
    return [shown(one) for one in value] if isinstance(value, list) else value


def show(at: Visit, template: str, **values: Any) -> Response:
    """A page of records, which knows the words of their codes."""
    return at.show(template, words=WORDS, **_all(values))


def again(at: Visit, template: str, form: Form, **values: Any) -> Response:
    """A form of a record, fresh or refused."""
    return at.again(template, form, words=WORDS, **_all(values))


def _all(values: dict[str, Any]) -> dict[str, Any]:
    return {name: shown(value) for name, value in values.items()}
