"""What the tests of the pages share: a full answer, and a reader of marks and words."""

import copy
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from tem_verifier.pages import Pages

PAGES = Pages()
AS_OF = "2026-11-20T18:05:00Z"
PATH = "/s/" + "1" * 174

TITLES: dict[str, tuple[str, str]] = {
    "OK": ("Tem có trong hệ thống và đã kích hoạt", "This stamp is on record"),
    "PAST_DATE": ("Lô sản phẩm này đã quá hạn sử dụng", "This lot is past its date"),
    "INFO_EXPIRED": ("đã hết thời hạn tra cứu", "is no longer published"),
    "NOT_ACTIVATED": ("Tem chưa được gắn với lô sản xuất", "has not yet been linked"),
    "RECALLED": ("đang có thông báo thu hồi", "subject to a recall notice"),
    "STAMP_REVOKED": ("không còn giá trị", "This stamp has been withdrawn"),
    "VOID": ("ghi nhận là hỏng, in lỗi hoặc mất", "damaged, misprinted or lost"),
    "UNKNOWN": ("Không tìm thấy mã tem này", "This stamp code was not found"),
    "MALFORMED": ("Chưa đọc được mã tem", "The stamp code could not be read"),
    "UNAVAILABLE": ("Hiện chưa tra cứu được", "We cannot check this right now"),
}

FULL: dict[str, Any] = {
    "verdict": "OK",
    "notes": [],
    "reason": "activated",
    "as_of": AS_OF,
    "stamp": {"batch": 12, "index": 7},
    "product": {
        "product_id": "HT-SP001",
        "name": "Nước mắm Sóng Lam 40°N",
        "brand": "Sóng Lam",
        "model": "SL-40",
        "image": {
            "id": "5" * 64,
            "content_type": "image/jpeg",
            "width": 1200,
            "height": 900,
            "url": "/images/" + "5" * 64,
        },
        "packaging": "Chai thủy tinh 500 ml",
        "unit": "chai",
        "gtin": "09521234000013",
        "category_code": "I.4.a",
        "date_kind": "use_by",
        "raw_material_source": "Cá cơm từ vùng biển địa phương. " * 10,
        "process": "Ủ chượp 12 tháng trong thùng gỗ. " * 10,
        "preservation": "Nơi khô ráo, thoáng mát",
        "usage": "Dùng chấm hoặc nêm",
        "story": "Làng nghề bên cửa biển. " * 40,
        "declared_standard": "TCCS 01:2024",
        "quality_test": {"report_no": "KN-001", "lab": "Phòng A", "tested_on": "2024-09-24"},
        "quality_tests": [{"report_no": "KN-002", "lab": "Phòng B", "tested_on": "2025-09-24"}],
    },
    "producer": {
        "producer_id": "HT-P001",
        "name": "Hợp tác xã Sóng Lam",
        "producer_type": "cooperative",
        "address": {
            "full": "Tổ dân phố Tam Hải, Phường Hải Ninh, Tỉnh Hà Tĩnh",
            "before_2025_07_01": "phường Kỳ Ninh, thị xã Kỳ Anh, tỉnh Hà Tĩnh",
        },
        "representative": "Trần Thị Mẫu",
        "phone": "0239 0000 001",
        "email": "lienhe@songlam.example",
        "website": "https://songlam.example/?a=1&b=2",
        "gps": {"lat": 18.118582, "lon": 106.322166},
    },
    "lot": {
        "code": "L-2409",
        "production_date": "2024-11-20",
        "production_date_kind": "production_date",
        "best_before": "2026-11-20",
        "info_expires_on": "2026-12-20",
    },
    "certificate": {
        "stars": 4,
        "decision_no": "90011/QĐ-UBND",
        "decision_date": "2024-10-15",
        "issuing_authority": "UBND tỉnh Hà Tĩnh",
        "valid_from": "2024-10-15",
        "valid_until": "2027-10-15",
    },
    "points_of_sale": [
        {
            "name": f"Cửa hàng số {number}",
            "address": "Phường Thành Sen, Tỉnh Hà Tĩnh",
            "phone": "0239 0001 001",
            "opening_hours": "07:30–20:30",
            "gps": {"lat": 18.326693, "lon": 105.919011},
        }
        for number in range(1, 6)
    ],
    "recall": {
        "kind": "mandatory",
        "ordered_on": "2026-03-16",
        "ordered_by": "Cơ quan A",
        "decision_no": "0001/QĐ-TH",
        "reason_public": "Nhãn ghi thiếu thông tin dị ứng.",
    },
    "revoked_on": "2026-03-17",
}


def answer(verdict: str = "OK", **changes: Any) -> dict[str, Any]:
    """The full answer under another verdict; a part given as None is absent."""
    changed = {**copy.deepcopy(FULL), "verdict": verdict, **changes}
    return {name: part for name, part in changed.items() if part is not None}


def bare(verdict: str, **changes: Any) -> dict[str, Any]:
    """An answer with nothing beside what is always there."""
    return {"verdict": verdict, "notes": [], "reason": "any", "as_of": AS_OF, **changes}


def read(html: str) -> str:
    """The words of a page in one line, without its marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html)))


def outward(html: str) -> list[dict[str, str | None]]:
    """The links of a page that leave this host, or dial or write."""
    links = Structure(html).all("a")
    return [link for link in links if not re.match(r"/(?!/)|#", str(link["href"]))]


class Structure(HTMLParser):
    """Collects what the tests ask of the marks: tags, attributes, balance."""

    def __init__(self, html: str) -> None:
        """Reads the whole of ``html``."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag and waits for its end, unless it has none."""
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "img", "br", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag that ends in itself, as in SVG."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Every end closes the tag that was opened last."""
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]
