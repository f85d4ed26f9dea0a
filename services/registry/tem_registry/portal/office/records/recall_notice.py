"""What shoppers read of a recall, word for word as the page of a stamp has it. Pure.

The sentences are the verifier's; a test compares the two on a page of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tem.language import Lang
from tem_registry.portal.written import day

_TITLE = {
    "vi": "Lô sản phẩm này đang có thông báo thu hồi",
    "en": "This lot is subject to a recall notice",
}
_BODY = {
    "vi": "Ngày {on}, {by} thông báo thu hồi lô {lot}. Lý do được công bố: {reason}.",
    "en": "On {on}, {by} announced the recall of lot {lot}. Published reason: {reason}.",
}
_ACTION = {
    "vi": "Vui lòng không sử dụng. Liên hệ nơi bán hoặc cơ sở sản xuất để được hướng dẫn trả lại.",
    "en": "Please do not use it. Contact the shop or the producer about returning it.",
}
_HEADING = {"vi": "Thông báo thu hồi lô sản phẩm", "en": "Recall notice for this lot"}
_KINDS = {
    "vi": {"voluntary": "Cơ sở tự nguyện thu hồi lô", "mandatory": "Thu hồi lô bắt buộc"},
    "en": {"voluntary": "Voluntary, by the producer", "mandatory": "Mandatory"},
}
_LABELS = {
    "vi": ("Hình thức", "Ngày thông báo", "Nơi thông báo", "Quyết định", "Lý do được công bố"),
    "en": ("Kind", "Announced on", "Announced by", "Decision", "Published reason"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A recall in one language: the verdict's sentences, and the rows below them."""

    lang: Lang
    title: str
    body: str
    action: str
    heading: str
    rows: tuple[tuple[str, str], ...]


def read_by(lang: Lang, recall: Mapping[str, Any], lot_code: str) -> Notice:
    """What is read of ``recall`` (the body of the call, its day and its source filled in)."""
    on, by = day(recall["ordered_on"]), recall["ordered_by"]
    reason = recall["reason_public"]
    body = _BODY[lang].format(on=on, by=by, lot=lot_code, reason=reason.rstrip(" ."))
    values = (_KINDS[lang][recall["kind"]], on, by, recall.get("decision_no") or "", reason)
    rows = tuple(
        (label, value) for label, value in zip(_LABELS[lang], values, strict=True) if value
    )
    return Notice(lang, _TITLE[lang], body, _ACTION[lang], _HEADING[lang], rows)
