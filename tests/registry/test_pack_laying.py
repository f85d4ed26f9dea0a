"""A published record laid out as the payload of an offline pack."""

from typing import Any

import pytest

from tem_registry.packs import laying, pack_cards
from tem_registry.packs.laying import Laid, Run

CARDS: dict[str, dict[str, Any]] = {
    "product": {"SP1": {"product_id": "SP1", "name": "Tea", "story": "long", "points_of_sale": []}},
    "producer": {"P1": {"producer_id": "P1", "name": "Coop", "phone": "0239", "statuses": []}},
    "lot": {"L1": {"lot_id": "L1", "code": "A"}, "L2": {"lot_id": "L2", "code": "B"}},
}
TIED = Run(1, 60, "activated", "L1", None)


def batch(number: int, *runs: Run, product: str = "SP1") -> Laid:
    """A batch of 100 stamps."""
    return Laid(number, "signed", "signature", 100, product, "P1", runs)


@pytest.mark.parametrize(
    ("runs", "laid", "bindings"),
    [
        ((Run(1, 100, "issued", None, None),), [100, 0], [["issued", -1, None]]),
        ((TIED, Run(61, 100, "void", "L1", None)), [60, 0, 40, 1], None),
        ((TIED, Run(61, 100, "activated", "L1", None)), [60, 0, 40, 0], None),
        ((), [100, -1], []),  # no range at all
        ((TIED,), [60, 0, 40, -1], None),  # a hole at the end
        ((Run(11, 100, "issued", None, None),), [10, -1, 90, 0], None),  # at the beginning
        ((Run(1, 100, "activated", "gone", None),), [100, -1], []),  # a lot without its card
        ((Run(1, 120, "issued", None, None),), [100, 0], None),  # canaries are never told of
    ],
)
def test_ranges_become_runs_that_cover_the_quantity(
    runs: tuple[Run, ...], laid: list[int], bindings: Any
) -> None:
    """Equal bindings stand once; about what the record has a hole in, nothing is said."""
    payload, _ = laying.full([batch(1, *runs)], CARDS, [])
    assert payload["batches"] == [[1, "signed", "signature", 0, 0, laid]]
    assert bindings is None or payload["bindings"] == bindings


def test_a_batch_that_nobody_vouches_for_is_unavailable() -> None:
    """So is one without its cards: neither is left out, which would say that it is not known."""
    record = [batch(1, TIED), batch(2, TIED), batch(3, TIED, product="gone")]
    payload, _ = laying.full(record, CARDS, [2])
    assert [one[0] for one in payload["batches"]] == [1]
    assert payload["unavailable"] == [2, 3]


def test_a_delta_keeps_the_places_of_its_full_frame() -> None:
    """Changed cards go into their places, new ones behind; lots that nobody names are left out."""
    full, places = laying.full([batch(1, TIED)], CARDS, [])
    assert [lot["code"] for lot in full["lots"]] == ["A"]
    changed = {**CARDS, "lot": {"L1": {"code": "A2"}, "L2": {"code": "B"}}, "producer": {}}
    touched = [batch(1, TIED, Run(61, 100, "activated", "L2", None))]
    told = laying.delta(places, touched, changed, [])
    assert told["lots"] == [[0, {"code": "A2"}], [1, {"code": "B"}]]
    assert told["producers"] == []
    assert told["bindings"] == [[1, ["activated", 1, None]]]
    assert told["batches"] == [[1, "signed", "signature", 0, 0, [60, 0, 40, 1]]]
    assert places.cards["lot"] == {"L1": 0}, "the full frame's places are as they were"


def test_a_pack_has_no_story_and_no_telephone() -> None:
    """Cards are trimmed to what decides and what a till shows."""
    assert pack_cards.product(CARDS["product"]["SP1"]) == {"product_id": "SP1", "name": "Tea"}
    assert "phone" not in pack_cards.producer(CARDS["producer"]["P1"])
    closed = {"closed": True, "lot_id": "L1", "undated": False}
    assert pack_cards.lot(closed) == {"closed": True, "undated": False}
