"""From published cards to the public answer: the facts for the verdict, then what it shows.

One definition for page, JSON, bulk answer and command line. Pure: cards, ruling and instants
arrive as arguments. What a verdict does not show is absent from its answer.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tem.advice import advice, checked
from tem.dates import rfc3339, start_of_day, vietnam_day
from tem.verdict import (
    CertificateFacts,
    ClosedLot,
    LotFacts,
    RecallFacts,
    Ruling,
    StampFacts,
    certificate_at,
    made_under,
    verdict,
)
from tem.vocabulary import ProducerStatus, StampState, Verdict

Card = dict[str, Any]

_GOODS = ("product", "producer", "lot")
SHOWS: dict[Verdict, tuple[str, ...]] = {
    Verdict.OK: (*_GOODS, "certificate", "points_of_sale"),
    Verdict.PAST_DATE: _GOODS,
    Verdict.RECALLED: (*_GOODS, "recall"),
    Verdict.NOT_ACTIVATED: ("product",),
}
_HIDDEN_OF_PRODUCT = ("certificates", "points_of_sale", "producer_id")
_TERM = ("decision_no", "decision_date", "issuing_authority", "valid_from", "valid_until")
_REVOCATION = ("revoked_on", "revocation_decision_no")


@dataclass(frozen=True, slots=True)
class Subject:
    """A stamp on record with the cards around it.

    ``lot`` is None for a stamp never activated, and a tombstone once its facts are forgotten:
    ``closed``, ``undated`` and, of undated goods, ``window_ends_on``, which INFO_EXPIRED tells.
    """

    batch: int
    index: int
    state: StampState
    product: Card
    producer: Card
    lot: Card | None = None
    revoked_on: str | None = None
    points_of_sale: dict[str, Card] = field(default_factory=dict)
    scanned_often: bool = False


def facts_of(
    state: StampState,
    product: Card,
    producer: Card,
    lot: Card | None,
    *,
    scanned_often: bool = False,
) -> StampFacts:
    """What :func:`tem.verdict.verdict` needs, out of the cards."""
    if lot is None:
        return StampFacts(state)
    if "closed" in lot:  # a tombstone: its facts are forgotten
        return StampFacts(state, ClosedLot(lot["undated"]))
    best_before = lot["best_before"]
    return StampFacts(
        state,
        LotFacts(
            production_date=date.fromisoformat(lot["production_date"]),
            best_before=date.fromisoformat(best_before) if best_before else None,
            window_ends_on=date.fromisoformat(lot["window_ends_on"]),
            certificates=tuple(_certificate(c) for c in product["certificates"]),
            producer_statuses=tuple(
                (ProducerStatus(s["status"]), date.fromisoformat(s["since"]))
                for s in producer["statuses"]
            ),
            recalls=tuple(_recall(r) for r in lot["recalls"]),
        ),
        scanned_often,
    )


def _certificate(card: Card) -> CertificateFacts:
    revoked = card["revoked_on"]
    return CertificateFacts(
        date.fromisoformat(card["valid_from"]),
        date.fromisoformat(card["valid_until"]),
        date.fromisoformat(revoked) if revoked else None,
    )


def _recall(card: Card) -> RecallFacts:
    lifted = card["lifted_at"]
    return RecallFacts(
        date.fromisoformat(card["ordered_on"]), datetime.fromisoformat(lifted) if lifted else None
    )


def holds_until(subject: Subject, now: datetime) -> datetime | None:
    """The first instant after ``now`` at which :func:`answer` may be another but for ``as_of``.

    None if it stays as it is until something is published. It may be told too early, where two
    changes cancel out or one is not shown, but never too late.
    """
    lot = facts_of(subject.state, subject.product, subject.producer, subject.lot).lot
    if not isinstance(lot, LotFacts):
        return None
    today = vietnam_day(now)
    begins, ends = {recall.ordered_on for recall in lot.recalls}, set[date]()
    if subject.state is StampState.ACTIVATED and today <= lot.window_ends_on:
        ends.add(lot.window_ends_on)
        if lot.best_before is None or today <= lot.best_before:
            more_begins, more_ends = _days_while_ok(subject, lot)
            begins |= more_begins
            ends |= more_ends
    turns = [start_of_day(day) for day in begins if day > today]
    turns += [start_of_day(day + timedelta(days=1)) for day in ends if day >= today]
    turns += [recall.lifted_at for recall in lot.recalls if recall.lifted_at is not None]
    return min((turn for turn in turns if turn > now), default=None)


def _days_while_ok(subject: Subject, lot: LotFacts) -> tuple[set[date], set[date]]:
    """The days that decide notes and parts beside an OK: those on which something begins, and
    the last ones on which something holds."""
    begins = {since for _, since in lot.producer_statuses}
    ends = set[date]()
    if lot.best_before is not None:  # its own day has a note
        begins.add(lot.best_before)
        ends.add(lot.best_before)
    begins |= {term.valid_from for term in lot.certificates}
    begins |= {term.revoked_on for term in lot.certificates if term.revoked_on is not None}
    ends |= {term.valid_until for term in lot.certificates}
    sales = subject.product["points_of_sale"]
    begins |= {date.fromisoformat(sale["signed_on"]) for sale in sales}
    ends |= {date.fromisoformat(sale["valid_until"]) for sale in sales}
    shops = subject.points_of_sale.values()
    begins |= {date.fromisoformat(s["certified_on"]) for s in shops if s["certified_on"]}
    ends |= {date.fromisoformat(s["certified_until"]) for s in shops if s.get("certified_until")}
    return begins, ends


def plain(
    ruling: Ruling, as_of: datetime, date_kind: str | None = None, *, has_lot: bool = False
) -> dict[str, Any]:
    """What every answer says; an answer that shows nothing of any stamp (malformed, unknown,
    unavailable) says nothing else. The rest as :func:`tem.advice.advice` takes it."""
    return {
        "verdict": str(ruling.verdict),
        "notes": [str(note) for note in ruling.notes],
        "reason": ruling.reason,
        "reasons": [ruling.reason],
        "checked": [str(one) for one in checked(ruling.verdict, has_lot=has_lot)],
        "advice": str(advice(ruling.verdict, ruling.reason, date_kind)),
        "as_of": rfc3339(as_of),
    }


def answer(subject: Subject, now: datetime, as_of: datetime) -> dict[str, Any]:
    """The JSON of a look-up. ``now`` decides, ``as_of`` tells how fresh the record was."""
    facts = facts_of(
        subject.state,
        subject.product,
        subject.producer,
        subject.lot,
        scanned_often=subject.scanned_often,
    )
    ruling = verdict(facts, now)
    date_kind = subject.product.get("date_kind")
    out = plain(ruling, as_of, date_kind, has_lot=subject.lot is not None)
    out["stamp"] = {"batch": subject.batch, "index": subject.index}
    for part in SHOWS.get(ruling.verdict, ()):
        shown = _PARTS[part](subject, now)
        if shown:
            out[part] = shown
    if ruling.verdict is Verdict.STAMP_REVOKED and subject.revoked_on:
        out["revoked_on"] = subject.revoked_on
    if ruling.reason == "info_window_closed_no_expiry" and subject.lot is not None:
        out["info_expires_on"] = subject.lot["window_ends_on"]
    return out


def of_product(product: Card, producer: Card, now: datetime) -> dict[str, Any]:
    """What is told of a product without a stamp: its own facts, its producer, and the certificate
    in force. No verdict, and nothing of any lot."""
    nobody = Subject(0, 0, StampState.ISSUED, product, producer)
    shown = {"product": _product(nobody, now), "producer": _producer(nobody, now)}
    cards = product["certificates"]
    terms = tuple(_certificate(card) for card in cards)
    in_force = _card_of(cards, certificate_at(terms, vietnam_day(now)))
    return shown if in_force is None else {**shown, "certificate": _with_stars(in_force)}


def _product(subject: Subject, _: datetime) -> Card:
    shown = {k: v for k, v in subject.product.items() if k not in _HIDDEN_OF_PRODUCT}
    if "image" in shown:
        shown["image"] = {**shown["image"], "url": f"/images/{shown['image']['id']}"}
    return shown


def _producer(subject: Subject, _: datetime) -> Card:
    return {k: v for k, v in subject.producer.items() if k != "statuses"}


def _lot(subject: Subject, _: datetime) -> Card:
    lot = subject.lot or {}
    shown = ("code", "production_date", "production_date_kind", "best_before", "info_expires_on")
    return {**{key: lot[key] for key in shown}, "precision": lot.get("precision", "day")}


def _certificate_shown(subject: Subject, now: datetime) -> Card | None:
    """The certificate at production and, after a re-evaluation, the one in force today.

    Stars stand only beside a certificate that is in force: a lapsed or withdrawn one may not
    show them (QĐ 148/QĐ-TTg and the practice under it). Goods made while none was in force carry
    none, whatever the product was recognised for before or since.
    """
    made_on = date.fromisoformat((subject.lot or {})["production_date"])
    cards, today = subject.product["certificates"], vietnam_day(now)
    terms = tuple(_certificate(card) for card in cards)
    at_production = _card_of(cards, made_under(terms, made_on))
    in_force = _card_of(cards, certificate_at(terms, today))
    if at_production is None:
        return None
    if at_production is in_force:
        return _with_stars(at_production)
    ended = at_production["revoked_on"] and at_production["revoked_on"] <= today.isoformat()
    shown = _told(at_production, (*_TERM, *_REVOCATION) if ended else _TERM)
    if in_force is not None:
        shown["current"] = _with_stars(in_force)
    return shown


def _card_of(certificates: list[Card], found: CertificateFacts | None) -> Card | None:
    """The card of a certificate; of several with equal dates the last id."""
    same = [card for card in certificates if _certificate(card) == found]
    return max(same, key=lambda card: str(card["certificate_id"]), default=None)


def _with_stars(card: Card) -> Card:
    """A certificate in force; a revocation that lies ahead is not told before its day."""
    return {"stars": card["stars"], **_told(card, _TERM)}


def _told(card: Card, fields: tuple[str, ...]) -> Card:
    return {name: card[name] for name in fields if card[name] is not None}


def _sellers(subject: Subject, now: datetime) -> list[Card]:
    """Active, certified points of sale with a contract for this product that runs today."""
    today = vietnam_day(now).isoformat()
    running = {
        c["pos_id"]
        for c in subject.product["points_of_sale"]
        if c["signed_on"] <= today <= c["valid_until"]
    }
    shown = [subject.points_of_sale[i] for i in sorted(running) if i in subject.points_of_sale]
    hidden = ("status", "certified_on", "certified_until")
    return [
        {k: v for k, v in card.items() if k not in hidden}
        for card in shown
        if card["status"] == "active" and _is_certified(card, today)
    ]


def _is_certified(card: Card, today: str) -> bool:
    """Both ends of a point of sale's certification are inclusive; without an end it goes on."""
    since, until = card["certified_on"], card.get("certified_until")
    return bool(since and since <= today and (not until or today <= until))


def _recall_shown(subject: Subject, now: datetime) -> Card | None:
    """The newest recall in force."""
    in_force = [r for r in (subject.lot or {})["recalls"] if _recall(r).in_force_at(now)]
    if not in_force:
        return None
    newest = max(in_force, key=lambda recall: str(recall["ordered_on"]))
    return {k: v for k, v in newest.items() if k != "lifted_at"}


_PARTS = {
    "product": _product,
    "producer": _producer,
    "lot": _lot,
    "certificate": _certificate_shown,
    "points_of_sale": _sellers,
    "recall": _recall_shown,
}
