"""An offline answer in words, Vietnamese and English side by side; and how old its knowledge is."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tem.language import LANGUAGES
from tem.pack.reader import NEWER_THAN_PACK
from tem.stampcode import serial
from tem_verifier.filters import moment
from tem_verifier.sentences import case_of, choose, note_case, part, values_of

ADVICE = {
    "allow": "TIẾP TỤC / ALLOW",
    "ask": "GỌI NGƯỜI PHỤ TRÁCH / ASK",
    "stop": "DỪNG LẠI / STOP",
}
_NEWER = (
    "Lô tem này chưa có trong gói dữ liệu, có thể được phát hành sau đó: hãy tra cứu trực tuyến.",
    "This batch of stamps is not in the pack and may have been issued since: ask online.",
)
_WRONG = "đồng hồ của máy này sai, hãy chỉnh lại / this machine's clock is wrong: set it"
_LABELS = {
    "product": "Sản phẩm / Product",
    "producer": "Cơ sở sản xuất / Producer",
    "lot": "Lô / Lot",
}
_UNITS = (
    (timedelta(days=1), "ngày", "days"),
    (timedelta(hours=1), "giờ", "hours"),
    (timedelta(minutes=1), "phút", "minutes"),
)


def lines(texts: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
    """What a person at the till reads."""
    yield f"{ADVICE[answer['advice']]}: {answer['verdict']}"
    values = values_of(answer)
    found = texts["verdicts"][case_of(answer)]
    for lang in LANGUAGES:
        yield f"  {found[lang]['title']}. {_filled(found[lang]['body'], values)}"
    if NEWER_THAN_PACK in answer["reasons"]:
        yield from (f"  {line}" for line in _NEWER)
    for note in answer["notes"]:
        said = texts["notes"][note_case(note, answer)]
        yield from (f"  + {_filled(said[lang], values)}" for lang in LANGUAGES)
    yield from _facts(answer, values)


def _filled(wording: Any, values: Mapping[str, str]) -> str:
    return choose(wording, values).format(**values)


def _facts(answer: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    if "stamp" in answer:
        yield f"  Tem / Stamp: {serial(answer['stamp']['batch'], answer['stamp']['index'])}"
    shown = {
        "product": part(answer, "product").get("name"),
        "producer": part(answer, "producer").get("name"),
        "lot": values.get("lot_code"),
    }
    yield from (f"  {_LABELS[name]}: {value}" for name, value in shown.items() if value)
    if values.get("production_date"):
        yield f"  NSX / Made on: {values['production_date']}"
    if values.get("best_before"):
        yield f"  HSD / Best before or use by: {values['best_before']}"


def knowledge(as_of: str, age: timedelta | None, sequence: int) -> str:
    """How old what was said is; ``age`` is None where nobody knows."""
    known = _WRONG if age is None else _aged(age)
    return f"Dữ liệu lúc / Known as of: {moment(as_of)} ({known}); gói / pack {sequence}"


def _aged(age: timedelta) -> str:
    return next(
        (
            f"{age // unit} {vietnamese} trước / {age // unit} {english} ago"
            for unit, vietnamese, english in _UNITS
            if age >= unit
        ),
        "vừa xong / just now",
    )
