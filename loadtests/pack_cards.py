"""Cards made at random around a day, so that every rule about dates stands at an edge."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tem.dates import add_months, info_expires_on, rfc3339, start_of_day
from tem.vocabulary import DateKind, ProducerStatus

Card = dict[str, Any]
STORY = {"story": "Chuyện làng nghề", "points_of_sale": [], "producer_id": "P?"}


class Cards:
    """What a registry might have published, near ``today``."""

    def __init__(self, random: Random, today: date) -> None:
        self._random, self._today = random, today

    def near(self) -> date:
        """Mostly today or a day beside it; else within a month, or within two years."""
        spread = self._random.choice((1, 1, 2, 30, 700))
        return self._today + timedelta(days=self._random.randint(-spread, spread))

    def product(self, id: str) -> Card:
        """With up to four certificates: renewed, lapsed, withdrawn, equal, in any order."""
        certificates = [
            self._certificate(f"{id}-C{n}") for n in range(self._random.choice((0, 1, 1, 2, 2, 4)))
        ]
        if len(certificates) > 1 and self._random.random() < 0.1:
            twin = {**certificates[0], "certificate_id": f"{id}-C9", "stars": 3}
            certificates[1] = twin
        more = {"gtin": "08931234567894"} if self._random.random() < 0.5 else {}
        card = {"product_id": id, "name": f"Nước mắm {id}", "date_kind": self._date_kind()}
        return {**card, **more, **STORY, "certificates": certificates}

    def _date_kind(self) -> str:
        return str(self._random.choice(list(DateKind)))

    def _certificate(self, id: str) -> Card:
        begin, end = sorted((self.near(), self.near()))
        begin -= timedelta(days=self._random.choice((0, 400)))
        end += timedelta(days=self._random.choice((0, 400)))
        revoked = self.near() if self._random.random() < 0.3 else None
        return {
            "certificate_id": id,
            "stars": self._random.choice((3, 4, 5)),
            "decision_no": f"{id}/QĐ-UBND",
            "decision_date": begin.isoformat(),
            "issuing_authority": self._random.choice(("UBND tỉnh Hà Tĩnh", None)),
            "valid_from": begin.isoformat(),
            "valid_until": end.isoformat(),
            "revoked_on": revoked and revoked.isoformat(),
            "revocation_decision_no": "7/QĐ" if revoked and self._random.random() < 0.5 else None,
        }

    def producer(self, id: str) -> Card:
        """Active, suspended or ceased since some day, several times over."""
        days = sorted(self.near() for _ in range(self._random.choice((0, 1, 1, 3))))
        statuses = [
            {"status": str(self._random.choice(list(ProducerStatus))), "since": day.isoformat()}
            for day in days
        ]
        address = {"full": "Thôn 1, Tỉnh Hà Tĩnh"}
        card = {"producer_id": id, "name": f"Hợp tác xã {id}", "producer_type": "cooperative"}
        return {**card, "address": address, "statuses": statuses}

    def lot(self, id: str) -> Card:
        """Dated, undated, or forgotten; recalled once, twice, not yet, no longer or never."""
        made, best = sorted((self.near(), self.near()))
        best += timedelta(days=self._random.choice((0, 0, 40, 400)))
        if self._random.random() < 0.1:
            return self._forgotten(id)
        dated = self._random.random() < 0.75
        window = info_expires_on(best) if dated else self.near()
        return {
            "lot_id": id,
            "product_id": "SP?",
            "code": f"L-{id}",
            "production_date": made.isoformat(),
            "production_date_kind": self._random.choice(("production_date", "packing_date")),
            "best_before": best.isoformat() if dated else None,
            "precision": self._random.choice(("day", "day", "month")),
            "info_expires_on": window.isoformat() if dated else None,
            "window_ends_on": window.isoformat(),
            "recalls": [self.recall() for _ in range(self._random.choice((0, 0, 0, 0, 1, 2)))],
        }

    def _forgotten(self, id: str) -> Card:
        undated = self._random.random() < 0.5
        window = add_months(self._today, -2).isoformat()
        return {"closed": True, "lot_id": id, "undated": undated} | (
            {"window_ends_on": window} if undated else {}
        )

    def recall(self) -> Card:
        """Begun or not, lifted or not."""
        begun = self.near()
        lifted = None
        if self._random.random() < 0.5:
            seconds = self._random.choice((0, 1, 3600, 30 * 86400))
            lifted = rfc3339(max(start_of_day(self.near()), start_of_day(begun))
                             + timedelta(seconds=seconds))  # fmt: skip
        return {
            "kind": self._random.choice(("mandatory", "voluntary")),
            "ordered_on": begun.isoformat(),
            "ordered_by": "Sở Y tế",
            "decision_no": self._random.choice(("12/QĐ", None)),
            "reason_public": "Vượt mức histamin",
            "lifted_at": lifted,
        }


def instant_near(random: Random, earliest: datetime, days: int) -> datetime:
    """An instant not before ``earliest`` and within so many days: mostly at an edge of a day in
    Vietnam, to the millisecond on both sides of it."""
    days = min(days, random.choice((2, 2, 40, days)))
    day = (earliest + timedelta(hours=7)).date() + timedelta(days=random.randint(0, days))
    if random.random() < 0.7:
        beside = random.choice((-1000, -1, 0, 0, 1, 1000))
        at = start_of_day(day) + timedelta(milliseconds=beside)
    else:
        at = earliest + timedelta(seconds=random.randint(0, days * 86400))
    return max(at.astimezone(UTC), earliest)
