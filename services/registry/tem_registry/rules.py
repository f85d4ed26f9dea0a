"""What the registry's pure rules have in common.

Each rule gives a list of refusals, empty when all is well; the acts decide what to do with
them. In words: ``docs/life-of-a-stamp.md``.
"""

from dataclasses import dataclass
from datetime import date

from tem.errors import Conflict
from tem.vocabulary import DateKind, ProducerStatus

Statuses = tuple[tuple[ProducerStatus, date], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why not: a stable code, and what to do."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a record: where (JSON Pointer), a stable code, and what to do."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Product:
    """What rules need of a product.

    ``shelf_life`` is (value, "day" or "month"); ``declared_output`` is in units a year.
    """

    id: str
    producer_id: str
    stampable: bool
    date_kind: DateKind
    shelf_life: tuple[int, str] | None
    category_code: str = ""
    declared_output: int | None = None


def refuse(code: str, found: list[Refusal]) -> None:
    """Raises Conflict naming every reason, if there is any; ``code`` is the first one's."""
    if found:
        raise Conflict(
            found[0].code,
            " ".join(one.detail for one in found),
            reasons=[{"code": one.code, "detail": one.detail} for one in found],
            act=code,
        )
