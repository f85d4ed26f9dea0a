"""Answers made once for all stamps that share them: as JSON and as a page in each language.

Whoever answers only fills the holes. What is rendered depends on the subject and the day alone,
so the same input gives the same bytes in every process of one version.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from tem.answer import Subject, answer, holds_until, plain
from tem.verdict import Ruling
from tem.vocabulary import Verdict
from tem_verifier.pages import ENCODER, SECTIONS_KEPT, Pages, json_parts
from tem_verifier.pieces import Hole, Piece, Pieces, fill

__all__ = ["Hole", "Piece", "Rendered", "Renderer", "fill", "json_pieces"]

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # of a plain answer: as_of is a hole
_RULES = ("advice", "answer", "dates", "verdict", "vocabulary")
_MODULES = ("filters", "pages", "pieces", "rendering", "sentences", "templating")


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer in pieces. It holds until ``holds_until``, in seconds since 1970 (``inf``: until
    something is published about its subject); ``status`` is that of HTTP."""

    verdict: str
    status: int
    holds_until: float
    json: Pieces
    vi: Pieces
    en: Pieces


class Renderer:
    """Renders answers. ``fingerprint`` names what the bytes depend on beside the record: whoever
    keeps them throws them away when it is another."""

    def __init__(
        self, office_contact: str = "", kept: int = SECTIONS_KEPT, *, is_sandbox: bool = False
    ) -> None:
        """All of it as for :class:`tem_verifier.pages.Pages`."""
        self.pages = Pages(office_contact, kept, is_sandbox=is_sandbox)
        self.fingerprint = _fingerprint(office_contact, is_sandbox)

    def render(self, subject: Subject, now: datetime, as_of: datetime) -> Rendered:
        """What is told of a stamp at an instant; :class:`Subject`'s own stamp is a hole.

        Raises LookupError, TypeError or ValueError for cards that no answer can be made of.
        """
        found = answer(subject, now, as_of)
        try:
            until = holds_until(subject, now)
        except (LookupError, TypeError, ValueError):  # a card that only a later day would show
            until = now
        return self._rendered(found, until.timestamp() if until else math.inf)

    def plain(self, ruling: Ruling) -> Rendered:
        """An answer that shows nothing of any stamp."""
        return self._rendered(plain(ruling, _ANY_TIME), math.inf)

    def _rendered(self, found: Mapping[str, Any], until: float) -> Rendered:
        parts = json_parts(found)
        return Rendered(
            verdict=found["verdict"],
            status=503 if found["verdict"] == Verdict.UNAVAILABLE else 200,
            holds_until=until,
            json=json_pieces(found, parts),
            vi=self.pages.pieces(found, "vi", parts),
            en=self.pages.pieces(found, "en", parts),
        )


def json_pieces(answer: Mapping[str, Any], parts: Mapping[str, str] | None = None) -> Pieces:
    """The JSON of a look-up as ``jsonify`` writes it, its ``as_of`` and ``stamp`` being holes.

    Each part that other answers may share is a piece, with its name before it; ``parts`` are its
    :func:`json_parts` if the caller has them. Raises ValueError for text that is not Unicode.
    """
    told = json_parts(answer) if parts is None else parts
    return tuple(_joined(_json(answer, told)))


def _json(answer: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[str | Piece]:
    """An object piece by piece: texts are to be joined, bytes and holes stand alone."""
    between = "{"
    for name, value in answer.items():
        named = f"{between}{ENCODER.encode(name)}:"
        between = ","
        if name == "as_of":
            yield from (f'{named}"', Hole.AS_OF, '"')
        elif name == "stamp":
            yield from (named, Hole.STAMP)
        elif name in parts:
            yield f"{named}{parts[name]}".encode()
        else:
            yield named + ENCODER.encode(value)
    yield "}\n"


def _joined(woven: Iterator[str | Piece]) -> Iterator[Piece]:
    """Texts that follow each other, as one piece."""
    text = ""
    for part in woven:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text.encode()
        yield part
        text = ""
    if text:
        yield text.encode()


def _fingerprint(office_contact: str, is_sandbox: bool) -> str:
    """SHA-256 over the version and all that decides what an answer looks like."""
    ours, shared = files("tem_verifier"), files("tem")
    templates = sorted(ours.joinpath("templates").iterdir(), key=lambda file: file.name)
    sources = [ours.joinpath("texts.json"), *templates]
    sources += [ours.joinpath(f"{name}.py") for name in _MODULES]
    sources += [shared.joinpath(f"{name}.py") for name in _RULES]
    told = [version("tem").encode(), office_contact.encode(), bytes([is_sandbox])]
    told += [part for file in sources for part in (file.name.encode(), file.read_bytes())]
    whole = hashlib.sha256()
    for part in told:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()
