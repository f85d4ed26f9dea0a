"""What a certificate says: filled in by the rules of its decision's date, and checked."""

from datetime import date

from sqlalchemy import Connection

from tem.errors import Invalid, NotFound
from tem_registry.catalogue import catalogue
from tem_registry.catalogue.catalogue import Record
from tem_registry.certificates import certificate_rules
from tem_registry.certificates.certificate_rules import Recognition, Withdrawal
from tem_registry.rules import Refusal


def complete(connection: Connection, record: Record) -> Record:
    """A certificate with what was left out filled in by the rules of its decision's date.

    Raises Invalid for an unknown product, or where a rule cannot tell what is missing.
    """
    decided = date.fromisoformat(record["decision_date"])
    stars = record.get("stars") or _stars(record.get("score"))
    since = record.get("valid_from") or record["decision_date"]
    until = certificate_rules.valid_until(date.fromisoformat(since))
    told = {
        "stars": stars,
        "authority_still_exists": certificate_rules.authority_still_exists(stars, decided),
        "legal_basis": certificate_rules.legal_basis(decided),
        "valid_from": since,
        "valid_until": until.isoformat(),
    }
    if "issuing_authority" not in record:
        told["issuing_authority"] = _authority(connection, record["product_id"], stars, decided)
    return {**told, **record}


def _stars(score: float | None) -> int:
    if score is None:
        raise Invalid("stars_or_score_needed", "Give the stars, or the score they follow from.")
    stars = certificate_rules.star_band(score)
    if stars < certificate_rules.MIN_CERTIFIED_STARS:
        raise Invalid("too_few_stars", f"{stars} stars get no certificate: 50 points are needed.")
    return stars


def _authority(connection: Connection, product_id: str, stars: int, decided: date) -> str:
    district = _former_district(connection, product_id)
    found = certificate_rules.authority(stars, decided, district)
    if found is None:
        raise Invalid(
            "authority_needed",
            "Districts recognised 3 stars on that day, and the producer's is not on record: "
            "give issuing_authority as it is printed.",
        )
    return found


def _former_district(connection: Connection, product_id: str) -> str | None:
    """The district a product's producer lay in until 30/06/2025."""
    try:
        product = catalogue.find(connection, catalogue.KINDS["product"], product_id)
    except NotFound as error:
        raise Invalid("unknown_reference", f"There is no product {product_id}.") from error
    kind = catalogue.KINDS["producer"]
    producer = catalogue.find(connection, kind, product["producer_id"])
    before = [producer.get("address_before_2025_07_01"), *producer.get("former_addresses", [])]
    return next((one["district"] for one in before if one and one.get("district")), None)


def check_id(id: str | None) -> None:
    """Raises Invalid for an id under which a certificate could not be asked for."""
    if id in certificate_rules.RESERVED_IDS:
        raise Invalid("id_reserved", f"/v1/certificates/{id} is a list: choose another id.")


def check(record: Record, today: date) -> None:
    """Raises Invalid naming every rule that a complete certificate breaks."""
    day = date.fromisoformat
    given = Recognition(
        stars=record["stars"],
        score=record.get("score"),
        decision_date=day(record["decision_date"]),
        valid_from=day(record["valid_from"]),
        valid_until=day(record["valid_until"]),
    )
    found = certificate_rules.certificate_refusals(given, today)
    if record.get("revoked_on"):
        withdrawal = Withdrawal(given.decision_date, day(record["revoked_on"]))
        found += certificate_rules.withdrawal_refusals(withdrawal, today)
    refuse(found)


def refuse(found: list[Refusal]) -> None:
    """Raises Invalid naming every reason, if there is any; its code is the first one's."""
    if found:
        raise Invalid(
            found[0].code,
            " ".join(one.detail for one in found),
            reasons=[{"code": one.code, "detail": one.detail} for one in found],
        )
