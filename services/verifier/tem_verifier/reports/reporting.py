"""Taking a report: once for its form, within what can be read, its photo drawn anew."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import Counter
from sqlalchemy import Engine

from tem import pictures
from tem.clock import Clock
from tem.databases.database import reading, writing
from tem.errors import Invalid, TooMany
from tem.logs import log
from tem_verifier.reports import reports
from tem_verifier.reports.report_rules import KINDS, PHOTO_BYTES, Draft
from tem_verifier.reports.reports import About

# A phone's photo has 12 to 25 megapixels.
FRAME = pictures.Frame(max_pixels=25_000_000, max_side=1600, max_bytes=300_000)
REPORTS = Counter("tem_verifier_reports", "Reports of shoppers taken", ["kind"])
for kind in KINDS:
    REPORTS.labels(kind)


@dataclass(frozen=True, slots=True)
class Reporting:
    """Takes reports into the verifier's own database."""

    store: Engine
    clock: Clock

    def take(self, draft: Draft, about: About, photo: bytes, admit: Callable[[], None]) -> str:
        """Keep a report without faults and give its number: that of the first one where the same
        form was sent before.

        ``photo`` is as sent, empty for none; ``admit`` raises where the sender has sent enough.
        Raises Invalid for a photo that cannot be drawn (``photo_too_large``,
        ``file_type_unknown``, ``file_not_readable``, ``image_too_large``), TooMany, and
        Unavailable while photos of others are drawn.
        """
        with reading(self.store) as connection:
            known = reports.number_for(connection, draft.token)
            has_room = reports.has_room(connection, self.clock(), about)
        if known is not None:
            return known
        if not has_room:
            raise TooMany("reports_full", "There are too many reports today: try tomorrow.")
        kind = _kind_of(photo)
        admit()
        drawn = pictures.draw(photo, kind, FRAME) if kind else None
        with writing(self.store) as connection:
            number = reports.take(connection, self.clock(), draft, about, drawn)
        REPORTS.labels(draft.kind).inc()
        log.info("report_taken", report=number, kind=draft.kind, photo=drawn is not None)
        return number


def _kind_of(photo: bytes) -> str | None:
    """The type of a photo by its bytes; None for no photo. Raises Invalid for anything else."""
    if not photo:
        return None
    if len(photo) > PHOTO_BYTES:
        raise Invalid("photo_too_large", f"Send a photo of at most {PHOTO_BYTES} bytes.")
    kind = pictures.type_of(photo)
    if kind is None:
        raise Invalid("file_type_unknown", "Send a JPEG, PNG or WebP.")
    return kind
