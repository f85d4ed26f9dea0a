"""Who may ask what: a service's table of routes, and the routes that its app has."""

import re
from collections.abc import Mapping

from flask import Flask

Row = tuple[str, str]  # method and rule


def rows(table: Mapping[str, str]) -> dict[Row, frozenset[str]]:
    """The table: roles in a word each -> lines of methods and a rule (``GET,POST /v1/lots``).

    A route that stands twice is a fault.
    """
    found: dict[Row, frozenset[str]] = {}
    for roles, lines in table.items():
        for line in lines.split("\n"):
            methods, _, rule = line.strip().partition(" ")
            for method in filter(None, methods.split(",")):
                assert (method, rule) not in found, (method, rule)
                found[method, rule] = frozenset(roles.split())
    return found


def routes(app: Flask) -> set[Row]:
    """Every method and rule of an app."""
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def filled(rule: str, ids: Mapping[str, str], otherwise: str = "L1", number: str = "1") -> str:
    """A path of a rule: what stands for an id is found in ``ids`` by the part of the path that
    stands before it."""

    def one(match: "re.Match[str]") -> str:
        if match[1].startswith("number"):
            return number
        before = rule[: match.start()].rstrip("/").rpartition("/")[2]
        return ids.get(before, otherwise)

    return re.sub(r"<([^>]+)>", one, rule)
