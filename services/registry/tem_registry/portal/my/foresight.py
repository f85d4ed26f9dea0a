"""What an activation will do, as a page tells it before it is confirmed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tem.language import Lang
from tem_registry.portal import wording
from tem_registry.portal.typed_range import Range
from tem_registry.portal.visits import Visit

# Refusals that a smaller range escapes.
OF_STAMPS = {"not_delivered", "already_activated", "void", "revoked", "more_stamps_than_units"}
BEYOND = "best_before_beyond_shelf_life"
MOST_PROPOSED = 5
Part = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Foresight:
    """``would`` is what happens, None where ``refusals`` (each with its ``sentence``) stand
    against it; ``proposed`` are the largest parts of the range that would do.

    ``already``: it was done before. ``window_ends_on`` is the last public day of a new lot, and
    ``lot`` what would be recorded of it, whatever stands against its stamps.
    """

    would: Mapping[str, Any] | None
    refusals: list[dict[str, Any]]
    proposed: list[Part]
    already: bool = False
    window_ends_on: str | None = None
    lot: Mapping[str, Any] | None = None

    @property
    def waits_for_the_office(self) -> bool:
        """Whether nothing but the office's word on the date is missing."""
        return {one["code"] for one in self.refusals} == {BEYOND}

    @property
    def is_beyond_shelf_life(self) -> bool:
        """Whether the date is later than the shelf life on record allows."""
        return any(one["code"] == BEYOND for one in self.refusals)


def of_lot(at: Visit, stamps: Range, lot_id: str) -> Foresight:
    """For a lot on record. Raises Refused as the API does."""
    path = f"/v1/lots/{quote(lot_id, safe='')}"
    said = at.api.post(f"{path}/activations/preview", stamps.body)
    room = at.api.get(path)["units_left"]
    would = said["would"]
    until = would["info_expires_on"] if would else None
    refusals = _sentences(at.lang, said["refusals"])
    return Foresight(would, refusals, _proposed(said, room), said["already"], until)


def of_new_lot(at: Visit, stamps: Range, body: Mapping[str, Any]) -> Foresight:
    """For a lot that is recorded first. Raises Refused as the API does."""
    said = at.api.post("/v1/lots/preview", {**body, "stamps": stamps.body})
    tied = said["activation"] or {"would": None, "refusals": said["warnings"], "activatable": []}
    refusals = _sentences(at.lang, [*said["refusals"], *tied["refusals"]])
    would = None if refusals else tied["would"]
    proposed = [] if said["refusals"] else _proposed(tied, body["quantity"])
    until = said["would"]["window_ends_on"] if said["would"] else None
    return Foresight(would, refusals, proposed, window_ends_on=until, lot=said["would"])


def latest_best_before(at: Visit, body: Mapping[str, Any]) -> str | None:
    """The last day that a new lot's shelf life allows, whatever date was declared for it."""
    undeclared = {name: value for name, value in body.items() if name != "best_before"}
    would = at.api.post("/v1/lots/preview", undeclared)["would"]
    return would["best_before"] if would else None


def parts_to_propose(good: Iterable[Part], room: int) -> list[Part]:
    """The largest of the good parts, no larger than the units that are left. Pure."""
    if room < 1:
        return []
    cut = [(first, min(last, first + room - 1)) for first, last in good]
    largest = sorted(cut, key=lambda part: (part[0] - part[1], part[0]))
    return largest[:MOST_PROPOSED]


def _proposed(said: Mapping[str, Any], room: int) -> list[Part]:
    codes = {one["code"] for one in said["refusals"]}
    if not codes or not codes <= OF_STAMPS:
        return []
    return parts_to_propose(((one["first"], one["last"]) for one in said["activatable"]), room)


def _sentences(lang: Lang, refusals: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**one, "sentence": wording.refusal(lang, one["code"], one["detail"], one)}
        for one in refusals
    ]
