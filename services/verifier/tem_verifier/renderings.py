"""Answers that no snapshot holds, rendered when they are first asked for, and kept."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tem_verifier.lookup import Binding, subject_of
from tem_verifier.rendering import Rendered, Renderer
from tem_verifier.view import View

MOST_KEPT = 5_000  # some 20 MB of what changed since the snapshot, or is scanned often


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and the cards written since the base that it was made with, None for one that was
    not written since."""

    rendered: Rendered
    cards: tuple[tuple[tuple[str, str], Any], ...]

    def holds(self, view: View, now: float) -> bool:
        """Whether it still is the answer."""
        return now < self.rendered.holds_until and all(
            view.cards.get(key) is card for key, card in self.cards
        )


class Renderings:
    """For any thread: what two of them make at once is the same, and the later one is kept."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._kept: dict[tuple[Binding, bool], Kept] = {}
        self._base = 0  # the snapshot that all of them lack

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, view: View, binding: Binding, often: bool, now: datetime) -> Rendered:
        """The answer for a binding. Raises LookupError, TypeError or ValueError where the
        publication has a hole."""
        base = view.base.serial if view.base else 0
        if base != self._base:
            self._base, self._kept = base, {}
        kept = self._kept
        found = kept.get((binding, often))
        if found is not None and found.holds(view, now.timestamp()):
            return found.rendered
        made = self._made(view, binding, often, now)
        if len(kept) >= MOST_KEPT:
            with suppress(KeyError, RuntimeError, StopIteration):  # another thread was quicker
                del kept[next(iter(kept))]
        kept[binding, often] = made
        return made.rendered

    def _made(self, view: View, binding: Binding, often: bool, now: datetime) -> Kept:
        subject = subject_of(view, binding, 1, 1, often)
        names = [("product", binding.product_id), ("producer", binding.producer_id)]
        names += [("lot", binding.lot_id)] if binding.lot_id is not None else []
        names += [("pos", sale["pos_id"]) for sale in subject.product["points_of_sale"]]
        rendered = self._renderer.render(subject, now, now)
        return Kept(rendered, tuple((name, view.cards.get(name)) for name in names))
