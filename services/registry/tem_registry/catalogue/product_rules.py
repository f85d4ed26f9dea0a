"""What must agree within a product, and what a stamp's page would lack. Pure."""

from collections.abc import Mapping
from typing import Any

from tem import gtin
from tem_registry.rules import Fault

# GS1 General Specifications: AI 15 is best before, AI 17 expiry (use by).
DATE_AIS = {"best_before": "15", "use_by": "17", "none": None}


def faults(record: Mapping[str, Any], stampable: bool | None) -> list[Fault]:
    """What contradicts. ``stampable`` says it of the category; None: there is no such one."""
    return [*_category(record, stampable), *_gtin(record), *_dates(record)]


def _category(record: Mapping[str, Any], stampable: bool | None) -> list[Fault]:
    code = record["category_code"]
    if stampable is None:
        told = f"There is no category {code}: see /v1/categories."
        return [Fault("/category_code", "unknown_category", told)]
    if record.get("stampable") and not stampable:
        told = f"Products of category {code} carry no stamp (a service, say)."
        return [Fault("/stampable", "category_not_stampable", told)]
    return []


def _gtin(record: Mapping[str, Any]) -> list[Fault]:
    number = record.get("gtin")
    if number is None:
        return []
    if not gtin.has_form(number):
        return [Fault("/gtin", "gtin_form", "A GTIN has 8, 12, 13 or 14 digits.")]
    if not gtin.is_sound(number):
        told = "Its last digit does not check the others: compare it with the bar code."
        return [Fault("/gtin", "gtin_check_digit", told)]
    return []


def _dates(record: Mapping[str, Any]) -> list[Fault]:
    kind, found = record["date_kind"], []
    if kind == "none" and record.get("shelf_life") is not None:
        told = "A product whose label declares no date has no shelf life: leave one of them out."
        found.append(Fault("/shelf_life", "shelf_life_without_date", told))
    ai = record.get("gs1_date_ai")
    if ai is not None and ai != DATE_AIS[kind]:
        wanted = DATE_AIS[kind] or "none"
        told = f"With date_kind {kind} the application identifier is {wanted}."
        found.append(Fault("/gs1_date_ai", "date_ai_mismatch", told))
    return found


def missing(record: Mapping[str, Any]) -> list[str]:
    """Which of the ten minimum data of Circular 02/2024/TT-BKHCN the product does not have.

    The others come from producer, lot and stamp, or are asked for only "if any" (brand, model).
    """
    wanted = ["image", "process", "declared_standard"]
    if record["date_kind"] != "none":
        wanted.append("shelf_life")
    return sorted(name for name in wanted if record.get(name) is None)
